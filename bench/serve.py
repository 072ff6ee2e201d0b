"""How soon `agentgauge serve` answers and how much memory it holds, beside the libraries alone.

    python -m bench.serve [ROUNDS]

In each round, in turn: a Python process that imports what the server stands on and does nothing; `agentgauge serve` in
an empty home, from the command until `/readyz` answers 200; in a home with events, idle and after questions; with two
workers. Figures are medians over rounds; memory is what is resident, of one process.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil

import agentgauge

LIMIT_SECONDS = 3.0
LIMIT_MB = 200
LIBRARIES = "fastapi, uvicorn, duckdb, deltalake, sqlalchemy, msgspec, pydantic"
QUESTIONS = (
    "metrics/summary",
    "metrics/aggregate/timeseries?granularity=hour",
    "metrics/percentiles/execution_time",
    "metrics/outliers/execution_time",
    "metrics/trends/success_rate",
    "metrics/recommendations/cost",
    "metrics/insights/performance",
    "metrics/alerts",
)


def megabytes(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def cpu_seconds(pid: int) -> float:
    """Of one process so far; unlike those of the clock they hardly depend on what else the machine does."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def bare() -> tuple[float, ...]:
    """Seconds until the libraries are imported, of the clock and of a processor, and megabytes that they hold."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", f"import {LIBRARIES}; print('imported', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        found = time.perf_counter() - began, cpu_seconds(process.pid), megabytes(process.pid)
        process.communicate("\n")
    return found


def served(home: Path, workers: int, ask: Callable[[str], None] = lambda url: None) -> tuple[float, ...]:
    """Seconds until it is ready, of the clock and of a processor, and megabytes idle and after `ask`; of the process
    that answers."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "agentgauge", "serve", "--home", str(home), "--port", "0", "--workers", str(workers)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "AGENTGAUGE_LOG_LEVEL": "error"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        url = re.search(r"http://\S+", process.stdout.readline())
        assert url is not None
        with urlopen(f"{url[0]}/readyz") as answer:
            assert json.load(answer)["status"] == "ready"
        taken = time.perf_counter() - began
        children = psutil.Process(process.pid).children()
        pid = children[-1].pid if children else process.pid
        cpu, idle = cpu_seconds(pid), megabytes(pid)
        ask(url[0])
        asked = megabytes(pid)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    return taken, cpu, idle, asked


def ask_each(url: str) -> None:
    for question in QUESTIONS:
        with suppress(HTTPError), urlopen(f"{url}/api/v1/{question}") as answer:  # 422: too little was recorded for it
            answer.read()


def ask_one(url: str) -> None:
    with urlopen(f"{url}/api/v1/metrics/summary") as answer:
        answer.read()


def main(rounds: int) -> None:
    found: dict[str, list[tuple[float, ...]]] = {}
    with tempfile.TemporaryDirectory(prefix="agentgauge-bench-") as scratch:
        home = Path(scratch) / "home"
        with agentgauge.open(home, project="bench") as gauge:
            for n in range(2000):
                gauge.llm_call("gpt-4o", "openai", input_tokens=1000 + n, output_tokens=n, agent=f"agent-{n % 5}")
                gauge.task("turn", duration_ms=900 + n, agent=f"agent-{n % 5}")
        for number in range(rounds):
            found.setdefault("libraries alone", []).append(bare())
            found.setdefault("serve, empty home", []).append(served(Path(scratch) / f"empty-{number}", 1)[:3])
            found.setdefault("serve, one question", []).append(served(home, 1, ask_one))
            found.setdefault("serve, a question of each kind", []).append(served(home, 1, ask_each))
            found.setdefault("serve --workers 2", []).append(served(home, 2)[:3])
    base_cpu = statistics.median(row[1] for row in found["libraries alone"])
    print(f"{'':32} {'ready in':>9} {'CPU':>8} {'of bare':>8} {'idle':>9} {'asked':>9}")
    for name, rows in found.items():
        seconds, cpu, idle, *asked = (statistics.median(column) for column in zip(*rows, strict=True))
        after = f"{asked[0]:6.0f} MB" if asked else ""
        print(f"{name:32} {seconds:7.2f} s {cpu:6.2f} s {cpu / base_cpu:7.2f}x {idle:6.0f} MB {after}")
    ready, _, idle = (statistics.median(column) for column in zip(*found["serve, empty home"], strict=True))
    for value, limit, unit in ((ready, LIMIT_SECONDS, "s until ready"), (idle, LIMIT_MB, "MB when idle")):
        print(f"{'within' if value <= limit else 'ABOVE'} the limit of {limit} {unit}: {value:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
