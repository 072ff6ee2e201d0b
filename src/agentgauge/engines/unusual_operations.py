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
SELECT span_id, project, agent, coalesce(operation, name) AS operation, operation IS NULL AS goes_by_name, time,
    {within} AS is_within, duration_ms::DOUBLE AS duration_ms, {has_calls} AS has_calls
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
_USED = """
SELECT task, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced, sum(tokens) AS tokens FROM (
    SELECT parent_id AS task, * EXCLUDE (parent_id) FROM by_parent
    UNION ALL
    SELECT reached AS task, by_parent.* EXCLUDE (parent_id) FROM by_parent JOIN climbed ON parent_id = origin
) GROUP BY task
"""
_NOTHING_CLIMBED = "SELECT parent_id AS task, * EXCLUDE (parent_id) FROM by_parent"
_OPERATIONS = """
CREATE TEMP TABLE operations AS
SELECT project, agent, operation, goes_by_name, time, duration_ms,
    CASE WHEN unpriced = 0 THEN coalesce(used.cost_usd, 0) END AS cost_usd, tokens
FROM tasks LEFT JOIN ({used}) AS used ON has_calls AND task = span_id WHERE is_within
"""
_SPREADS = """
WITH middles AS (SELECT project, operation, {middles} FROM operations GROUP BY ALL)
SELECT operations.project, operations.operation, {spreads}
FROM operations JOIN middles ON operations.project IS NOT DISTINCT FROM middles.project
    AND operations.operation IS NOT DISTINCT FROM middles.operation
GROUP BY ALL
"""
_MIDDLE = "median({0}) FILTER ({0} > 0) AS middle_{0}"
_SPREAD = (
    "count(*) FILTER ({0} > 0), count(*) FILTER ({0} <= 0), any_value(middle_{0}), "
    "median(abs(ln({0} / middle_{0}))) FILTER ({0} > 0), avg(abs(ln({0} / middle_{0}))) FILTER ({0} > 0)"
)
_OF_ONE = 5
"""Columns of one metric in the answer."""
_NEWEST = """
SELECT project, operation, goes_by_name, agent, epoch_us(time), {columns} FROM operations
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
    goes_by_name: bool
    """Whether it names no operation, and counts as one of what the task is called."""


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
    columns = [_COLUMNS[metric] for metric in metrics]
    names = {
        "tasks": listed(kinds.TASK_KINDS),
        "usage": listed(kinds.USAGE_KINDS),
        "calls": listed(("llm_call",)),
        "unpriced": UNPRICED,
        "around": _between(start - _STRAY, end + _STRAY),
        "within": " AND ".join([_between(start, end), *_conditions(filters)]),
        "of_project": "".join(f" AND {each}" for each in _conditions([f for f in filters if f.field == "project"])),
        "newest": to_micros(newest),
        "columns": ", ".join(columns),
        "middles": ", ".join(map(_MIDDLE.format, columns)),
        "spreads": ", ".join(map(_SPREAD.format, columns)),
    }
    with connection.cursor() as cursor:  # temporary tables are a cursor's own
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(_TASKS.format(**names, has_calls=_HAS_CALLS))
        if cursor.execute(_TWICE).fetchone() == (True,):
            cursor.execute(_TASKS.format(**names, has_calls=_IS_LATEST))
        cursor.execute(_BY_PARENT.format(**names))
        cursor.execute(_OUTSIDE)
        used = _NOTHING_CLIMBED
        if cursor.execute("SELECT 1 FROM outside LIMIT 1").fetchone():
            cursor.execute(_INNER.format(**names))
            cursor.execute(_CLIMBED)
            used = _USED
        cursor.execute(_OPERATIONS.format(used=used))
        spreads = cursor.execute(_SPREADS.format(**names)).fetchall()
        found = cursor.execute(_NEWEST.format(**names)).fetchall()
    return UnusualOperations(
        {
            (metric, project, operation): Spread(*figures[at * _OF_ONE : (at + 1) * _OF_ONE])
            for project, operation, *figures in spreads
            for at, metric in enumerate(metrics)
            if figures[at * _OF_ONE]
        },
        tuple(
            Done((metric, project, operation), agent, from_micros(micros), value, goes_by_name)
            for project, operation, goes_by_name, agent, micros, *values in found
            for metric, value in zip(metrics, values, strict=True)
            if value is not None
        ),
    )


def _between(start: datetime, end: datetime) -> str:
    return f"(time >= make_timestamptz({to_micros(start)}) AND time < make_timestamptz({to_micros(end)}))"


def _conditions(filters: Sequence[Filter]) -> list[str]:
    return [each.sql(DUCKDB.name) for each in conditions(Query(filters=tuple(filters)), DUCKDB)]
