"""How long `agentgauge report` takes over a million events, as a whole process, and where the time goes.

    python bench/report.py [events]

The events are written as Parquet into a new lake, as the compactor does. Compared, in one run: the report as a process;
the same questions on an engine that is already open; and what the process spends before its first question, on imports
and on opening the snapshot.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentgauge.meter import Meter
from agentgauge.service.usage_report import usage_report
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

LIMIT_SECONDS = 1.5
"""What the report over a million events may take as a whole process."""
REPEATS = 5


def fill(home: Path, events: int) -> None:
    """A quarter of a year of synthetic work: tasks, each with calls of a few models and tools."""
    from agentgauge.recorder import Gauge

    models = ("claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5-mini", "gemini-2.5-pro", "in-house-7b")
    settings = get_settings(home, environ={"AGENTGAUGE_JOURNAL_MAX_MB": "16384"})
    start = datetime.now(UTC) - timedelta(days=90)
    step = timedelta(days=90) / events
    with Gauge.open(settings, project="bench") as gauge:
        for n in range(events):
            at, agent = start + n * step, f"agent-{n % 7}"
            spent = 400 + (n * 7919) % 9000
            if n % 10 == 9:
                gauge.task("turn", duration_ms=spent * 9, success=n % 30 != 29, agent=agent, at=at)
            elif n % 3 == 0:
                gauge.tool_call(f"tool-{n % 11}", duration_ms=spent / 20, success=n % 50 != 0, agent=agent, at=at)
            else:
                gauge.llm_call(
                    models[n % 5],
                    input_tokens=4000 + n % 20_000,
                    output_tokens=100 + n % 900,
                    cache_read_tokens=n % 4000,
                    duration_ms=spent,
                    agent=agent,
                    at=at,
                )
    Meter(settings).lake.compact()


def seconds(work: Callable[[], object]) -> float:
    """The median of a few runs after one that warms up."""
    work()
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def process(*arguments: str) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, check=True, capture_output=True, env=dict(os.environ))


def main(events: int) -> None:
    with tempfile.TemporaryDirectory(prefix="agentgauge-bench-") as scratch:
        home = Path(scratch) / "home"
        began = time.perf_counter()
        fill(home, events)
        print(f"{events:,} events recorded and compacted in {time.perf_counter() - began:.1f} s")
        meter = Meter(get_settings(home))

        def ask(**more: object) -> None:
            with meter.engine() as engine:
                usage_report(engine, Window(), by=("model",), zone="UTC", now=datetime.now(UTC), **more)  # type: ignore[arg-type]

        def open_snapshot() -> None:
            with meter.engine():
                pass

        imports = "import agentgauge.service.usage_report, agentgauge.meter"
        whole = seconds(process("-m", "agentgauge", "report", "--json", "--home", str(home)))
        rows = {
            "python starting": seconds(process("-c", "")),
            "agentgauge --help": seconds(process("-m", "agentgauge", "--help")),
            "starting and importing": seconds(process("-c", imports)),
            "opening the snapshot": seconds(open_snapshot),
            "opening and asking": seconds(ask),
            "the same by day": seconds(lambda: ask(bucket="day")),
            "report --json, whole process": whole,
        }
        for name, taken in rows.items():
            print(f"{name:32} {taken * 1000:8.0f} ms   {taken / whole:5.2f} of the process")
        verdict = "within" if whole <= LIMIT_SECONDS else "ABOVE"
        print(f"{verdict} the limit of {LIMIT_SECONDS} s for 1,000,000 events")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
