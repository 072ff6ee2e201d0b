"""Trends in words: whether a metric gets better or worse, by how much a day, and whether that is more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

from agentgauge.analysis.change_points import ChangePoint
from agentgauge.engines.time_buckets import zone_named
from agentgauge.service import wording
from agentgauge.service.reports.trends import Trend, Trends


def trend_sentence(answer: Trends, trend: Trend) -> str:
    """What was found, in one."""
    if trend.trend == "insufficient_data":
        had = wording.count_of(trend.data_points, "day")
        return f"Insufficient data: {had} with values, and 7 are needed."
    slope = a_day(trend.robust.slope_per_day, answer.unit)
    between = f"95 %: {limits(trend, answer.unit)}"
    if trend.trend == "stable":
        steady = "No steady trend, but shifts" if trend.shifts.points else "Stable"
        return f"{steady}: {slope} ({between}) cannot be told from chance ({chance(trend.p_adjusted)})."
    return f"{trend.trend.capitalize()}: {slope} ({between}; {chance(trend.p_adjusted)})."


def shift_sentence(answer: Trends, point: ChangePoint) -> str:
    before, after = (wording.number(level.mean, answer.unit) for level in (point.before, point.after))
    way = ("may have risen", "may have fallen") if point.is_unsure else ("rose", "fell")
    between = " to ".join(signed(limit, answer.unit) for limit in (point.low, point.high))
    return (
        f"The level {way[point.size < 0]} on {day(point.time, answer.time_zone)} from {before} to {after} "
        f"({signed(point.size, answer.unit)}; 95 %: {between}; {chance(point.p_value)})."
    )


def small_print(answer: Trends, trend: Trend) -> Iterator[str]:
    of = f"{wording.count_of(trend.data_points, 'day')} with {wording.count_of(trend.values, 'value')}"
    if trend.empty_days:
        of += f", {wording.count(trend.empty_days)} without"
    if trend.incomplete_days:
        of += f", {wording.count(trend.incomplete_days)} incomplete and left out"
    yield f"{of}."
    if trend.unpriced_calls:
        yield f"{wording.unpriced(trend.unpriced_calls)} and in no figure."
    if trend.trend != "insufficient_data":
        yield (
            f"Least squares: {a_day(trend.slope, answer.unit)}, r squared {trend.r_squared:.2f}, "
            f"{chance(trend.p_value)} if days did not depend on each other."
        )
        yield (
            f"A day resembles the one before by {trend.robust.autocorrelation:.2f}: "
            f"as good as {trend.robust.effective_n:.0f} independent days."
        )


def a_day(slope: float, unit: str) -> str:
    if slope == 0:
        return "no change a day"
    return f"{rough(abs(slope), unit)} {'more' if slope > 0 else 'less'} a day"


def limits(trend: Trend, unit: str) -> str:
    low, high = trend.robust.slope_low, trend.robust.slope_high
    return "" if math.isnan(low) else f"{signed(low, unit)} to {signed(high, unit)}"


def signed(value: float, unit: str) -> str:
    if math.isnan(value):
        return wording.NOTHING
    if math.isinf(value):
        return "any less" if value < 0 else "any more"
    return f"{'-' if value < 0 else '+'}{rough(abs(value), unit)}"


def rough(value: float, unit: str) -> str:
    """With two significant digits: more would claim what nobody knows of a slope."""
    rounded = float(f"{value:.2g}")
    return wording.number(rounded, unit) if unit in ("ms", "USD") or rounded >= 1 else f"{rounded:g}"


def chance(p_value: float) -> str:
    if math.isnan(p_value):
        return ""
    return "p < 0.001" if p_value < 0.0005 else f"p = {p_value:.3f}"


def day(time: datetime, zone_name: str) -> str:
    return f"{time.astimezone(zone_named(zone_name)):%a %Y-%m-%d}"
