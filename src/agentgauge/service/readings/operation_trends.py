"""Whether operations get better or worse from day to day: execution time, success rate, quality and cost of each.

Over daily figures: means, and of success the share of all of the day's tasks. As in
`agentgauge.service.reports.trends`, `slope`, `r_squared` and `p_value` are those of the least-squares line, and what
decides is the rank trend (`agentgauge.analysis.robust_trend`), which a day's likeness to the next does not feign. As
many are tried as there are operations and metrics with enough days, so its p-values are adjusted for their number
(Holm). A figure that is the same on all days has no trend, and is none of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.robust_trend import RobustTrend, robust_direction, trend_and_shifts
from agentgauge.analysis.trend import ALPHA, Direction, LinearTrend, linear_trend
from agentgauge.engines import Engine, Measure, Query, TimeBucket
from agentgauge.service.window import Window

FEWEST_DAYS = 7
"""Days with values below which nothing is said of a trend."""
_STRICTEST = 0.001
"""The smallest chance that shifts are told with: `change_points` simulates no more series."""


class MetricTrend(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    trend: Direction
    slope: float
    """Of the least-squares line, per day, in the metric's unit: ms, ratio, points of 100, USD."""
    r_squared: float
    p_value: float
    """Of that line, were days independent of each other."""
    p_adjusted: float
    """The rank trend's, adjusted for how many were tried: it decides."""
    data_points: int
    """Days."""
    samples: int
    """Tasks."""


class Mean(msgspec.Struct):
    """A mean in the making: adds up."""

    total: float = 0.0
    count: int = 0

    def add(self, total: Any, count: int) -> None:
        self.total += float(total or 0)
        self.count += count

    @property
    def value(self) -> float:
        """NaN of none."""
        return self.total / self.count if self.count else math.nan


class _Daily(msgspec.Struct):
    """What the tasks of one operation on one day come to."""

    time: Mean = msgspec.field(default_factory=Mean)
    success: Mean = msgspec.field(default_factory=Mean)
    quality: Mean = msgspec.field(default_factory=Mean)
    cost: Mean = msgspec.field(default_factory=Mean)


class _Metric(msgspec.Struct, frozen=True):
    lower_is_better: bool
    of: Callable[[_Daily], Mean]


_METRICS = {
    "execution_time": _Metric(True, lambda day: day.time),
    "success_rate": _Metric(False, lambda day: day.success),
    "quality_score": _Metric(False, lambda day: day.quality),
    "cost": _Metric(True, lambda day: day.cost),
}


class _Line(msgspec.Struct, frozen=True):
    """One metric of one operation, over the days that have it."""

    operation: str
    metric: str
    days: dict[datetime, Mean]

    @property
    def is_tried(self) -> bool:
        return len(self.days) >= FEWEST_DAYS and len({day.value for day in self.days.values()}) > 1


def operation_trends(engine: Engine, window: Window, zone: str) -> list[tuple[str, MetricTrend]]:
    """Every trend that is tried, the least likely by chance first."""
    tried = [
        line
        for operation, by_day in sorted(_by_day(engine, window, zone).items())
        for name, metric in _METRICS.items()
        if (
            line := _Line(
                operation, name, {day: metric.of(by_day[day]) for day in sorted(by_day) if metric.of(by_day[day]).count}
            )
        ).is_tried
    ]
    drawn = [_drawn(line, max(ALPHA / len(tried), _STRICTEST)) for line in tried]
    adjusted = holm([robust.p_value for _, robust in drawn])
    found = [(line.operation, _trend(line, *of, p)) for line, of, p in zip(tried, drawn, adjusted, strict=True)]
    return sorted(found, key=lambda item: (item[1].p_adjusted, item[1].p_value))


def _drawn(line: _Line, shift_alpha: float) -> tuple[LinearTrend, RobustTrend]:
    times, values = [day.astimezone(UTC) for day in line.days], [day.value for day in line.days.values()]
    robust, _ = trend_and_shifts(times, values, shift_alpha=shift_alpha)
    return linear_trend(times, values), robust


def _trend(line: _Line, straight: LinearTrend, robust: RobustTrend, p_adjusted: float) -> MetricTrend:
    lower_is_better = _METRICS[line.metric].lower_is_better
    return MetricTrend(
        metric=line.metric,
        trend=robust_direction(robust, straight, lower_is_better=lower_is_better, p_value=p_adjusted),
        slope=straight.slope_per_day,
        r_squared=straight.r_squared,
        p_value=straight.p_value,
        p_adjusted=p_adjusted,
        data_points=straight.n,
        samples=sum(day.count for day in line.days.values()),
    )


def _by_day(engine: Engine, window: Window, zone: str) -> dict[str, dict[datetime, _Daily]]:
    query = Query(
        start=window.start,
        end=window.end,
        group=("operation", "name", TimeBucket("day", zone, name="day")),
        measures=(
            Measure("sum", "duration_ms", name="time"),
            Measure("values", "duration_ms", name="times"),
            Measure("sum", "quality_score", name="quality"),
            Measure("values", "quality_score", name="qualities"),
            Measure("successes", name="successes"),
            Measure("failures", name="failures"),
            Measure("cost", name="cost"),
            Measure("values", "cost_usd", name="costs"),
        ),
        relation="operations",
    )
    days: dict[str, dict[datetime, _Daily]] = defaultdict(lambda: defaultdict(_Daily))
    for row in engine.aggregate(query).records():
        day = days[operation_of(row)][row["day"]]
        day.time.add(row["time"], row["times"])
        day.quality.add(row["quality"], row["qualities"])
        day.success.add(row["successes"], row["successes"] + row["failures"])
        day.cost.add(row["cost"], row["costs"])
    return days


def operation_of(row: Mapping[str, Any]) -> str:
    """What a task did: its operation, else its name."""
    operation: str = row["name"] if row["operation"] is None else row["operation"]
    return operation
