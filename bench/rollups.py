"""Questions over ten million events of 90 days: from rollups, from the rows, and from SQLite with indexes for each.

    python bench/rollups.py [--events 10000000] [--rounds 5] [--folder DIR]

Synthetic events with skew (few agents do most, an agent has one project and role, few models and operations, and a day
has its hours) are written as data files of a home's lake by the lake's own writer, and rolled up by the compactor's own
code. SQLite has the same events in one table with integer time and money, a covering index per question's grouping,
and statistics (ANALYZE). Everything is loaded once into DIR, which later runs use again; loading 10 million takes
about ten minutes, most of it SQLite's.

Each side asks in a process of its own, on all cores; a figure is the best of the rounds (SQLite: one), all warm.
Memory is the peak of the process that asks, the interpreter and imports included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentgauge.engines import Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import fields
from agentgauge.events.event import to_micros
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.lake import Lake
from agentgauge.lake.landing import connect
from agentgauge.lake.parquet import write_file
from agentgauge.lake.rollups.upkeep import roll_up
from agentgauge.lake.schema import SQL_TYPES
from agentgauge.lake.tables import Tables
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home

START = datetime(2025, 8, 1, tzinfo=UTC)
DAYS = 90
END = START + timedelta(days=DAYS)
BATCH = 600_000
"""Rows of a data file: what the compactor takes at once."""
LIMIT_MS, SQLITE_SHARE, RAW_FACTOR, MEMORY_MB = 150, 5, 1.5, 1500

OPERATIONS = ["implementation", "code_review", "testing", "planning", "tool_call", "search", "summarize", "deploy"]
ROLES = ["developer", "reviewer", "tester", "planner", "ops", "researcher"]
PROVIDERS = ["openai", "anthropic", "deepseek", "local"]

DRAWN = """
    SELECT i, least(floor(pow(1 - random(), -1 / 1.1) - 1), 39)::INTEGER AS a, random() AS k,
        least(floor(pow(1 - random(), -1 / 1.3) - 1), 3)::INTEGER AS p,
        least(floor(pow(1 - random(), -1 / 1.3) - 1), 2)::INTEGER AS m, random() AS o,
        sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z1,
        sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z2,
        sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z3, i * {days}.0::DOUBLE / {total} AS d
    FROM range({first}, {after}) AS numbers(i)
