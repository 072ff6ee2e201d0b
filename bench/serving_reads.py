"""What reading from the server costs: answers from the cache, and dashboards while events arrive.

    python -m bench.serving_reads [--events 200000] [--seconds 10]

Two measurements, of one worker of `agentgauge serve` on loopback, asked by this process:

    cached reads   8 connections ask one question again and again; beside it, in the same run, a bare FastAPI
                   application under the same uvicorn that sends the same bytes from a constant
    dashboards     20 connections ask the documented questions in turn, without a pause, while 500 events a second
                   arrive through POST /api/v1/events

Rates and latencies hold for a machine that does nothing else. The processor time that the server took per answer holds
for a busy one too.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.report import fill

READERS = 8
DASHBOARDS = 20
EVENTS_PER_SECOND = 500
BATCH = 100
READS_LIMIT = 1000
READS_P99_MS = 20
DASHBOARDS_P95_MS = 300
METRICS = "/api/v1/metrics"
QUESTIONS = (
    f"{METRICS}/summary",
    f"{METRICS}/aggregate/timeseries",
    f"{METRICS}/aggregate/by-agent/agent-1",
    f"{METRICS}/trends/execution_time",
    f"{METRICS}/percentiles/execution_time",
    f"{METRICS}/outliers/cost",
    f"{METRICS}/recommendations/cost",
    f"{METRICS}/insights/performance",
    f"{METRICS}/alerts",
)


@dataclass
class Asked:
    """What a load of requests came to."""

    seconds: float
    latencies_ms: list[float]
    statuses: dict[int, int] = field(default_factory=dict)
    cpu_us: float = 0
    """Of the server's processes, per answer."""

    @property
    def rate(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1]


class Connection:
    """A kept-alive connection that asks paths in turn, one request at a time."""

    def __init__(self, host: str, port: int, paths: Sequence[str], first: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = [f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode() for path in paths]
        self._next = first
        self._received = b""
        self._sent = 0.0

    def ask(self) -> None:
        self._sent = time.perf_counter()
        self.socket.sendall(self._requests[self._next % len(self._requests)])
        self._next += 1

    def receive(self) -> tuple[float, int] | None:
        """Latency in milliseconds and status once a whole answer is there."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        _, _, rest = head.lower().partition(b"content-length:")
        if len(body) < int(rest.partition(b"\r\n")[0]):
            return None
        self._received = b""
        return (time.perf_counter() - self._sent) * 1000, int(head[9:12])


@dataclass
class Server:
    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Of the process and those that it started."""
        times = [one.cpu_times() for one in (self.process, *self.process.children(recursive=True))]
        return sum(one.user + one.system for one in times)


def load(server: Server, paths: Sequence[str], connections: int, seconds: float) -> Asked:
    """Ask from so many connections, each as soon as it is answered, for so long."""
    address = urllib.parse.urlsplit(server.url)
    cpu = server.cpu_seconds()
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    opened = []
    for n in range(connections):
        connection = Connection(str(address.hostname), address.port or 80, paths, n)
        opened.append(connection)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask()
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(timeout=1):
            answered = key.data.receive()
            if answered is not None:
                latencies.append(answered[0])
                statuses[answered[1]] = statuses.get(answered[1], 0) + 1
                key.data.ask()
    taken = time.perf_counter() - began
    for connection in opened:
        connection.socket.close()
    selector.close()
    return Asked(taken, latencies, statuses, (server.cpu_seconds() - cpu) / len(latencies) * 1e6)


@contextmanager
def process(*command: str) -> Iterator[Server]:
    """A server, from when it says where it is."""
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if "http://" in line:
                yield Server(line[line.index("http://") :].split()[0].rstrip(".,/"), psutil.Process(server.pid))
                return
        raise RuntimeError(f"the server ended with {server.wait()}")
    finally:
        server.terminate()
        server.wait()


def bare(body_file: str) -> None:
    """What the comparison runs: the same bytes, from a constant."""
    import uvicorn
    from fastapi import FastAPI, Response

    body = Path(body_file).read_bytes()
    app = FastAPI()

    @app.get(f"{METRICS}/summary")
    async def summary() -> Response:
        return Response(body, media_type="application/json")

    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])


