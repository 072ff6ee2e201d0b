"""OTLP through the real server: spans a second until a question to it counts them all, beside parsing them alone.

    python -m bench.otlp [SPANS] [PER_REQUEST]

The server runs on one core, with its landing, and the client on the others; what it acknowledges is on the disk. Bare
is what any receiver has to do: parse the same requests and read every attribute, in this process on that core. Rates
are per second of CPU time, so that a busy machine neither hides work nor adds any; wall time is told beside it.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import psutil
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.otlp_spans import requests

Batch = tuple[bytes, int]
_HEADERS = {"Content-Type": "application/x-protobuf"}
_SUMMARY = "/api/v1/metrics/summary"
_ROUNDS = 3
_WARMING = 1024


def walk(body: bytes) -> int:
    """Parse, and read what a receiver has to read."""
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    tasks = 0
    for group in request.resource_spans:
        for scoped in group.scope_spans:
            for span in scoped.spans:
                found = {}
                for attribute in span.attributes:
                    value = attribute.value
                    found[attribute.key] = getattr(value, value.WhichOneof("value"))
                _ = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name, span.status.code)
                _ = (span.start_time_unix_nano, span.end_time_unix_nano)
                tasks += found.get("gen_ai.operation.name") == "invoke_agent"
    return tasks


def bare(batches: Sequence[Batch]) -> tuple[float, int]:
    """Seconds of CPU, the best of some rounds, and how many agents were invoked."""
    best, tasks = float("inf"), 0
    for _ in range(_ROUNDS):
        start = time.process_time()
        tasks = sum(walk(body) for body, _ in batches)
        best = min(best, time.process_time() - start)
    return best, tasks


def send(connection: http.client.HTTPConnection, batches: Sequence[Batch]) -> None:
    for body, _ in batches:
        connection.request("POST", "/v1/traces", body, _HEADERS)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200 or said:
            raise RuntimeError(f"{answer.status}: {said!r}")


def counted(connection: http.client.HTTPConnection) -> int:
    """Tasks of the last day that the server knows of."""
    connection.request("GET", _SUMMARY)
    return int(json.loads(connection.getresponse().read())["data"]["last_24h"]["total_operations"])


def cpu_seconds(server: psutil.Process) -> float:
    """Of the server and of what it has started."""
    total = 0.0
    for process in (server, *server.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def measure(batches: Sequence[Batch], tasks: int, core: int) -> float:
    """Seconds of CPU that the server took."""
    spans = sum(number for _, number in batches)
    with tempfile.TemporaryDirectory(prefix="agentgauge-bench-") as home:
        command = [sys.executable, "-m", "agentgauge", "serve", "--home", home, "--port", "0", "--no-jobs"]
        served = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        try:
            assert served.stdout is not None
            line = next((line for line in served.stdout if "http://" in line), "")
            if not line:
                raise RuntimeError(f"the server did not start: {' '.join(command)}")
            url = urlsplit(line[line.index("http://") :].split()[0].rstrip(".,/"))
            assert url.hostname is not None
            connection = http.client.HTTPConnection(url.hostname, url.port)
            send(connection, list(requests(_WARMING, 512, seed=1)))  # imports what the first request needs
            before = counted(connection)
            process = psutil.Process(served.pid)
            begun, used = time.perf_counter(), cpu_seconds(process)
            send(connection, batches)
            accepted = time.perf_counter()
            while (known := counted(connection) - before) < tasks:
                time.sleep(0.1)
            wall, used = time.perf_counter() - begun, cpu_seconds(process) - used
            if known != tasks:
                raise RuntimeError(f"{known} tasks counted, {tasks} sent")
        finally:
            served.send_signal(signal.SIGTERM)
            served.communicate()
    print(f"accepted and durable    {spans / (accepted - begun):>9,.0f} spans/s of wall time")
    print(f"counted by a question   {spans / wall:>9,.0f} spans/s of wall time")
    print(f"counted by a question   {spans / used:>9,.0f} spans/s of CPU time, {used / spans * 1e6:.1f} us each")
    return used


def main(spans: int = 200_000, per_request: int = 512) -> None:
    cores = sorted(os.sched_getaffinity(0))
    core, others = cores[0], set(cores[1:]) or {cores[0]}
    batches = list(requests(spans, per_request))
    size = sum(len(body) for body, _ in batches) / spans
    print(f"{spans:,} spans of {size:.0f} bytes, {per_request} to a request")
    os.sched_setaffinity(0, {core})
    alone, tasks = bare(batches)
    print(f"bare: parsed and read   {spans / alone:>9,.0f} spans/s of CPU time, {alone / spans * 1e6:.1f} us each")
    os.sched_setaffinity(0, others)
    used = measure(batches, tasks, core)
    print(f"ratio to bare: {used / alone:.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