"""
_COST = "((exp(7.2 + 1.1 * z2) * (0.15 + (a + m) % 12 * 0.9) + exp(5.8 + z3) * (0.6 + (a + m) % 12 * 3.6)) / 1e6)"
FILLED = {
    "time": f"make_timestamptz({to_micros(START)} + "
    "((d - 0.8 / (2 * pi()) * sin(2 * pi() * (d - floor(d)))) * 86400e6)::BIGINT)",
    "kind": "CASE WHEN k < 0.7 THEN 'llm_call' WHEN k < 0.9 THEN 'tool_call' ELSE 'task' END",
    "name": "CASE WHEN k >= 0.7 THEN 'name-' || i % 20 END",
    "project": "'project-' || a % 8",
    "agent": "'agent-' || a",
    "role": f"{ROLES}[1 + a % 6]",
    "operation": f"{OPERATIONS}[1 + (a * 3 + p) % 8]",
    "model": "CASE WHEN k < 0.7 THEN 'model-' || (a + m) % 12 END",
    "provider": f"CASE WHEN k < 0.7 THEN {PROVIDERS}[1 + (a + m) % 12 % 4] END",
    "duration_ms": "round(exp(6.2 + 0.08 * p + 0.05 * (a % 5) + 0.9 * z1), 3)",
    "outcome": "CASE WHEN o < 0.94 THEN 'success' WHEN o < 0.98 THEN 'failure' ELSE 'timeout' END",
    "input_tokens": "CASE WHEN k < 0.7 THEN exp(7.2 + 1.1 * z2)::BIGINT ELSE 0 END",
    "output_tokens": "CASE WHEN k < 0.7 THEN exp(5.8 + z3)::BIGINT ELSE 0 END",
    "cache_read_tokens": "CASE WHEN k < 0.4 THEN (exp(7.2 + 1.1 * z2) * 0.5)::BIGINT ELSE 0 END",
    "cost_usd": f"CASE WHEN k < 0.68 THEN {_COST}::DECIMAL(18,12) END",
    "cost_source": "CASE WHEN k < 0.68 THEN 'computed' WHEN k < 0.7 THEN 'unpriced' END",
    "quality_score": "CASE WHEN k >= 0.94 THEN round(least(greatest(82 + a % 7 + 9 * z2, 0), 100), 1) END",
    "run": "'run-' || i // 300",
    "session": "'session-' || i // 150",
    "ticket": "'T-' || i // 1500",
    "user": "'user-' || hash(i // 300) % 200",
    "team": "'team-' || hash(i // 300) % 12",
    "span_id": "printf('%016x', hash(i))",
    "parent_id": "CASE WHEN o > 0.05 THEN printf('%016x', hash(i // 10)) END",
}

TOTALS = (
    Measure("count", over="llm_call", name="calls"),
    Measure("failures", over="llm_call", name="failed_calls"),
    Measure("count", over="tool_call", name="tool_calls"),
    Measure("count", over="tasks", name="tasks"),
    Measure("success_rate", over="tasks", name="success_rate"),
    *(Measure("sum", name, name=name) for name in TOKEN_NAMES),
    Measure("cost"),
    Measure("mean", "duration_ms", over="tasks", name="mean_ms"),
)
SHARES = tuple(Measure(p, "duration_ms") for p in ("p50", "p95", "p99"))
WEEK = (START + timedelta(days=40), START + timedelta(days=47))
UNALIGNED = (START + timedelta(days=12, hours=5, minutes=7), START + timedelta(days=61, hours=17, minutes=41))

_SUMS = (
    "count(*) FILTER (WHERE kind = 'llm_call'), count(*) FILTER (WHERE kind = 'llm_call' AND NOT success), "
    "count(*) FILTER (WHERE kind = 'tool_call'), count(*) FILTER (WHERE kind = 'task'), "
    "avg(success) FILTER (WHERE kind = 'task'), "
    + ", ".join(f"sum({name})" for name in TOKEN_NAMES)
    + ", sum(cost_pico), count(*) FILTER (WHERE kind = 'llm_call' AND cost_pico IS NULL), "
    "avg(duration_ms) FILTER (WHERE kind = 'task')"
)
_MEASURED = ("kind", "success", "duration_ms", *TOKEN_NAMES, "cost_pico")
_HOUR, _DAY = 3_600_000_000, 86_400_000_000


def _in(window: tuple[datetime, datetime]) -> str:
    return f"time >= {to_micros(window[0])} AND time < {to_micros(window[1])}"


QUESTIONS: dict[str, tuple[Query, str]] = {
    "overview": (Query(measures=TOTALS), f"SELECT {_SUMS} FROM events"),
    "by agent": (Query(group=("agent",), measures=TOTALS), f"SELECT agent, {_SUMS} FROM events GROUP BY 1"),
    "by role": (Query(group=("role",), measures=TOTALS), f"SELECT role, {_SUMS} FROM events GROUP BY 1"),
    "by model": (Query(group=("model",), measures=TOTALS), f"SELECT model, {_SUMS} FROM events GROUP BY 1"),
    "by agent and operation": (
        Query(group=("agent", "operation"), measures=TOTALS),
        f"SELECT agent, operation, {_SUMS} FROM events GROUP BY 1, 2",
    ),
    "by day, UTC": (
        Query(group=(TimeBucket("day"),), measures=TOTALS),
        f"SELECT time / {_DAY}, {_SUMS} FROM events GROUP BY 1",
    ),
    "by day, Berlin": (  # summer time all the way but for the last five days: SQLite is spared the change of clocks
        Query(group=(TimeBucket("day", "Europe/Berlin"),), measures=TOTALS),
        f"SELECT (time + {2 * _HOUR}) / {_DAY}, {_SUMS} FROM events GROUP BY 1",
    ),
    "by day and agent, Berlin": (
        Query(group=(TimeBucket("day", "Europe/Berlin"), "agent"), measures=TOTALS),
        f"SELECT (time + {2 * _HOUR}) / {_DAY}, agent, {_SUMS} FROM events GROUP BY 1, 2",
    ),
    "by hour, 7 days": (
        Query(start=WEEK[0], end=WEEK[1], group=(TimeBucket("hour"),), measures=TOTALS),
        f"SELECT time / {_HOUR}, {_SUMS} FROM events WHERE {_in(WEEK)} GROUP BY 1",
    ),
    "one agent, unaligned": (
        Query(start=UNALIGNED[0], end=UNALIGNED[1], filters=(Filter("agent", "=", "agent-3"),), measures=TOTALS),
        f"SELECT {_SUMS} FROM events WHERE agent = 'agent-3' AND {_in(UNALIGNED)}",
    ),
    "percentiles by agent": (Query(group=("agent",), measures=SHARES, exact=False), "agent"),
    "latency": (Query(group=("kind",), measures=(Measure("count"), *SHARES), exact=False), "kind"),
}
"""A question and SQLite's statement, or the column by which it finds percentiles one by one along an index."""


