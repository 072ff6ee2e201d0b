"""Trends and correlations as a person would say them, and whether they are more than chance explains."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from agentgauge.analysis.correlation import Correlation
from agentgauge.service import short_wording, wording
from agentgauge.service.reports.trends import FEWEST_DAYS, Trend, Trends
from agentgauge.service.trend_wording import chance, rough, shift_sentence

_VERBS = {"execution_time": "takes", "latency": "takes", "cost": "costs", "tokens": "uses"}


def figure(value: float, unit: str) -> str:
    """A figure of a metric, as short as a page has it."""
    match unit:
        case "ms":
            return short_wording.duration(value)
        case "USD":
            return wording.NOTHING if math.isnan(value) else short_wording.money(Decimal(repr(value)))
        case "token":
            return short_wording.large_count(value)
        case "0-100":
            return short_wording.score(value)
        case _:
            return wording.number(value, unit)


def plain_trend(answer: Trends, trend: Trend, subject: str | None = None) -> str:
    """`review takes 41 ms more each day; this is more than chance explains (p = 0.002 after correction for 12
    tests).`
    """
    name = subject or trend.key or "What names none"
    if trend.trend == "insufficient_data":
        days = wording.count_of(trend.data_points, "day")
        return f"{name}: too little to say, {days} with values of the {FEWEST_DAYS} that are needed."
    told = chance(trend.p_adjusted) + (f" after correction for {answer.tests} tests" if answer.tests > 1 else "")
    if trend.trend == "stable":
        if trend.shifts.points:
            return f"{name}: no steady change is shown ({told}), but its level shifted."
        return f"{name}: no change is shown ({told})."
    slope = trend.robust.slope_per_day
    size = rough(abs(slope), answer.unit) + (" tokens" if answer.metric == "tokens" else "")
    verb, more = _VERBS.get(answer.metric), "more" if slope > 0 else "less"
    what = f"{verb} {size} {more}" if verb else f"has {size} {more} {answer.metric.replace('_', ' ')}"
    return f"{name} {what} each day; this is more than chance explains ({told})."


def plain_shifts(answer: Trends, trend: Trend, subject: str | None = None) -> Iterator[str]:
    """`review: The level rose on Wed 2026-11-12 from 40.1 s to 65.0 s (...).` for each, and whether a slope tells as
    much.
    """
    name = subject or trend.key or "What names none"
    for point in trend.shifts.points:
        yield f"{name}: {shift_sentence(answer, point)}"
    if trend.shifts.points and trend.r_squared >= trend.shifts.r_squared:
        yield f"{name}: a steady slope describes these days as well as such steps do."


def plain_correlation(pair: Correlation) -> str:
    """`rise together`, `one rises as the other falls`, `none is shown`."""
    if not pair.shown:
        return "none is shown" if not math.isnan(pair.rho) else "too few to say"
    return "rise together" if pair.rho > 0 else "one rises as the other falls"