@contextmanager
def steadily(send: Callable[[], None], per_second: float) -> Iterator[list[float]]:
    """Call `send` so often until the block ends; what each call took, in milliseconds."""
    stopped, taken = threading.Event(), list[float]()

    def run() -> None:
        due = time.perf_counter()
        while not stopped.wait(max(due - time.perf_counter(), 0)):
            due += 1 / per_second
            began = time.perf_counter()
            send()
            taken.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield taken
    finally:
        stopped.set()
        thread.join()


def sender(url: str) -> Callable[[], None]:
    def send() -> None:
        now = datetime.now(UTC).isoformat()
        call = {
            "kind": "llm_call",
            "model": "gpt-5-mini",
            "provider": "openai",
            "time": now,
            "agent": "agent-1",
            "project": "bench",
        }
        task = {
            "kind": "task",
            "name": "turn",
            "time": now,
            "agent": "agent-1",
            "project": "bench",
            "outcome": "success",
        }
        events = [task | {"duration_ms": n} if n % 10 == 0 else call | {"input_tokens": n} for n in range(BATCH)]
        request = urllib.request.Request(
            f"{url}/api/v1/events", json.dumps({"events": events}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            answer.read()

    return send


def there(url: str, paths: Sequence[str]) -> list[str]:
    """Those that are answered, each asked once."""
    found = []
    for path in paths:
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(url + path) as answer:
                size = len(answer.read())
        except urllib.error.HTTPError as error:
            print(f"    {path}: {error.code}")
            continue
        print(f"    {path}: {size:,} bytes, first answer in {(time.perf_counter() - began) * 1000:.0f} ms")
        found.append(path)
    return found


def report(name: str, asked: Asked) -> None:
    print(
        f"{name:34} {asked.rate:8,.0f}/s   p50 {asked.percentile(50):6.1f}   p95 {asked.percentile(95):6.1f}   "
        f"p99 {asked.percentile(99):6.1f}   largest {max(asked.latencies_ms):6.1f} ms   "
        f"{asked.cpu_us:5.0f} us of processor time   {asked.statuses}"
    )


def main(events: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="agentgauge-bench-") as scratch:
        home, body_file = Path(scratch) / "home", Path(scratch) / "body"
        fill(home, events)
        with process(sys.executable, "-m", "agentgauge", "serve", "--home", str(home), "--port", "0") as server:
            print(f"{events:,} events; each question asked once")
            questions = there(server.url, QUESTIONS)
            one = questions[:1]
            with urllib.request.urlopen(server.url + one[0]) as answer:
                body_file.write_bytes(answer.read())
            load(server, one, READERS, 1)
            cached = load(server, one, READERS, seconds)
            with process(sys.executable, "-m", "bench.serving_reads", "--bare", str(body_file)) as bare_server:
                load(bare_server, one, READERS, 1)
                plain = load(bare_server, one, READERS, seconds)
            several = load(server, questions, READERS, seconds)
            with steadily(sender(server.url), EVENTS_PER_SECOND / BATCH) as acknowledged:
                dashboards = load(server, questions, DASHBOARDS, max(seconds, 20))
    report("cached reads, one question", cached)
    report("bare FastAPI, the same bytes", plain)
    report("cached reads, all questions", several)
    report(f"{DASHBOARDS} dashboards and ingest", dashboards)
    print(
        f"acknowledged {BATCH} events: median {statistics.median(acknowledged):.1f}, largest {max(acknowledged):.1f} ms"
    )
    rate, cpu = cached.rate / plain.rate, cached.cpu_us / plain.cpu_us
    print(f"beside bare FastAPI: {rate:.2f} of its rate, {cpu:.1f} times its processor time")
    fast = cached.rate >= READS_LIMIT and cached.percentile(99) < READS_P99_MS
    print(f"{'within' if fast else 'MISSED'}: at least {READS_LIMIT:,}/s with p99 under {READS_P99_MS} ms")
    steady = dashboards.percentile(95) < DASHBOARDS_P95_MS
    print(f"{'within' if steady else 'MISSED'}: dashboards' p95 under {DASHBOARDS_P95_MS} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bare", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        bare(given.bare)
    else:
        main(given.events, given.seconds)
