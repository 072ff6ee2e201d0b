"""How soon a page is there in a browser that has never been there, what it loads, and what viewers cost the server.

    python -m bench.dashboard [--events 300000] [--rounds 3] [--viewers 20] [--home DIR] [--only /costs]

A home of 30 days of work, compacted, is served by `agentgauge serve`. Per page, medians over rounds:

    server      processor and wall time of the first answer, which nothing has asked for, and wall time of the next ones
    browser     first contentful paint, and all charts drawn, of a Chromium with a new profile: where the server has
                the page at hand, and in brackets where it makes it first
    bytes       over the wire in that Chromium, and when it comes again

Then so many viewers keep the overview open and ask for it again whenever `/live` says that something changed, while
events arrive: what part of a processor the server takes.

Needs Chromium (Debian: chromium) and the packages of the tests.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

from agentgauge.dashboard.pages import PAGES
from agentgauge.meter import Meter
from agentgauge.settings import get_settings
from tests.dashboard.addresses import address_of
from tests.dashboard.browsing import browser
from tests.dashboard.recorded_home import recorded_home
from tests.servers.serving import Served, served

PAINT_LIMIT_MS, COMPLETE_LIMIT_MS = 500, 1200
COLD_LIMIT_KB, WARM_LIMIT_KB = 400, 30
DAYS = 30
_EVENTS_PER_TASK = 6.1
_WORKING = 0.8
"""A day's work beside that of a working day, in the mean."""
_LOAD_SECONDS = 20.0
_WATCH = """
globalThis.painted = globalThis.complete = null;
const look = () => {
  globalThis.painted ??= performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null;
  const drawn = [...document.querySelectorAll('figure[data-chart] .canvas')].every((it) => it.querySelector('svg'));
  const isWhole = document.querySelector('[data-page]:not([data-unfinished])') !== null;
  const isDone = document.readyState === 'complete' && isWhole && drawn && globalThis.painted !== null;
  if (isDone) globalThis.complete = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@dataclass
class Visit:
    painted_ms: float
    complete_ms: float
    cold_kb: float
    warm_kb: float


@dataclass
class Answered:
    first_ms: float
    first_cpu_ms: float
    again_ms: float


def made(folder: Path, events: int) -> Path:
    per_day = round(events / _EVENTS_PER_TASK / DAYS / _WORKING)
    home = recorded_home(folder / "home", days=DAYS, per_day=per_day)
    Meter(get_settings(home)).lake.compact()
    return home


@contextmanager
def fresh_server(home: Path) -> Iterator[Served]:
    """One that has its first snapshot, and has made no page."""
    with (Path(tempfile.gettempdir()) / "agentgauge-bench-server.log").open("w") as log:
        with served(home, "--no-jobs", errors=log) as server:
            get(f"{server.url}/api/v1/metrics/summary")
            yield server


def get(url: str, tag: str | None = None) -> tuple[float, bytes]:
    """Milliseconds, and the body."""
    headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": tag} if tag else {})
    began = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        body = answer.read()
    return (time.perf_counter() - began) * 1000, body


def cpu_seconds(server: Served) -> float:
    process = psutil.Process(server.process.pid)
    return float(sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True))))


def answered(server: Served, address: str) -> Answered:
    before = cpu_seconds(server)
    first, _ = get(server.url + address)
    took = cpu_seconds(server) - before
    return Answered(first, took * 1000, statistics.median(get(server.url + address)[0] for _ in range(5)))


def visited(server: Served, address: str) -> Visit:
    """A browser of its own: what it takes to see the page, and to come again."""
    with browser() as chromium:
        page = chromium.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        page.add_init_script(_WATCH)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        loaded: list[float] = []
        session.on("Network.loadingFinished", lambda said: loaded.append(said["encodedDataLength"]))
        page.goto(server.url + address)
        page.wait_for_function("() => globalThis.complete !== null", timeout=60_000)
        painted, complete = page.evaluate("() => [globalThis.painted, globalThis.complete]")
        cold = sum(loaded)
        loaded.clear()
        page.goto(server.url + address)
        page.wait_for_function("() => globalThis.complete !== null", timeout=60_000)
        return Visit(painted, complete, cold / 1000, sum(loaded) / 1000)


class Viewer(threading.Thread):
    """Has a page open: listens, and asks for it again when something changed."""

    def __init__(self, url: str, until: float) -> None:
        super().__init__(daemon=True)
        self._url, self._until = url, until
        self.latencies_ms: list[float] = []

    def run(self) -> None:
        with suppress(OSError, HTTPException):  # the server ends before its viewers leave
            self._view()

    def _view(self) -> None:
        get(f"{self._url}/")
        with urllib.request.urlopen(f"{self._url}/live", timeout=30) as stream:
            for line in stream:
                if line.startswith(b"event: changed"):
                    self.latencies_ms.append(get(f"{self._url}/")[0])
                if time.monotonic() > self._until:
                    return


def record(url: str, until: float) -> int:
    """Send an event each tenth of a second; how many there were."""
    sent = 0
    while time.monotonic() < until:
        event = {"kind": "llm_call", "model": "gpt-5", "provider": "openai", "agent": "coder", "input_tokens": 10}
        body = json.dumps({"events": [event]}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/events", body, headers), timeout=30).close()
        sent += 1
        time.sleep(0.1)
    return sent


def watched(home: Path, viewers: int) -> str:
    with fresh_server(home) as server:
        get(f"{server.url}/")
        until = time.monotonic() + _LOAD_SECONDS
        open_pages = [Viewer(server.url, until) for _ in range(viewers)]
        for viewer in open_pages:
            viewer.start()
        before = cpu_seconds(server)
        sent = record(server.url, until)
        used = (cpu_seconds(server) - before) / _LOAD_SECONDS
        latencies = sorted(latency for viewer in open_pages for latency in list(viewer.latencies_ms))
    said = f"{viewers} viewers of the overview, {sent} events in {_LOAD_SECONDS:.0f} s: {used:.0%} of a processor"
    if not latencies:
        return f"{said}; nobody was told of a change"
    return (
        f"{said}, {len(latencies)} pages asked for again, median {statistics.median(latencies):.0f} ms,"
        f" slowest {latencies[-1]:.0f} ms"
    )


def median(values: list[Any], field: str) -> float:
    return statistics.median(getattr(value, field) for value in values)


def line(address: str, asked: list[Answered], making: list[Visit], ready: list[Visit]) -> str:
    return (
        f"{address:<34}{median(asked, 'first_cpu_ms'):>8.0f}{median(asked, 'first_ms'):>8.0f}"
        f"{median(asked, 'again_ms'):>8.1f}"
        f"{median(ready, 'painted_ms'):>8.0f} ({median(making, 'painted_ms'):>4.0f})"
        f"{median(ready, 'complete_ms'):>8.0f} ({median(making, 'complete_ms'):>4.0f})"
        f"{median(ready, 'cold_kb'):>8.0f}{median(ready, 'warm_kb'):>8.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--home", type=Path, help="One that is there, instead of a new one.")
    parser.add_argument("--only", nargs="*", help="Pages by their paths.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or made(Path(folder), asked.events)
        print(
            f"{'page':<34}{'cpu ms':>8}{'first':>8}{'again':>8}{'paint':>15}{'complete':>15}{'cold KB':>8}{'warm':>8}"
        )
        ready_all: list[Visit] = []
        for page in PAGES:
            if asked.only and page.path not in asked.only:
                continue
            answers, making, ready = [], [], []
            for _ in range(asked.rounds):
                with fresh_server(home) as server:
                    address = address_of(page.path, server.url)
                    answers.append(answered(server, address))
                    ready.append(visited(server, address))
                with fresh_server(home) as server:
                    making.append(visited(server, address))
            ready_all += ready
            print(line(re.sub(r"\?.*", "", address), answers, making, ready), flush=True)
        print(
            f"limits: paint {PAINT_LIMIT_MS} ms, complete {COMPLETE_LIMIT_MS} ms, {COLD_LIMIT_KB} KB cold and"
            f" {WARM_LIMIT_KB} KB warm; slowest here: {max(one.painted_ms for one in ready_all):.0f} ms,"
            f" {max(one.complete_ms for one in ready_all):.0f} ms, {max(one.cold_kb for one in ready_all):.0f} KB,"
            f" {max(one.warm_kb for one in ready_all):.1f} KB"
        )
        print(watched(home, asked.viewers))


if __name__ == "__main__":
    main()
