"""When work is done in the week, and how it goes then: each hour of the day by each day of the week, by local clocks.

Hours of all weeks of the window are laid over each other. Where clocks are put back, the hour that comes twice counts
as one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from agentgauge.analysis.metrics import Per
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError
from agentgauge.service.readings.series import metric_in
from agentgauge.service.reports.rows import found_by
from agentgauge.service.window import Window


class WeekHour(msgspec.Struct, frozen=True):
    weekday: int
    """0 is Monday."""
    hour: int
    count: int
    """Values of the metric that were recorded in it: operations or calls that ended."""
    mean: float
    """Of these values; NaN of none."""


class WeekHours(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    time_zone: str
    cells: tuple[WeekHour, ...]
    """All 168, by weekday and hour."""
    busiest: WeekHour | None
    """The cell with the most values, the first of several; None where there are none."""
    count: int
    way: Way
    exact: bool
    missing_before: datetime | None


def week_hours(
    engine: Engine, name: str, window: Window, zone: str, filters: Sequence[Filter] = (), *, per: Per = "operation"
) -> WeekHours:
    """Of the metric's values in the window. Raises `QueryError`, also for a share."""
    metric = metric_in(engine, name, per=per)
    if metric.share is not None:
        raise QueryError(f"{metric.name} is a share: ask for a metric of numbers")
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*metric.conditions, *filters),
        group=(TimeBucket("hour", zone, name="start"),),
        measures=(Measure("values", metric.field, name="count"), Measure("mean", metric.field, name="mean")),
        relation=metric.relation,
    )
    answer = engine.aggregate(query)
    counts: dict[tuple[int, int], int] = defaultdict(int)
    sums: dict[tuple[int, int], float] = defaultdict(float)
    for row in answer.records():
        key = row["start"].weekday(), row["start"].hour
        counts[key] += row["count"]
        sums[key] += float(row["mean"] or 0) * row["count"]
    cells = tuple(
        WeekHour(day, hour, count := counts[day, hour], sums[day, hour] / count if count else math.nan)
        for day in range(7)
        for hour in range(24)
    )
    busiest = max(cells, key=lambda cell: cell.count)
    return WeekHours(
        metric=metric.name,
        unit=metric.unit,
        time_zone=zone,
        cells=cells,
        busiest=busiest if busiest.count else None,
        count=sum(counts.values()),
        **found_by(answer),
    )
