"""What was measured of learning, by feature: how well, how surely, and whether it gets better.

These are measurements of the type `learning`, as `agentgauge.features` records them. Whether one gets better is told by
the rank trend of its daily means (`agentgauge.analysis.robust_trend`), adjusted for how many there are (Holm).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.robust_trend import RobustTrend, robust_direction, robust_trend
from agentgauge.analysis.trend import Direction, linear_trend
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.features.categories import direction_of
from agentgauge.service.reports.intervals import Mean, mean_of
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import or_nan
from agentgauge.service.window import Window

_LEARNING = (Filter("kind", "=", "measurement"), Filter("attributes.metric_type", "=", "learning"))
_KEY = ("feature", "name", "unit")
_RATIO = "1"


class LearningDay(msgspec.Struct, frozen=True):
    start: datetime
    mean: float


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    feature: str | None
    name: str
    unit: str | None
    """1 of an accuracy, a ratio."""
    mean: Mean
    latest: float
    """The mean of the last day that has values."""
    confidence: float
    """Mean of those stated, 0-1; NaN of none."""
    samples: float
    """Sum of the sample sizes stated; NaN of none."""
    improvement_rate: float
    """Mean of those stated, a ratio; NaN of none."""
    trend: Direction
    slope_per_day: float
    p_adjusted: float
    days: tuple[LearningDay, ...]


def learning(engine: Engine, window: Window, zone: str, filters: Sequence[Filter] = ()) -> Rows[Learning]:
    """In order of features and names."""
    own = (*_LEARNING, *filters)
    whole = engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=own,
            group=_KEY,
            measures=(
                Measure("values", "value", name="n"),
                Measure("mean", "value", name="mean"),
                Measure("std_dev", "value", name="std_dev"),
                Measure("mean", "attributes.confidence", name="confidence"),
                Measure("sum", "attributes.sample_size", name="samples"),
                Measure("values", "attributes.sample_size", name="sized"),
                Measure("mean", "attributes.improvement_rate", name="improvement_rate"),
            ),
        )
    )
    days: dict[tuple[Any, ...], list[LearningDay]] = defaultdict(list)
    per_day = Query(
        start=window.start,
        end=window.end,
        filters=own,
        group=(*_KEY, TimeBucket("day", zone, name="start")),
        measures=(Measure("mean", "value", name="mean"),),
    )
    for row in sorted(engine.aggregate(per_day).records(), key=lambda row: row["start"]):
        days[tuple(row[name] for name in _KEY)].append(LearningDay(row["start"], row["mean"]))
    keys = [tuple(row[name] for name in _KEY) for row in whole.records()]
    trends = {key: _trend(days[key]) for key in keys}
    adjusted = holm([trend.p_value for trend in trends.values()])
    rows = (
        _learning(row, days[key], trends[key], p) for row, key, p in zip(whole.records(), keys, adjusted, strict=True)
    )
    return Rows(rows=tuple(sorted(rows, key=lambda row: (row.feature or "", row.name))), **found_by(whole))


def _trend(days: Sequence[LearningDay]) -> RobustTrend:
    return robust_trend([day.start.astimezone(UTC) for day in days], [day.mean for day in days])


def _learning(row: dict[str, Any], days: list[LearningDay], trend: RobustTrend, p: float) -> Learning:
    times, values = [day.start.astimezone(UTC) for day in days], [day.mean for day in days]
    scale = (0.0, 1.0) if row["unit"] == _RATIO else (-math.inf, math.inf)
    lower = direction_of(row["name"]) == "lower"
    return Learning(
        feature=row["feature"],
        name=row["name"],
        unit=row["unit"],
        mean=mean_of(row["n"], row["mean"], row["std_dev"], scale),
        latest=days[-1].mean,
        confidence=or_nan(row["confidence"]),
        samples=row["samples"] if row["sized"] else math.nan,
        improvement_rate=or_nan(row["improvement_rate"]),
        trend=robust_direction(trend, linear_trend(times, values), lower_is_better=lower, p_value=p),
        slope_per_day=trend.slope_per_day,
        p_adjusted=p,
        days=tuple(days),
    )
