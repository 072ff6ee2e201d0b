"""What recording one model call costs the thread that does it, and the process, beside the alternatives.

    python bench/record.py [EVENTS] [ROUNDS]

    gauge.llm_call    12 fields, five of them from the scope, into a journal on the disk of the temporary directory
    otel              an OpenTelemetry SDK span with the same 12 attributes, BatchSpanProcessor, OTLP over HTTP to a
                      local sink
    encode + write    the same line encoded by msgspec and handed to the kernel with one os.write: about the least
                      that recording durably can cost

Each case runs in a fresh process, the cases in turn within a round; figures are medians over rounds. `median` is the
median time of one call in the calling thread; `cpu` is the CPU time of the whole process, all threads, until
everything is delivered or on disk, per event. Disabled recording is compared with a method that does nothing and has
the same signature. OpenTelemetry is left out where it is not installed.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCOPE = {"run": "run-000017", "agent": "coding-agent", "role": "coding", "operation": "chat", "ticket": "PROJ-351"}
CALL = {
    "model": "claude-sonnet-4-5",
    "provider": "anthropic",
    "input_tokens": 12_345,
    "output_tokens": 678,
    "cost_usd": 0.047205,
    "duration_ms": 2345.678,
    "success": True,
}
IMPORTS = {
    "import agentgauge": "import agentgauge",
    "import msgspec": "import msgspec",
    "import nothing": "pass",
}

Work = tuple[Callable[[], object], Callable[[], object], Callable[[], object]]
"""Record one event; wait until all are where they are going; end."""


def gauge(directory: Path, events: int) -> Work:
    import agentgauge

    gauge = agentgauge.open(directory)
    gauge.scope(**SCOPE).__enter__()
    record = gauge.llm_call
    return lambda: record(
        "claude-sonnet-4-5",
        "anthropic",
        12_345,
        678,
        duration_ms=2345.678,
        success=True,
        cost_usd=0.047205,
    ), gauge.flush, gauge.close  # fmt: skip


def gauge_scope_per_call(directory: Path, events: int) -> Work:
    import agentgauge

    gauge = agentgauge.open(directory)
    return lambda: gauge.llm_call(**CALL, **SCOPE), gauge.flush, gauge.close


def encode_and_write(directory: Path, events: int) -> Work:
    import msgspec

    names = ["v", *SCOPE, "s", "n", "time", "kind", *CALL, "cost_source"]
    Line = msgspec.defstruct("Line", names, gc=False)  # noqa: N806
    encode = msgspec.json.Encoder().encode
    descriptor = os.open(directory / "lines", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    run, agent, role, operation, ticket = SCOPE.values()
    model, provider, tokens_in, tokens_out, _, duration, _ = CALL.values()

    def record() -> None:
        line = Line(
            1, run, agent, role, operation, ticket, "1e17add477ee-000000", 12, time.time_ns() // 1000, "llm_call",
            model, provider, tokens_in, tokens_out, "0.047205", duration, "success", "reported",
        )  # fmt: skip
        os.write(descriptor, encode(line) + b"\n")

    return record, lambda: os.fdatasync(descriptor), lambda: os.close(descriptor)


def otel(directory: Path, events: int) -> Work:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    port = int(os.environ["BENCH_SINK_PORT"])
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=2 * events))  # so that nothing is dropped
    tracer = provider.get_tracer("bench")
    attributes: dict[str, Any] = {**SCOPE, **CALL}

    def record() -> None:
        tracer.start_span("chat", attributes=dict(attributes)).end()

    return record, lambda: provider.force_flush(600_000), provider.shutdown


CASES = {
    "gauge.llm_call": gauge,
    "gauge.llm_call, scope by keyword": gauge_scope_per_call,
    "encode + write": encode_and_write,
    "otel": otel,
}


class NoOp:
    """A method of `Gauge.llm_call`'s signature, given to it below, that does nothing."""


def measure(case: str, events: int) -> dict[str, float]:
    """Microseconds of one case, in this process."""
    with tempfile.TemporaryDirectory() as directory:
        record, drain, end = CASES[case](Path(directory), events)
        for _ in range(500):
            record()
        drain()
        took = array("q", bytes(8 * events))
        now = time.perf_counter_ns
        gc.collect()
        cpu = time.process_time_ns()
        for i in range(events):
            start = now()
            record()
            took[i] = now() - start
        drain()
        cpu = time.process_time_ns() - cpu
        end()
    return {"median": statistics.median(took) / 1000, "cpu": cpu / events / 1000}


