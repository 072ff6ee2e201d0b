"""What a server takes over the network, durable when it answers, beside the least that could be called that.

    python -m bench.ingest [SECONDS] [ROUNDS]

    agentgauge   `agentgauge serve`: POST /api/v1/events, NDJSON, each event checked and encoded, group commit
    bare         a Starlette endpoint that reads the body, appends it to a file, calls fdatasync and answers; requests
                 one after the other, since two syncs of one file wait for each other

Each server is a process of its own on one core (uvicorn with uvloop and httptools), the senders are on another. In each
round both are measured, one after the other; figures are medians over rounds.

    batches   4 connections send 1,000 events of 300 bytes at a time: events per second, and the server's CPU time for
              an event
    small     50 connections send 5 events at a time: the time from sending to the answer

    commits   in this process, without HTTP: 50 tasks append 5 lines and wait for the disk, sharing syncs as the server
              does, or each with a sync of its own

agentgauge lands the journal meanwhile, on the same core, so its figures have that in them. What a sync costs by itself
on this disk is printed too: group commit gains where that is long.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

_EVENT = {
    "kind": "llm_call", "time": "2026-11-21T10:15:02.250Z", "project": "shop", "agent": "coder", "run": "run-000017",
    "model": "claude-sonnet-4-5", "provider": "anthropic", "input_tokens": 12345, "output_tokens": 678,
    "duration_ms": 2345.678, "outcome": "success", "cost_usd": "0.047205",
}  # fmt: skip
_TICKS = os.sysconf("SC_CLK_TCK")


def batch(events: int) -> bytes:
    lines = [json.dumps(_EVENT | {"name": f"chat {number:06}"}, separators=(",", ":")) for number in range(events)]
    return "\n".join(lines).encode()


def bare(folder: str) -> None:
    """Serve the bare endpoint, printing its address."""
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    descriptor = os.open(Path(folder) / "bodies", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    alone = asyncio.Lock()

    def keep(body: bytes) -> None:
        os.write(descriptor, body)
        os.fdatasync(descriptor)

    async def events(request: Request) -> JSONResponse:
        body = await request.body()
        async with alone:
            await run_in_threadpool(keep, body)
        return JSONResponse({"accepted": body.count(b"\n") + 1})

    app = Starlette(routes=[Route("/api/v1/events", events, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, http="httptools", loop="uvloop")
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def serving(name: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a server on the first core."""
    program = {
        "agentgauge": ["-c", "from agentgauge.cli import main; main()", "serve", "--port", "0", "--no-jobs", "--home"],
        "bare": ["-m", "bench.ingest", "bare"],
    }[name]
    core = min(os.sched_getaffinity(0))
    process = subprocess.Popen(
        [sys.executable, *program, str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0], process.pid
                return
        raise RuntimeError(f"{name} ended with {process.wait()}")
    finally:
        process.terminate()
        process.wait()


async def sender(url: str, request: bytes, until: float, times: list[float]) -> None:
    host, port = urlsplit(url).netloc.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    while (begun := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None, head
        body = await reader.readexactly(int(length[1]))
        assert b'"rejected":[]' in body or b"rejected" not in body, body
        times.append(time.perf_counter() - begun)
    writer.close()


def load(url: str, events: int, connections: int, seconds: float) -> tuple[float, list[float]]:
    """Events per second, and seconds of each request."""
    body = batch(events)
    head = (
        f"POST /api/v1/events HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: application/x-ndjson\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    times: list[float] = []

    async def all_senders() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(sender(url, head.encode() + body, until, times) for _ in range(connections)))

    begun = time.perf_counter()
    asyncio.run(all_senders())
    return len(times) * events / (time.perf_counter() - begun), times


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def sync_ms(folder: Path) -> float:
    """Median of writing 2 kB and syncing it."""
    descriptor = os.open(folder / "sync", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        os.write(descriptor, b"x" * 2048)
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - begun)
    os.close(descriptor)
    return statistics.median(times) * 1000


def commits(folder: Path, seconds: float, *, shared: bool) -> list[float]:
    """Seconds that each of 50 tasks waited for its lines to be on the disk."""
    from agentgauge.journal.layout import frame
    from agentgauge.journal.receiving import ReceivingJournal
    from agentgauge.service.ingest.group_commit import GroupCommit

    journal = ReceivingJournal.open(folder, flush_ms=60_000)
    group = GroupCommit(lambda: int(journal.flush()))
    lines = b"".join(frame(line[:-1]) for line in batch(5).split(b"\n"))
    times: list[float] = []

    async def one(until: float) -> None:
        while (begun := time.perf_counter()) < until:
            journal.append_lines(lines, 5)
            await (asyncio.wrap_future(group.synced()) if shared else asyncio.to_thread(journal.flush))
            times.append(time.perf_counter() - begun)

    async def everyone() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(one(until) for _ in range(50)))

    asyncio.run(everyone())
    group.close()
    journal.flush()
    return sorted(times)


def main(seconds: float = 5, rounds: int = 3) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}) if len(os.sched_getaffinity(0)) > 1 else None
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="agentgauge-bench-", dir=os.environ.get("BENCH_DIRECTORY")) as scratch:
        print(f"a sync of 2 kB: {sync_ms(Path(scratch)):.2f} ms")
        for shared in (True, False):
            times = commits(Path(scratch) / f"commits-{shared}", seconds, shared=shared)
            middle, late = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
            kind = "shared syncs" if shared else "a sync each"
            print(f"commits, {kind}: {len(times) / seconds:,.0f}/s, p50 {middle:.1f} ms, p99 {late:.1f} ms")
        for number in range(rounds):
            for name in ("agentgauge", "bare"):
                folder = Path(scratch) / f"{name}-{number}"
                folder.mkdir()
                with serving(name, folder) as (url, pid):
                    load(url, 5, 4, 1)
                    small_cpu = cpu_seconds(pid)
                    _, small = load(url, 5, 50, seconds)
                    small_cpu = (cpu_seconds(pid) - small_cpu) / len(small)
                    cpu = cpu_seconds(pid)
                    rate, times = load(url, 1000, 4, seconds)
                    cpu = (cpu_seconds(pid) - cpu) / (len(times) * 1000)
                small.sort()
                for figure, value in (
                    ("events/s in batches", rate),
                    ("CPU us per event", cpu * 1e6),
                    ("small requests/s", len(small) / seconds),
                    ("CPU us per small request", small_cpu * 1e6),
                    ("small p50 ms", small[len(small) // 2] * 1000),
                    ("small p99 ms", small[int(len(small) * 0.99)] * 1000),
                ):
                    figures.setdefault(figure, {}).setdefault(name, []).append(value)
    print(f"{'':26}{'agentgauge':>12}{'bare':>12}{'ratio':>8}")
    for figure, by_name in figures.items():
        ours, least = (statistics.median(by_name[name]) for name in ("agentgauge", "bare"))
        print(f"{figure:26}{ours:12,.1f}{least:12,.1f}{ours / least:8.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare(sys.argv[2])
    else:
        main(*(kind(text) for kind, text in zip((float, int), sys.argv[1:], strict=False)))
