"""What the operations of a while are measured against, and the newest of them: time, cost and tokens of each.

The same figures as the relation `operations` has (`agentgauge.engines.operations`), by a way of its own: calls are
added up by their parent first, and only where a parent is no task, the task around it is looked for. Of 350,000 tasks
with ten calls each that takes half a second, where the relation takes four. Medians are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import msgspec

from agentgauge.engines.dialect import DUCKDB
from agentgauge.engines.query import Filter, Query
from agentgauge.engines.sql import conditions
from agentgauge.events import kinds
from agentgauge.events.event import from_micros, to_micros
from agentgauge.lake.rollups.figures import UNPRICED, listed

_COLUMNS = {"execution_time": "duration_ms", "cost": "cost_usd", "tokens": "tokens"}
_STRAY = timedelta(days=1)
"""How far outside the time of its task a call may say that it was."""

_TASKS = """
CREATE OR REPLACE TEMP TABLE tasks AS
SELECT span_id, project, agent, coalesce(operation, name) AS operation, time, {within} AS is_within,
    duration_ms::DOUBLE AS duration_ms, {has_calls} AS has_calls
FROM events WHERE kind IN ({tasks}) AND {around}
"""
_HAS_CALLS = "span_id IS NOT NULL"
_IS_LATEST = "span_id IS NOT NULL AND row_number() OVER (PARTITION BY span_id ORDER BY time DESC, n DESC) = 1"
"""Of tasks that state one span the latest has the calls. Numbering all of them takes as long as all else."""
_TWICE = "SELECT count(span_id) > count(DISTINCT span_id) FROM tasks"
_BY_PARENT = """
CREATE TEMP TABLE by_parent AS
SELECT parent_id, sum(cost_usd::DOUBLE) AS cost_usd, count(*) FILTER ({unpriced}) AS unpriced,
    sum(CASE WHEN kind IN ({calls}) THEN input_tokens + output_tokens ELSE 0 END)::DOUBLE AS tokens
FROM events WHERE kind IN ({usage}) AND parent_id IS NOT NULL AND {around}{of_project} GROUP BY parent_id
"""
_OUTSIDE = """
CREATE TEMP TABLE outside AS
SELECT parent_id FROM by_parent ANTI JOIN (SELECT span_id FROM tasks WHERE has_calls) ON span_id = parent_id
"""
_INNER = """
CREATE TEMP TABLE inner_calls AS
SELECT span_id, parent_id FROM events
WHERE kind IN ({usage}, 'step') AND parent_id IS NOT NULL AND {around} AND span_id IN (
    FROM outside UNION ALL SELECT parent_id FROM events WHERE kind = 'step' AND parent_id IS NOT NULL AND {around}
)
"""
_CLIMBED = """
CREATE TEMP TABLE climbed AS
WITH RECURSIVE climbing AS (
    SELECT parent_id AS origin, parent_id AS reached FROM outside
    UNION
    SELECT climbing.origin, inner_calls.parent_id
    FROM climbing JOIN inner_calls ON inner_calls.span_id = climbing.reached
)
FROM climbing SEMI JOIN (SELECT span_id FROM tasks WHERE has_calls) ON span_id = reached
"""
_NOTHING_CLIMBED = "CREATE TEMP TABLE climbed (origin VARCHAR, reached VARCHAR)"
_OPERATIONS = """
CREATE TEMP TABLE valued AS
WITH used AS (
    SELECT task, coalesce(sum(cost_usd), 0) AS cost_usd, sum(unpriced) AS unpriced, sum(tokens) AS tokens FROM (
        SELECT parent_id AS task, * EXCLUDE (parent_id) FROM by_parent
        UNION ALL
        SELECT reached AS task, by_parent.* EXCLUDE (parent_id) FROM by_parent JOIN climbed ON parent_id = origin
    ) GROUP BY task
), operations AS (
    SELECT project, agent, operation, time, duration_ms,
        CASE WHEN unpriced = 0 THEN used.cost_usd END AS cost_usd, tokens
    FROM tasks LEFT JOIN used ON has_calls AND task = span_id WHERE is_within
)
{values}
"""
_SPREADS = """
WITH middles AS (
    SELECT metric, project, operation, count(*) FILTER (value > 0) AS n, count(*) FILTER (value <= 0) AS zeros,
        median(value) FILTER (value > 0) AS middle
    FROM valued GROUP BY ALL
)
SELECT valued.metric, valued.project, valued.operation, any_value(n), any_value(zeros), any_value(middle),
    median(abs(ln(value / middle))), avg(abs(ln(value / middle)))
