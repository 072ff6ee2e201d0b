"""A question asked through the engine, against the same question written by hand as DuckDB SQL, over the same Parquet.

    python bench/query.py [--events 1000000] [--rounds 5]

One million synthetic model calls and tasks of 90 days are written once to Parquet, sorted by time as the lake does.
Both sides run in this process, alternately, on one thread; the figure is the ratio of their best times, so it holds on
any machine. What the engine adds is building the query, the zone's days and typed rows; what it computes is the same.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from agentgauge.engines import Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import fields
from agentgauge.lake.schema import SQL_TYPES

START = datetime(2025, 8, 1, tzinfo=UTC)
DAYS = 90

FILLED = {
    "time": f"TIMESTAMPTZ '{START.isoformat()}' + to_microseconds(CAST(i * ({DAYS} * 86400e6 / total) AS BIGINT))",
    "kind": "CASE WHEN i % 5 = 0 THEN 'task' ELSE 'llm_call' END",
    "model": "CASE WHEN i % 5 > 0 THEN ['gpt-4o', 'claude-sonnet-4-5', 'claude-opus-4-1', 'o3'][1 + i % 4] END",
    "agent": "'agent-' || hash(i // 3) % 12",
    "duration_ms": "exp(5 + 2 * (random() + random() + random() - 1.5))",
    "outcome": "CASE WHEN random() < 0.9 THEN 'success' ELSE 'failure' END",
    "input_tokens": "CASE WHEN i % 5 > 0 THEN hash(i) % 100000 ELSE 0 END",
    "output_tokens": "CASE WHEN i % 5 > 0 THEN hash(i) % 3000 ELSE 0 END",
    "cost_usd": "CASE WHEN i % 5 > 0 AND i % 97 > 0 THEN CAST(random() AS DECIMAL(18,12)) END",
}

QUERIES: dict[str, tuple[Query, str]] = {
    "cost by model": (
        Query(group=("model",), measures=(Measure("count"), Measure("tokens"), Measure("cost"))),
        """
        SELECT model, count(*), sum(input_tokens + output_tokens) FILTER (kind = 'llm_call'),
               sum(cost_usd) FILTER (kind IN ('llm_call', 'tool_call')),
               count(*) FILTER (kind = 'llm_call' AND cost_usd IS NULL)
        FROM events GROUP BY ALL ORDER BY model
        """,
    ),
    "exact percentiles by model and agent": (
        Query(
            group=("model", "agent"),
            measures=(*(Measure(p, "duration_ms") for p in ("p50", "p95", "p99")), Measure("success_rate")),
        ),
        """
        SELECT model, agent, quantile_cont(duration_ms, [0.5, 0.95, 0.99]),
               count(*) FILTER (outcome = 'success') / count(outcome)
        FROM events GROUP BY ALL ORDER BY ALL
        """,
    ),
    "cost by day in Berlin": (
        Query(group=(TimeBucket("day", "Europe/Berlin"),), measures=(Measure("count"), Measure("cost"))),
        """
        SELECT CAST(timezone('Europe/Berlin', time) AS DATE) AS day, count(*),
               sum(cost_usd) FILTER (kind IN ('llm_call', 'tool_call')),
               count(*) FILTER (kind = 'llm_call' AND cost_usd IS NULL)
        FROM events GROUP BY ALL ORDER BY day
        """,
    ),
    "one week of one agent": (
        Query(
            start=START + timedelta(days=30),
            end=START + timedelta(days=37),
            filters=(Filter("agent", "=", "agent-3"),),
            measures=(Measure("count"), Measure("cost"), Measure("p95", "duration_ms")),
        ),
        f"""
        SELECT count(*), sum(cost_usd) FILTER (kind IN ('llm_call', 'tool_call')),
               count(*) FILTER (kind = 'llm_call' AND cost_usd IS NULL), quantile_cont(duration_ms, 0.95)
        FROM events
        WHERE agent = 'agent-3' AND time >= TIMESTAMPTZ '{(START + timedelta(days=30)).isoformat()}'
          AND time < TIMESTAMPTZ '{(START + timedelta(days=37)).isoformat()}'
        """,
    ),
}


def write_events(connection: duckdb.DuckDBPyConnection, path: Path, total: int) -> None:
    """Synthetic events as one Parquet file in order of time, with all columns of the lake."""
    columns = ["i AS id", "'segment' AS segment", "i AS n"]
    columns += [
        f"CAST({FILLED.get(field.name, '0' if field.type == 'whole' else 'NULL')} AS {SQL_TYPES[field.type]}) "
        f'AS "{field.name}"'
        for field in fields.ALL
    ]
    connection.execute("SELECT setseed(0.5)")
    connection.execute(
        f"COPY (SELECT {', '.join(columns)} FROM (SELECT {total} AS total, range AS i FROM range({total})) ORDER BY i) "
        f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )


def best(rounds: int, *calls: Callable[[], object]) -> list[float]:
    """Best time of each call in seconds, the calls taking turns so that a busy machine is busy for all."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            begin = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begin)
    return [min(taken) for taken in times]


def main() -> None:
    parser = argparse.ArgumentParser(description="Engine against hand-written SQL over the same Parquet")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET TimeZone = 'UTC'")
        write_events(connection, path, arguments.events)
        connection.execute(
            "CREATE VIEW events AS SELECT *, outcome = 'success' AS success, coalesce(ticket, issue) AS work_item "
            f"FROM read_parquet('{path}')"
        )
        engine = DuckDBEngine(connection)
        size = path.stat().st_size / 1e6
        print(f"{arguments.events} events, {size:.0f} MB of Parquet, one thread, best of {arguments.rounds}")
        print(f"{'question':40} {'engine ms':>10} {'by hand ms':>11} {'ratio':>6}")
        for name, (query, text) in QUERIES.items():
            ours, by_hand = best(
                arguments.rounds,
                lambda query=query: engine.aggregate(query),
                lambda text=text: connection.execute(text).fetchall(),
            )
            print(f"{name:40} {ours * 1000:10.1f} {by_hand * 1000:11.1f} {ours / by_hand:6.2f}")


if __name__ == "__main__":
    main()
