"""What shipping costs, and what it adds to recording.

    python -m bench.forwarding [EVENTS] [ROUNDS]

    ship      a home with EVENTS that nobody has sent is shipped by one pass, on one core, to `agentgauge serve` on
              the other. Events per second, and CPU time for an event: of the forwarder alone, and of the server
    bare      the same bytes in the same ranges, uncompressed, PUT by urllib3 to a server that reads and forgets them:
              the least that sending them over HTTP costs

    record    a program records 1,000 events a second, and as fast as it can: the time of a call in its thread, with and
              without AGENTGAUGE_ENDPOINT, in turn. It has the first core, forwarder included, the server the last

Cases take turns within a round; figures are medians over rounds, ratios those of the medians.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0))
_SERVER = ["-c", "from agentgauge.cli import main; main()", "serve", "--port", "0", "--no-jobs", "--home"]


def record(home: Path, events: int, per_second: int) -> dict[str, float]:
    """Microseconds of recording in this process."""
    import agentgauge

    gauge = agentgauge.open(home, run="run-000017", agent="coding-agent", role="coding", ticket="PROJ-351")
    took, now = array("q", bytes(8 * events)), time.perf_counter_ns
    cpu, begun = time.process_time_ns(), now()
    for number in range(events):
        if per_second:
            due = begun + number * 1_000_000_000 // per_second
            time.sleep(max(0, due - now()) / 1e9)
        start = now()
        gauge.llm_call("claude-sonnet-4-5", "anthropic", 12_345, 678, duration_ms=2345.678, cost_usd=0.047205)
        took[number] = now() - start
    spent = time.process_time_ns() - cpu
    gauge.close()
    ordered = sorted(took)
    return {
        "p50": ordered[events // 2] / 1000,
        "p99": ordered[events * 99 // 100] / 1000,
        "mean": sum(ordered) / events / 1000,
        "cpu": spent / events / 1000,
    }


def ship(home: Path, url: str) -> dict[str, float]:
    """One pass of the forwarder in this process."""
    from agentgauge.forwarding.shipper import Shipper

    shipper = Shipper(home, url)
    cpu, begun = time.process_time(), time.perf_counter()
    outcome = shipper.ship()
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    assert not outcome.reason, outcome.reason
    return {"events": outcome.events, "per_second": outcome.events / took, "cpu": spent / outcome.events * 1e6}


def bare(home: Path, url: str) -> dict[str, float]:
    """The same bytes, without compression or any bookkeeping."""
    import urllib3

    from agentgauge.forwarding.outgoing import RANGE_BYTES

    manager, lines = urllib3.PoolManager(), 0
    cpu, begun = time.process_time(), time.perf_counter()
    for path in sorted((home / "journal").glob("*.seg")):
        data = path.read_bytes()
        for at in range(0, len(data), RANGE_BYTES):
            piece = data[at : at + RANGE_BYTES]
            manager.request("PUT", url, body=piece)
            lines += piece.count(b"\n")
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    return {"events": lines, "per_second": lines / took, "cpu": spent / lines * 1e6}


def in_process(core: int, *arguments: str, environment: dict[str, str] | None = None) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.forwarding", *arguments],
        env=os.environ | (environment or {}), stdout=subprocess.PIPE, check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a server on the last core."""
    process = subprocess.Popen(
        [sys.executable, *_SERVER, str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {_CORES[-1]}),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0], process.pid
                return
        raise RuntimeError(f"the server ended with {process.wait()}")
    finally:
        process.terminate()
        process.wait()


class _Forgetful(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


def measure_shipping(scratch: Path, events: int, figures: dict[str, list[float]]) -> None:
    from agentgauge.forwarding.spool import ship_to

    home = scratch / "spool"
    ship_to(home, "http://127.0.0.1:9")
    record(home, events, 0)
    forgetful = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Forgetful)
    threading.Thread(target=forgetful.serve_forever, daemon=True).start()
    found = in_process(_CORES[0], "bare", str(home), f"http://127.0.0.1:{forgetful.server_address[1]}/")
    forgetful.shutdown()
    figures.setdefault("bare per_second", []).append(found["per_second"])
    figures.setdefault("bare cpu", []).append(found["cpu"])
    with serving(scratch / "server") as (url, pid):
        ship_to(home, url)
        before = cpu_seconds(pid)
        found = in_process(_CORES[0], "ship", str(home), url)
        server = (cpu_seconds(pid) - before) / events * 1e6
    assert found["events"] == events, found
    figures.setdefault("ship per_second", []).append(found["per_second"])
    figures.setdefault("ship cpu", []).append(found["cpu"])
    figures.setdefault("server cpu", []).append(server)


def measure_recording(scratch: Path, events: int, figures: dict[str, list[float]]) -> None:
    with serving(scratch / "second") as (url, _):
        for per_second, count in ((1000, events // 20), (0, events)):
            for name, environment in (("alone", {}), ("shipping", {"AGENTGAUGE_ENDPOINT": url})):
                home = scratch / f"{name}-{per_second}"
                found = in_process(_CORES[0], "record", str(home), str(count), str(per_second), environment=environment)
                for figure, value in found.items():
                    figures.setdefault(f"{name} {per_second} {figure}", []).append(value)


def main(events: int = 200_000, rounds: int = 3) -> None:
    figures: dict[str, list[float]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="agentgauge-bench-", dir=os.environ.get("BENCH_DIRECTORY")) as scratch:
            measure_shipping(Path(scratch), events, figures)
            measure_recording(Path(scratch), events, figures)
    middle = {name: statistics.median(values) for name, values in figures.items()}
    print(f"{events:,} events, {rounds} rounds, {len(_CORES)} cores")
    print(f"ship   {middle['ship per_second']:9,.0f} events/s   {middle['ship cpu']:6.2f} us of CPU for an event")
    print(f"       {'':18}   {middle['server cpu']:6.2f} us of the server's")
    print(f"bare   {middle['bare per_second']:9,.0f} events/s   {middle['bare cpu']:6.2f} us of CPU for an event")
    on_one_core = 1e6 / middle["ship cpu"]
    print(f"one core of the forwarder's carries {on_one_core:,.0f} events/s: {on_one_core / 20_000:.1f} x the limit")
    for per_second in (1000, 0):
        print(f"record, {f'{per_second:,} events/s' if per_second else 'as fast as it can'}")
        for figure in ("p50", "p99", "mean", "cpu"):
            alone, shipping = middle[f"alone {per_second} {figure}"], middle[f"shipping {per_second} {figure}"]
            print(f"   {figure:5} alone {alone:8.2f} us   shipping {shipping:8.2f} us   ratio {shipping / alone:.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["record", home, count, per_second]:
            print(json.dumps(record(Path(home), int(count), int(per_second))))
        case ["ship", home, url]:
            print(json.dumps(ship(Path(home), url)))
        case ["bare", home, url]:
            print(json.dumps(bare(Path(home), url)))
        case numbers:
            main(*map(int, numbers))