def write_lake(root: Path, total: int, drawn_of: str = DRAWN, filled: Mapping[str, str] = FILLED) -> None:
    """`drawn_of` is a SELECT of what the columns in `filled` are made of."""
    tables, connection = Tables(resolve_home(root)), connect()
    tables.load(create=True)
    connection.execute("SELECT setseed(0.3)")
    columns = ["i + 1 AS id", "'bench' AS segment", "i AS n"]
    columns += [
        f"CAST({filled.get(field.name, '0' if field.type == 'whole' else 'NULL')} AS {SQL_TYPES[field.type]}) "
        f'AS "{field.name}"'
        for field in fields.ALL
    ]
    for first in range(0, total, BATCH):
        drawn = drawn_of.format(days=DAYS, total=total, first=first, after=min(first + BATCH, total))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {', '.join(columns)} FROM ({drawn})")
        months = connection.execute("SELECT DISTINCT strftime(time, '%Y-%m') FROM batch ORDER BY 1").fetchall()
        files = [
            write_file(
                connection,
                tables.events.storage,
                f"SELECT * FROM batch WHERE strftime(time, '%Y-%m') = '{month}' ORDER BY time",
                month=month,
                span="time",
            )
            for (month,) in months
        ]
        tables.events.commit(files)


def write_rollups(root: Path) -> None:
    tables, connection = Tables(resolve_home(root)), connect()
    tables.load(create=True)
    roll_up(connection, tables)


def write_sqlite(root: Path, path: Path) -> None:
    columns = ("time", "agent", "role", "model", "operation", *_MEASURED)
    with Lake(resolve_home(root), PriceBook.load()).snapshot() as snapshot, closing(sqlite3.connect(path)) as lite:
        lite.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000;")
        typed = ", ".join(f"{name} {'REAL' if name == 'duration_ms' else ''}" for name in columns)
        lite.execute(f"CREATE TABLE events ({typed})")
        made = {"time": "epoch_us(time)", "success": "success::INTEGER", "cost_pico": "(cost_usd * 1e12)::BIGINT"}
        cursor = snapshot.connection.execute(
            f"SELECT {', '.join(made.get(name, name) for name in columns)} FROM events ORDER BY time"
        )
        while rows := cursor.fetchmany(200_000):
            lite.executemany(f"INSERT INTO events VALUES ({', '.join('?' for _ in columns)})", rows)
        for keys in ("time", "agent, operation, time", "role", "model"):
            name = keys.replace(", ", "_")
            lite.execute(f"CREATE INDEX by_{name} ON events ({keys}, {', '.join(_MEASURED)})")
        for key in ("agent", "kind"):
            lite.execute(f"CREATE INDEX ranked_by_{key} ON events ({key}, duration_ms)")
        lite.execute("ANALYZE")
        lite.commit()


def best_ms(rounds: int, *calls: Callable[[], object]) -> list[float]:
    """The best time of each call after one that warms up, the calls taking turns."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 1):
        for call, taken in zip(calls, times, strict=True):
            begin = time.perf_counter()
            call()
            if number:
                taken.append((time.perf_counter() - begin) * 1000)
    return [min(taken) for taken in times]


def ask_lake(root: Path, rounds: int, *, rollups: bool) -> dict[str, object]:
    with Lake(resolve_home(root), PriceBook.load()).snapshot() as snapshot:
        engine = DuckDBEngine(snapshot.connection, snapshot.rollups if rollups else None)
        times = {
            name: best_ms(rounds, lambda query=query: engine.aggregate(query))[0]
            for name, (query, _) in QUESTIONS.items()
        }
        ways = {name: engine.aggregate(query).way for name, (query, _) in QUESTIONS.items()}
    return {"times": times, "ways": ways}


def ask_by_hand(root: Path, rounds: int) -> dict[str, object]:
    """Exact percentiles as one would write them in DuckDB's SQL over the same Parquet."""
    with Lake(resolve_home(root), PriceBook.load()).snapshot() as snapshot:
        files = [str(path) for path in sorted((root / "lake" / "events").rglob("*.parquet"))]
        engine = DuckDBEngine(snapshot.connection)
        hand = f"""SELECT agent, quantile_cont(duration_ms, [0.5, 0.95, 0.99]) FROM read_parquet({files})
            GROUP BY agent ORDER BY agent"""
        query = Query(group=("agent",), measures=SHARES)
        ours, theirs = best_ms(
            rounds,
            lambda: engine.aggregate(query),
            lambda: snapshot.connection.cursor().execute(hand).fetchall(),
        )
        return {"engine": ours, "by hand": theirs}


