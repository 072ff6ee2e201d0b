"""Whether operations get better or worse from day to day: execution time, success rate, quality and cost of each.

A straight line through the daily figures (`agentgauge.analysis.trend`): means, and of success the share of all of the
day's tasks. As many lines are tried as there are operations and metrics with enough days, so p-values are adjusted for
their number (Holm), and a line is a trend by the adjusted one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.trend import ALPHA, Direction, LinearTrend, direction, linear_trend
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.events import kinds
from agentgauge.service.reports.totals import ratio
from agentgauge.service.window import Window
from agentgauge.summaries import Summary

FEWEST_DAYS = 7
"""Days with values below which nothing is said of a trend."""


class MetricTrend(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    trend: Direction
    slope: float
    """Per day, in the metric's unit: ms, ratio, points of 100, USD."""
    r_squared: float
    p_value: float
    p_adjusted: float
    data_points: int
    """Days."""
    samples: int
    """Tasks."""


class _Daily(msgspec.Struct):
    """What the tasks of one operation on one day come to."""

    time: Summary = Summary.EMPTY
    quality: Summary = Summary.EMPTY
    cost: Summary = Summary.EMPTY
    successes: int = 0
    outcomes: int = 0


class _Metric(msgspec.Struct, frozen=True):
    lower_is_better: bool
    figure: Callable[[_Daily], float]
    """Of one day; NaN where it has none."""
    samples: Callable[[_Daily], int]


_METRICS = {
    "execution_time": _Metric(True, lambda day: day.time.mean, lambda day: day.time.count),
    "success_rate": _Metric(False, lambda day: ratio(day.successes, day.outcomes), lambda day: day.outcomes),
    "quality_score": _Metric(False, lambda day: day.quality.mean, lambda day: day.quality.count),
    "cost": _Metric(True, lambda day: day.cost.mean, lambda day: day.cost.count),
}


def operation_trends(engine: Engine, window: Window, zone: str) -> list[tuple[str, MetricTrend]]:
    """Every line that can be drawn, the least likely by chance first."""
    lines: list[tuple[str, str, LinearTrend, int]] = []
    for operation, by_day in sorted(_by_day(engine, window, zone).items()):
        for name, metric in _METRICS.items():
            figures = {day: metric.figure(daily) for day, daily in by_day.items()}
            known = sorted(day for day, figure in figures.items() if not math.isnan(figure))
            if len(known) >= FEWEST_DAYS:
                line = linear_trend(known, [figures[day] for day in known])
                lines.append((operation, name, line, sum(map(metric.samples, by_day.values()))))
    adjusted = holm([line.p_value for _, _, line, _ in lines])
    found = [
        (
            operation,
            MetricTrend(
                metric=name,
                trend=_trend(line, p, lower_is_better=_METRICS[name].lower_is_better),
                slope=line.slope_per_day,
                r_squared=line.r_squared,
                p_value=line.p_value,
                p_adjusted=p,
                data_points=line.n,
                samples=samples,
            ),
        )
        for (operation, name, line, samples), p in zip(lines, adjusted, strict=True)
    ]
    return sorted(found, key=lambda item: (item[1].p_adjusted, item[1].p_value))


def _trend(line: LinearTrend, p_adjusted: float, *, lower_is_better: bool) -> Direction:
    way = direction(line, lower_is_better=lower_is_better)
    return way if way == "insufficient_data" or p_adjusted < ALPHA else "stable"


def _by_day(engine: Engine, window: Window, zone: str) -> dict[str, dict[datetime, _Daily]]:
    keys = ("operation", "name", TimeBucket("day", zone, name="day"))
    days: dict[str, dict[datetime, _Daily]] = defaultdict(lambda: defaultdict(_Daily))
    of_tasks = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", kinds.TASK_KINDS),),
        group=keys,
        measures=(
            Measure("summary", "duration_ms", name="time"),
            Measure("summary", "quality_score", name="quality"),
            Measure("successes", name="successes"),
            Measure("failures", name="failures"),
        ),
    )
    for row in engine.aggregate(of_tasks).records():
        day = days[operation_of(row)][row["day"]]
        day.time, day.quality = day.time.merge(row["time"]), day.quality.merge(row["quality"])
        day.successes += row["successes"]
        day.outcomes += row["successes"] + row["failures"]
    of_usage = Query(
        start=window.start,
        end=window.end,
        group=keys,
        measures=(Measure("summary", "cost_usd", name="cost"),),
        relation="operations",
    )
    for row in engine.aggregate(of_usage).records():
        day = days[operation_of(row)][row["day"]]
        day.cost = day.cost.merge(row["cost"])
    return days


def operation_of(row: Mapping[str, Any]) -> str:
    """What a task did: its operation, else its name."""
    operation: str = row["name"] if row["operation"] is None else row["operation"]
    return operation
