"""Trends: whether a metric gets better or worse from day to day, and where its level shifted.

Over daily figures (`agentgauge.service.readings.series`), of days that are over: `slope`, `r_squared` and `p_value` are
those of the least-squares line, as everyone computes them. That p-value takes days for independent of each other, which
they are not, and finds trends where there are none; so what decides is the rank trend (`robust`), whose p-value holds
for days that resemble the day before. Where several are asked for at once it is adjusted for their number (Holm), and
shifts are looked for more strictly in each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from agentgauge.analysis.change_points import Shifts
from agentgauge.analysis.metrics import Metric, Per
from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.robust_trend import RobustTrend, robust_direction, trend_and_shifts
from agentgauge.analysis.trend import ALPHA, Direction, LinearTrend, linear_trend
from agentgauge.engines import Engine, Filter
from agentgauge.engines.answer import Way
from agentgauge.engines.time_buckets import bucket_time, zone_named
from agentgauge.errors import QueryError
from agentgauge.service.readings.series import Point, Series, metric_in, series_by
from agentgauge.service.window import Window

LOOKBACK_DAYS = 30
FEWEST_DAYS = 7
"""Days with values below which nothing is said."""
MOST_DAYS = 3660
"""All pairs of days are looked at: ten years of them take a second."""
_STRICTEST = 0.001
"""The smallest chance that shifts are told with: `change_points` simulates no more series."""


class Period(msgspec.Struct, frozen=True):
    start: datetime
    end: datetime
    """The first moment after it."""


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    key: str | None
    """The agent, the operation; None of all together, and of events that name none."""
    trend: Direction
    slope: float
    """Of the least-squares line, in the metric's unit per day; NaN, as what follows, of insufficient data."""
    r_squared: float
    p_value: float
    """Of that line, were days independent of each other."""
    p_adjusted: float
    """The rank trend's, adjusted for how many trends were asked for at once: it decides."""
    data_points: int
    """Days that are over and have values."""
    values: int
    """Operations, calls or measurements on these days."""
    robust: RobustTrend
    shifts: Shifts
    points: tuple[Point, ...]
    """All days of the period, those without values and those not over included."""
    empty_days: int
    """Days that are over and have no values: they are no points, and no zeros."""
    incomplete_days: int
    """Days that are only partly in the period, or not over: no points either."""
    unpriced_calls: int
    """Calls whose cost is not known: it is in no figure."""


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    lower_is_better: bool
    by: str | None
    period: Period
    time_zone: str
    trends: tuple[Trend, ...]
    """The least likely by chance first; without `by` there is exactly one."""
    tests: int
    """How many of them have enough days, and so were tested."""
    shift_alpha: float
    """How often a shift is found in each of them where there is none."""
    way: Way
    missing_before: datetime | None
    """Days before it are incomplete: events of them have expired."""


def lookback(days: int, zone: str, now: datetime) -> Window:
    """So many whole days of the zone, up to the one that `now` is in. Raises `QueryError` for less than one."""
    if not 1 <= days <= MOST_DAYS:
        raise QueryError(f"trends look back 1 to {MOST_DAYS} days, not {days}")
    clocks = zone_named(zone)
    today = now.astimezone(clocks).date().toordinal()
    start, end = (bucket_time("day", clocks, day).astimezone(UTC) for day in (today - days, today))
    return Window(start, end)


def trends(
    engine: Engine,
    metric_name: str,
    window: Window,
    *,
    zone: str,
    now: datetime,
    by: str | None = None,
    agent: str | None = None,
    role: str | None = None,
    filters: Sequence[Filter] = (),
    per: Per = "operation",
    lower_is_better: bool | None = None,
) -> Trends:
    """The trend of a metric over the days of a window, which `lookback` gives; with `by`, of each key of a dimension.

    Raises `QueryError` for a metric or a dimension that there is none of, and for more than ten years.
    """
    metric = metric_in(engine, metric_name, per=per, lower_is_better=lower_is_better)
    chosen = [*filters, *(Filter(name, "=", value) for name, value in (("agent", agent), ("role", role)) if value)]
    found = series_by(engine, metric, by, window, "day", zone, now, filters=chosen)
    if not found and by is None:
        found = {None: Series((), "raw")}
    days = max((len(series.points) for series in found.values()), default=0)
    if days > MOST_DAYS:
        raise QueryError(f"trends are of {MOST_DAYS} days at most, not {days}: ask for a shorter window")
    tests = sum(len(_known(series)) >= FEWEST_DAYS for series in found.values())
    shift_alpha = max(ALPHA / max(tests, 1), _STRICTEST)
    drawn = {key: _drawn(series, shift_alpha) for key, series in found.items()}
    adjusted = holm([robust.p_value for _, robust, _ in drawn.values()])
    return Trends(
        metric=metric.name,
        unit=metric.unit,
        lower_is_better=metric.lower_is_better,
        by=by,
        period=_period(window, found.values(), now),
        time_zone=zone,
        trends=tuple(
            sorted(
                (
                    _trend(key, found[key], metric, line, robust, shifts, p)
                    for (key, (line, robust, shifts)), p in zip(drawn.items(), adjusted, strict=True)
                ),
                key=lambda trend: (math.isnan(trend.p_adjusted), trend.p_adjusted, trend.robust.p_value),
            )
        ),
        tests=tests,
        shift_alpha=shift_alpha,
        way=next((series.way for series in found.values()), "raw"),
        missing_before=next((series.missing_before for series in found.values()), None),
    )


def _known(series: Series) -> list[Point]:
    """Days that are points of a trend."""
    return [point for point in series.points if point.complete and not math.isnan(point.value)]


def _drawn(series: Series, shift_alpha: float) -> tuple[LinearTrend, RobustTrend, Shifts]:
    known = _known(series)
    if len(known) < FEWEST_DAYS:
        known = []
    times, values = [point.start.astimezone(UTC) for point in known], [point.value for point in known]
    return linear_trend(times, values), *trend_and_shifts(times, values, shift_alpha=shift_alpha)


def _trend(
    key: str | None,
    series: Series,
    metric: Metric,
    line: LinearTrend,
    robust: RobustTrend,
    shifts: Shifts,
    p_adjusted: float,
) -> Trend:
    known, complete = _known(series), [point for point in series.points if point.complete]
    return Trend(
        key=key,
        trend=robust_direction(robust, line, lower_is_better=metric.lower_is_better, p_value=p_adjusted),
        slope=line.slope_per_day,
        r_squared=line.r_squared,
        p_value=line.p_value,
        p_adjusted=p_adjusted,
        data_points=len(known),
        values=sum(point.n for point in known),
        robust=robust,
        shifts=shifts,
        points=series.points,
        empty_days=len(complete) - len(known),
        incomplete_days=len(series.points) - len(complete),
        unpriced_calls=sum(point.unpriced_calls for point in series.points),
    )


def _period(window: Window, found: Iterable[Series], now: datetime) -> Period:
    """The window; where it has no start, from the first day that has one."""
    end = window.end or now
    starts = [series.points[0].start.astimezone(UTC) for series in found if series.points]
    return Period(window.start or min(starts, default=end), end)