def ask_sqlite(path: Path) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as lite:
        lite.execute("PRAGMA mmap_size = 34359738368")
        lite.execute("PRAGMA cache_size = -1000000")
        asked: dict[str, Callable[[], object]] = {
            name: (lambda text=text: lite.execute(text).fetchall())
            if text.startswith("SELECT")
            else (lambda column=text: _ranked(lite, column))
            for name, (_, text) in QUESTIONS.items()
        }
        return {"times": {name: best_ms(1, call)[0] for name, call in asked.items()}}


def _ranked(lite: sqlite3.Connection, column: str) -> list[object]:
    found = lite.execute(f"SELECT {column}, count(duration_ms) FROM events GROUP BY 1").fetchall()
    return [
        lite.execute(
            f"SELECT duration_ms FROM events WHERE {column} = ? AND duration_ms IS NOT NULL ORDER BY duration_ms "
            "LIMIT 2 OFFSET ?",
            (value, int((count - 1) * share)),
        ).fetchall()
        for value, count in found
        for share in (0.5, 0.95, 0.99)
    ]


def phase(name: str, arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """One part of the work in a process of its own, with its peak of memory."""
    options = {"--phase": name, "--folder": folder, "--rounds": arguments.rounds, "--events": arguments.events}
    done = subprocess.run(
        [sys.executable, __file__, *(str(part) for option in options.items() for part in option)],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def run_phase(name: str, arguments: argparse.Namespace, folder: Path) -> None:
    root, lite = folder / "home", folder / "events.sqlite"
    begin = time.perf_counter()
    found: dict[str, object] = {}
    match name:
        case "lake":
            write_lake(root, arguments.events)
        case "rollups":
            write_rollups(root)
        case "sqlite":
            write_sqlite(root, lite)
        case "ask rollups":
            found = ask_lake(root, arguments.rounds, rollups=True)
        case "ask rows":
            found = ask_lake(root, arguments.rounds, rollups=False)
        case "ask by hand":
            found = ask_by_hand(root, arguments.rounds)
        case _:
            found = ask_sqlite(lite)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**found, "seconds": time.perf_counter() - begin, "peak_mb": peak}))


def load(arguments: argparse.Namespace, folder: Path) -> None:
    for name in ("lake", "rollups", "sqlite"):
        done = folder / f"{name}.done"
        if not done.exists():
            told = phase(name, arguments, folder)
            done.write_text(json.dumps(told))
        told = json.loads(done.read_text())
        print(f"{name:8} written in {told['seconds']:6.1f} s, peak {told['peak_mb']:6.0f} MB")
    for name in sorted(path.name for path in (folder / "home" / "lake").iterdir()):
        size = sum(path.stat().st_size for path in (folder / "home" / "lake" / name).rglob("*") if path.is_file())
        print(f"  {name:26} {size / 1e6:8.1f} MB")
    print(f"  {'SQLite':26} {(folder / 'events.sqlite').stat().st_size / 1e6:8.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Questions from rollups, from rows, and from SQLite")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--phase")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.gettempdir()) / f"agentgauge-bench-rollups-{arguments.events}"
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.phase:
        run_phase(arguments.phase, arguments, folder)
        return
    print(f"{arguments.events:,} events of {DAYS} days, {os.cpu_count()} cores, in {folder}")
    load(arguments, folder)
    rollups, rows, lite = (phase(name, arguments, folder) for name in ("ask rollups", "ask rows", "ask sqlite"))
    print(f"{'question':26} {'rollups':>9} {'rows':>9} {'SQLite':>10} {'of SQLite':>10}  way, limits")
    for name in QUESTIONS:
        ours, raw, theirs = (side["times"][name] for side in (rollups, rows, lite))
        missed = [text for text, bad in (("over 150 ms", ours > LIMIT_MS), ("over 1/5", ours * 5 > theirs)) if bad]
        verdict = f"MISSED: {', '.join(missed)}" if missed else "met"
        print(
            f"{name:26} {ours:6.0f} ms {raw:6.0f} ms {theirs:7.0f} ms {'1/%.0f' % (theirs / ours):>10}  "
            f"{rollups['ways'][name]}, {verdict}"
        )
    hand = phase("ask by hand", arguments, folder)
    ratio = hand["engine"] / hand["by hand"]
    print(
        f"exact percentiles on rows: {hand['engine']:.0f} ms, by hand {hand['by hand']:.0f} ms, "
        f"{ratio:.2f} times, {'met' if ratio <= RAW_FACTOR else 'MISSED'}"
    )
    peaks = {"rollups": rollups["peak_mb"], "rows": rows["peak_mb"], "SQLite": lite["peak_mb"]}
    told = ", ".join(f"{name} {peak:.0f} MB" for name, peak in peaks.items())
    print(f"peak memory of asking: {told}; {'met' if peaks['rollups'] <= MEMORY_MB else 'MISSED'}")


if __name__ == "__main__":
    main()