FROM valued JOIN middles ON valued.metric = middles.metric
    AND valued.project IS NOT DISTINCT FROM middles.project
    AND valued.operation IS NOT DISTINCT FROM middles.operation
WHERE value > 0 GROUP BY ALL
"""
_NEWEST = """
SELECT metric, project, operation, agent, epoch_us(time), value FROM valued
WHERE time >= make_timestamptz({newest}) ORDER BY time
"""

Key = tuple[str, str | None, str | None]
"""Metric, project, and operation: else what the task is called."""


class Spread(msgspec.Struct, frozen=True):
    """Of the values above 0 of one metric of one operation."""

    n: int
    zeros: int
    """Values beside them."""
    median: float
    mad: float
    """Median of |ln(value / median)|."""
    mean_deviation: float
    """Their mean."""


class Done(msgspec.Struct, frozen=True):
    key: Key
    agent: str | None
    time: datetime
    value: float
    """Milliseconds, USD, tokens."""


class UnusualOperations(msgspec.Struct, frozen=True):
    spreads: dict[Key, Spread]
    newest: tuple[Done, ...]
    """In order of time."""


def operation_spreads(
    connection: duckdb.DuckDBPyConnection,
    start: datetime,
    newest: datetime,
    end: datetime,
    metrics: Sequence[str] = tuple(_COLUMNS),
    filters: Sequence[Filter] = (),
) -> UnusualOperations:
    """What the operations from `start` to `end` scatter by, and those from `newest` on. `filters` choose tasks; one on
    the project holds of calls too.
    """
    span, stray = _between(start, end), _between(start - _STRAY, end + _STRAY)
    names = {
        "tasks": listed(kinds.TASK_KINDS),
        "usage": listed(kinds.USAGE_KINDS),
        "calls": listed(("llm_call",)),
        "unpriced": UNPRICED,
        "around": stray,
        "within": " AND ".join([span, *_conditions(filters)]),
        "of_project": "".join(f" AND {each}" for each in _conditions([f for f in filters if f.field == "project"])),
        "newest": to_micros(newest),
        "values": " UNION ALL ".join(
            f"SELECT '{metric}' AS metric, project, operation, agent, time, {_COLUMNS[metric]} AS value "  # noqa: S608 - of names that are ours
            f"FROM operations WHERE {_COLUMNS[metric]} IS NOT NULL"
            for metric in metrics
        ),
    }
    with connection.cursor() as cursor:  # temporary tables are a cursor's own
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(_TASKS.format(**names, has_calls=_HAS_CALLS))
        if cursor.execute(_TWICE).fetchone() == (True,):
            cursor.execute(_TASKS.format(**names, has_calls=_IS_LATEST))
        cursor.execute(_BY_PARENT.format(**names))
        cursor.execute(_OUTSIDE)
        if cursor.execute("SELECT 1 FROM outside LIMIT 1").fetchone():
            cursor.execute(_INNER.format(**names))
            cursor.execute(_CLIMBED)
        else:
            cursor.execute(_NOTHING_CLIMBED)
        cursor.execute(_OPERATIONS.format(**names))
        spreads = {
            (metric, project, operation): Spread(n, zeros, middle, mad, mean)
            for metric, project, operation, n, zeros, middle, mad, mean in cursor.execute(_SPREADS).fetchall()
        }
        found = cursor.execute(_NEWEST.format(**names)).fetchall()
    return UnusualOperations(
        spreads,
        tuple(
            Done((metric, project, operation), agent, from_micros(micros), value)
            for metric, project, operation, agent, micros, value in found
        ),
    )


def _between(start: datetime, end: datetime) -> str:
    return f"(time >= make_timestamptz({to_micros(start)}) AND time < make_timestamptz({to_micros(end)}))"


def _conditions(filters: Sequence[Filter]) -> list[str]:
    return [each.sql(DUCKDB.name) for each in conditions(Query(filters=tuple(filters)), DUCKDB)]
