"""Figures of past periods, computed once by the jobs: per metric, of everything, an agent, a role, an operation.

Computing a period again replaces what was there. A project's rows are of its events alone; those of no project are of
all events together, so they are nothing to add to them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.changes import changed
from agentgauge.state.statements import Where, insert, select
from agentgauge.state.store import Store

Granularity = Literal["hour", "day", "week", "month"]
_TABLE = "metrics_aggregations"
_KEY = "starts_at, project, agent, role, operation_type, metric"


class Aggregation(msgspec.Struct, frozen=True, kw_only=True):
    granularity: Granularity
    start: datetime
    end: datetime
    """Exclusive."""
    project: str | None = None
    """None: all together."""
    agent: str | None = None
    role: str | None = None
    operation_type: str | None = None
    metric: str
    """`execution_time`, `cost`, `quality_score`, `tokens`, `success`."""
    count: int
    """Values that there were."""
    total: Decimal | None = None
    """Their exact sum, where it means something; a cost in USD."""
    mean: float | None = None
    """None of no value, as those below."""
    median: float | None = None
    p75: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    std_dev: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    computed: datetime


class AggregationBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def replace(self, granularity: Granularity, start: datetime, rows: Sequence[Aggregation]) -> int:
        """Keep these rows as all that there are of the period that begins at `start`; how many. They are there already,
        since all that writes to the state waits for this.

        Raises `StateError`, also for two rows of one key.
        """
        with self._store.transaction() as connection:
            connection.execute(
                "DELETE FROM metrics_aggregations WHERE granularity = ? AND starts_at = ?",
                (granularity, to_micros(start)),
            )
            for row in rows:
                insert(connection, _TABLE, **_columns(row))
            changed(connection, "aggregations")
        return len(rows)

    def rows(
        self,
        granularity: Granularity,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        project: str | None = None,
        agent: str | None = None,
        role: str | None = None,
        operation_type: str | None = None,
        metric: str | None = None,
        projects: Collection[str] | None = None,
        limit: int = 1000,
        after: Aggregation | None = None,
    ) -> tuple[Aggregation, ...]:
        """Rows of the periods that begin from `start` to before `end`, by start and key; those after the last one of
        the page before. A dimension of None may be anything; one of '' means rows that are of all its values together.

        Raises `StateError`.
        """
        where = Where().equal(
            granularity=granularity,
            project=project,
            agent=agent,
            role=role,
            operation_type=operation_type,
            metric=metric,
        )
        where.of_projects(projects)
        if start is not None:
            where.also("starts_at >= ?", to_micros(start))
        if end is not None:
            where.also("starts_at < ?", to_micros(end))
        if after is not None:
            columns = _columns(after)
            where.also(f"({_KEY}) > (?, ?, ?, ?, ?, ?)", *(columns[name] for name in _KEY.split(", ")))
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return tuple(_row(*row) for row in select(connection, ", ".join(_NAMES), _TABLE, where, _KEY, limit))


_NAMES = (
    *("granularity", "starts_at", "ends_at", "project", "agent", "role", "operation_type", "metric", "count", "total"),
    *("mean", "median", "p75", "p90", "p95", "p99", "std_dev", "minimum", "maximum", "computed_at"),
)


def _columns(row: Aggregation) -> dict[str, object]:
    values = (
        row.granularity, to_micros(row.start), to_micros(row.end), row.project or "", row.agent or "", row.role or "",
        row.operation_type or "", row.metric, row.count, None if row.total is None else plain_digits(row.total),
        row.mean, row.median, row.p75, row.p90, row.p95, row.p99, row.std_dev, row.minimum, row.maximum,
        to_micros(row.computed),
    )  # fmt: skip
    return dict(zip(_NAMES, values, strict=True))


def _row(
    granularity: Granularity,
    start: int,
    end: int,
    project: str,
    agent: str,
    role: str,
    operation_type: str,
    metric: str,
    count: int,
    total: str | None,
    *figures: float | None,
) -> Aggregation:
    *statistics, computed = figures
    named = zip(_NAMES[10:-1], statistics, strict=True)
    return Aggregation(
        granularity=granularity,
        start=from_micros(start),
        end=from_micros(end),
        project=project or None,
        agent=agent or None,
        role=role or None,
        operation_type=operation_type or None,
        metric=metric,
        count=count,
        total=None if total is None else Decimal(total),
        computed=from_micros(int(computed or 0)),
        **dict(named),
    )
