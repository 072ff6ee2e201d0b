"""Forecasts in words, in every door: what is expected, between which figures, and what the forecast is from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from agentgauge.analysis.forecast import Span
from agentgauge.service import wording
from agentgauge.service.reports.forecast import Forecast


def sentence(answer: Forecast) -> str:
    what = {"cost": "Cost", "tokens": "Tokens", "operations": "Operations"}[answer.metric]
    ahead = wording.count_of((answer.last - answer.first).days + 1, "day")
    when = f"{what} of the next {ahead}, {answer.first.isoformat()} to {answer.last.isoformat()} ({answer.time_zone})"
    if answer.total is None and answer.unpriced_calls and not answer.history_days:
        return f"No forecast of {answer.metric}: nothing that was used on complete days has a price."
    if answer.total is None:
        had = wording.count_of(answer.history_days, "complete day")
        return f"Too little history for a forecast: {had} of {answer.metric}, and 7 are needed, 28 for intervals."
    expected = f"{when}: about {figure(answer.total.value, answer.unit)}"
    if answer.state == "no intervals":
        return f"{expected}."
    return (
        f"{expected}; {between(answer.total, 80, answer.unit)} in 80 of 100 cases, "
        f"{between(answer.total, 95, answer.unit)} in 95."
    )


def between(span: Span, level: int, unit: str) -> str:
    low, high = (span.low_80, span.high_80) if level == 80 else (span.low_95, span.high_95)
    return f"{figure(low, unit)} to {figure(high, unit)}"


def figure(value: float, unit: str) -> str:
    """With three significant digits: more would claim what nobody knows of days to come."""
    if not math.isfinite(value):
        return wording.NOTHING
    if unit == "USD":
        return (
            wording.money(Decimal(f"{value:.3g}")) if value < 100 else f"${wording.count(round(float(f'{value:.3g}')))}"
        )
    return wording.count(round(float(f"{value:.3g}"))) if value >= 10 or value == 0 else f"{value:.2g}"


def small_print(answer: Forecast) -> Iterator[str]:
    used = wording.money(answer.past_total) if answer.unit == "USD" else wording.count(int(answer.past_total))
    if answer.past:
        by = "" if answer.total is None else f"; by {answer.method}"
        days = wording.count_of(answer.history_days, "complete day")
        yield f"From {days} since {answer.past[0].day.isoformat()}, of {used} in all{by}."
    if answer.break_days:
        yield f"What was before a break of {wording.count_of(answer.break_days, 'day')} without anything is left out."
    if answer.unpriced_calls:
        yield f"{wording.unpriced(answer.unpriced_calls)}: their cost is in no figure."
    if answer.state == "no intervals":
        yield f"Intervals need {answer.needed_days} complete days."
    for ahead in sorted({each.days for each in answer.coverage}):
        yield _coverage(answer, ahead)
    if answer.state == "forecast" and answer.tested_days < len(answer.days):
        tested = wording.count_of(answer.tested_days, "day")
        yield f"Sums of more than {tested} could not be tested on so short a past; their intervals are extrapolated."


def _coverage(answer: Forecast, days: int) -> str:
    held = {round(each.level * 100): each for each in answer.coverage if each.days == days}
    one = next(iter(held.values()))
    what = "days" if days == 1 else f"sums of {days} days"
    worth = "" if days == 1 else f" (they overlap: worth about {max(one.independent, 1):.0f} that would not)"
    inside = " and ".join(f"{each.inside} were in the {level} % interval" for level, each in held.items())
    return f"Tested on the past: of {wording.count(one.folds)} {what}, {inside}{worth}."