def measure_disabled(events: int) -> dict[str, float]:
    """Nanoseconds of a disabled gauge's call and of a no-op's, loop included."""
    import inspect

    import agentgauge
    from agentgauge.recorder import DisabledGauge

    source = inspect.signature(agentgauge.Gauge.llm_call)
    names = ", ".join(
        f"{'*, ' if name == first_keyword(source) else ''}{name}{'' if p.default is p.empty else f'={p.default!r}'}"
        for name, p in source.parameters.items()
        if p.kind is not p.VAR_KEYWORD
    )
    space: dict[str, Any] = {}
    exec(f"def llm_call({names}, **scope): return None", space)  # noqa: S102 - the signature being measured
    NoOp.llm_call = space["llm_call"]  # type: ignore[attr-defined]
    rounds: dict[str, list[float]] = {"disabled": [], "no-op": []}
    gauges: dict[str, Any] = {"disabled": DisabledGauge(), "no-op": NoOp()}
    for _ in range(9):
        for name, target in gauges.items():
            start = time.thread_time_ns()
            for _ in range(events):
                target.llm_call(
                    "m",
                    "p",
                    1,
                    2,
                    duration_ms=3.5,
                    success=True,
                    cost_usd=0.1,
                    run="r",
                    agent="a",
                    role="c",
                    ticket="t",
                )
            rounds[name].append((time.thread_time_ns() - start) / events)
    return {name: min(times) for name, times in rounds.items()}


def first_keyword(signature: Any) -> str:
    return next(name for name, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY)


def import_ms(program: str) -> float:
    code = f"import time; start = time.perf_counter(); {program}; print((time.perf_counter() - start) * 1000)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def sink(port_ready: Callable[[int], object]) -> None:
    """Answers 200 to every POST, on a port of the system's choice, until the process ends."""
    server = socket.create_server(("127.0.0.1", 0), backlog=16)
    port_ready(server.getsockname()[1])
    while True:
        connection, _ = server.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rwb") as stream:
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = stream.readline()
            stream.read(length)
            stream.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n")
            stream.flush()


def has_otel() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # a package that it would be in
        return False


def own_output(*arguments: str) -> Any:
    """What this script prints when it is started with some arguments, in a process of its own."""
    run = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def main(events: int, rounds: int) -> None:
    cases = list(CASES)
    server = subprocess.Popen([sys.executable, __file__, "sink"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        os.environ["BENCH_SINK_PORT"] = server.stdout.readline().strip()
        if not has_otel():
            print("OpenTelemetry's SDK or exporter is not installed: its case is left out (install the bench group)")
            cases.remove("otel")
        results: dict[str, list[dict[str, float]]] = {case: [] for case in cases}
        imports: dict[str, list[float]] = {name: [] for name in IMPORTS}
        for _ in range(rounds):
            for case in cases:
                results[case].append(own_output("case", case, str(events // 4 if case == "otel" else events)))
            for name, program in IMPORTS.items():
                imports[name].append(import_ms(program))
        disabled = own_output("disabled", str(events))
    finally:
        server.terminate()
        server.wait()
    figures = {
        case: {unit: statistics.median(result[unit] for result in found) for unit in ("median", "cpu")}
        for case, found in results.items()
    }
    print(f"{'':34}{'median us':>10}{'cpu us':>10}")
    for case, figure in figures.items():
        print(f"{case:34}{figure['median']:10.2f}{figure['cpu']:10.2f}")
    ours = figures["gauge.llm_call"]
    ratios = {"of encode + write, median": ours["median"] / figures["encode + write"]["median"]}
    if "otel" in figures:
        ratios["otel, median: one"] = figures["otel"]["median"] / ours["median"]
        ratios["otel, cpu: one"] = figures["otel"]["cpu"] / ours["cpu"]
    ratios["disabled of no-op"] = disabled["disabled"] / disabled["no-op"]
    limits = {
        "of encode + write, median": "at most 2.5",
        "otel, median: one": "at least 8",
        "otel, cpu: one": "at least 20",
        "disabled of no-op": "at most 1.5",
    }
    for name, ratio in ratios.items():
        print(f"{name:34}{ratio:10.2f}   {limits[name]}")
    for name, times in imports.items():
        print(f"{name:34}{statistics.median(times):10.1f} ms")
    print(json.dumps({"figures": figures, "ratios": ratios, "imports_ms": imports, "disabled_ns": disabled}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["case", case_name, count]:
            print(json.dumps(measure(case_name, int(count))))
        case ["disabled", count]:
            print(json.dumps(measure_disabled(int(count))))
        case ["sink"]:
            sink(lambda port: print(port, flush=True))
        case arguments:
            numbers = [int(text) for text in arguments]
            main(*(numbers + [40_000, 5][len(numbers) :]))
