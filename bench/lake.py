"""Journal to lake on one core: how many events a second land, beside what the parts alone can do on the same lines.

    python bench/lake.py [EVENTS]

The limit is DuckDB's own JSON reader over the same lines (the fastest way found to decode them), and a bare copy of the
decoded rows to Parquet. Rates are per second of CPU time of the whole process, pinned to one core, so that a busy
machine does not hide or add work.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import agentgauge
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import scan
from agentgauge.lake import Lake
from agentgauge.lake.landing import connect, land
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home

MODELS = [
    ("openai", "gpt-5-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("deepseek", "deepseek-chat"),
    ("google", "gemini-2.5-pro"),
]


def fill(home: Path, events: int) -> None:
    """Model calls of 40 agents over 30 days, in the order of time."""
    choose = random.Random(7)
    start = datetime.now(UTC) - timedelta(days=30)
    step = timedelta(days=30) / events
    with agentgauge.open(home, project="bench") as gauge:
        for first in range(0, events, 100):
            agent = f"agent-{choose.randrange(40):02}"
            with gauge.scope(run=f"run-{first // 500:06}", agent=agent, role="coding", ticket=f"PROJ-{first // 50}"):
                for number in range(first, min(first + 100, events)):
                    provider, model = MODELS[choose.randrange(len(MODELS))]
                    gauge.llm_call(
                        model,
                        provider,
                        input_tokens=choose.randrange(50, 30_000),
                        output_tokens=choose.randrange(1, 4_000),
                        duration_ms=round(choose.lognormvariate(7, 1), 3),
                        success=choose.random() > 0.05,
                        at=start + number * step,
                    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    root = Path(tempfile.mkdtemp(prefix="agentgauge-bench-"))
    try:
        fill(root / "home", events)
        lines = b"".join(scan(path, dead=True).lines for path in JournalDirectory(root / "home").segments())
        spool = root / "lines.ndjson"
        spool.write_bytes(lines)
        book = PriceBook.load()
        connection = connect()
        connection.execute("SET threads = 1")
        warm = lines[: lines.index(b"\n", 1 << 20) + 1]
        land(connection, [warm], book)

        results = {}
        names = ", ".join(f"{name}: '{kind}'" for name, kind in _recorded_columns(connection, spool))
        reader = f"read_json('{spool}', format = 'newline_delimited', columns = {{{names}}})"
        results["DuckDB JSON reader, the columns present"] = timed(
            lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE decoded AS SELECT * FROM {reader}")
        )
        results["Parquet of the decoded rows"] = timed(
            lambda: connection.execute(
                f"COPY decoded TO '{root / 'decoded.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
            )
        )
        results["scan: split and check every line"] = timed(
            lambda: [scan(path, dead=True) for path in JournalDirectory(root / "home").segments()]
        )
        connection.close()
        lake = Lake(resolve_home(root / "home"), book)
        results["journal to lake, whole"] = timed(partial(lake.compact, briefly=True))
        results["rolling up what landed"] = timed(lake.compact)

        print(f"{events:,} events, {len(lines) / events:.0f} bytes a line, one core")
        for name, (cpu, wall) in results.items():
            print(
                f"  {name:42} {events / cpu:>10,.0f} events per CPU second   {events / wall:>10,.0f} per second of wall"
            )
        whole, limit = results["journal to lake, whole"][0], results["DuckDB JSON reader, the columns present"][0]
        print(f"  the whole takes {whole / limit:.2f} times what decoding alone takes")
        print(json.dumps({name: round(events / cpu) for name, (cpu, _) in results.items()}))
    finally:
        shutil.rmtree(root)


def _recorded_columns(connection: object, spool: Path) -> list[tuple[str, str]]:
    rows = connection.execute(  # type: ignore[attr-defined]
        f"DESCRIBE SELECT * FROM read_json('{spool}', format = 'newline_delimited', sample_size = 1000)"
    ).fetchall()
    return [(f'"{row[0]}"', row[1]) for row in rows]


if __name__ == "__main__":
    main()
