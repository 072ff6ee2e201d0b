"""Forecasts of what is used per day: cost, tokens, operations; and when a budget is used up.

The method is chosen by how well it would have done on the same series, and the intervals are as wide as the errors
that it would have made: `agentgauge.analysis.forecast_methods` has the methods, `agentgauge.analysis.forecast_backtest`
the intervals. Weekdays are told apart by methods that do so, which win where it helps; two weeks are the least for any.

    under 7 complete days    no forecast
    under 28                 their mean, or with 14 a method by default; no interval
    28 and more              intervals; beyond `tested_days` ahead, which could be tested, they are extrapolated

A forecast supposes that what comes is like what was. Costs some 20 ms for a year of days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import msgspec

from agentgauge.analysis.forecast_backtest import (
    Backtest,
    Coverage,
    backtest,
    coverage,
    measured_days,
    reach_of_days,
    reach_of_sums,
)
from agentgauge.analysis.forecast_methods import FIRST_ORIGIN, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_DAYS = 7
FEWEST_DAYS_OF_INTERVALS = 28
MOST_DAYS = 366
"""Of the past that is looked at, and ahead."""
BREAK_DAYS = 28
"""Empty days in a row that make a break: what the methods know of a level is nothing after them."""
_LEVELS = (0.8, 0.95)
_WEEK = 7


class Span(msgspec.Struct, frozen=True):
    """A figure and what it lies between in 80 and 95 of 100 cases; NaN where that cannot be said."""

    value: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    history_days: int
    """Complete days that it is from."""
    method: Method | Literal["mean", "none"]
    days: tuple[Span, ...]
    """Of each day ahead, the first first; none where there is too little history."""
    sums: tuple[Span, ...]
    """Of the first day, the first two and so on; their intervals are not sums of those of days."""
    tested_days: int
    """How far ahead sums could be tested; intervals of longer ones are extrapolated. 0: there are no intervals."""
    coverage: tuple[Coverage, ...]
    """How earlier intervals did: of one day, a week, and all days ahead, where these could be tested."""


def first_to_learn_from(used: Sequence[bool]) -> int:
    """Where in a series of days, each with anything or not, the past begins that says what comes; its length for none.

    After a break what was before it is left out: it makes intervals two to seven times as wide as they need be, as a
    simulation of a single break says. Where breaks recur they are how things go, and are learnt from: without them
    intervals hold much less than they say. A break recurs where two stretches or more of at least `FEWEST_DAYS` are
    before the last; shorter ones, such as a trial, are no sign of it.
    """
    days = [at for at, is_used in enumerate(used) if is_used]
    if not days:
        return len(used)
    begins = [days[0], *(after for before, after in pairwise(days) if after - before > BREAK_DAYS)]
    ends = [max(day for day in days if day < begin) for begin in begins[1:]]
    long = [begin for begin, end in zip(begins, ends, strict=False) if end - begin + 1 >= FEWEST_DAYS]
    return long[0] if len(long) > 1 else begins[-1]


def forecast(values: Sequence[float], days: int) -> Forecast:
    """The next `days` of a series of complete days, in order and without gaps; of more than 366 the newest are taken.

    Raises `ValueError` for values that are negative or not finite, and for days outside 1 to 366.
    """
    import numpy as np

    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a forecast is of 1 to {MOST_DAYS} days, got {days}")
    known = np.asarray(values, dtype=np.float64)[-MOST_DAYS:]
    if not np.isfinite(known).all() or (known < 0).any():
        raise ValueError("what is used per day is finite and not negative")
    if known.size < FEWEST_DAYS:
        return Forecast(history_days=known.size, method="none", days=(), sums=(), tested_days=0, coverage=())
    if known.size < FIRST_ORIGIN:
        path = np.full(days, known.mean())
        return _without_intervals(known.size, "mean", path)
    test = backtest(known, days)
    if known.size < FEWEST_DAYS_OF_INTERVALS:
        return _without_intervals(known.size, test.method[-1], test.paths[-1])
    return _with_intervals(known.size, test, days)


def _without_intervals(count: int, method: Method | Literal["mean"], path: NDArray[np.float64]) -> Forecast:
    import numpy as np

    def spans(figures: Sequence[float]) -> tuple[Span, ...]:
        return tuple(Span(figure, *(math.nan,) * 4) for figure in figures)

    return Forecast(
        history_days=count,
        method=method,
        days=spans(path.tolist()),
        sums=spans(np.cumsum(path).tolist()),
        tested_days=0,
        coverage=(),
    )


def _with_intervals(count: int, test: Backtest, days: int) -> Forecast:
    path, scale = test.paths[-1], float(test.scale[-1])
    of_days = [reach_of_days(test.day_errors, level) * scale for level in _LEVELS]
    of_sums = [reach_of_sums(test.sum_errors, level) * scale for level in _LEVELS]
    tested = sorted({ahead for ahead in (1, _WEEK, days) if ahead <= days})
    found = [coverage(test, ahead, level) for ahead in tested for level in _LEVELS]
    return Forecast(
        history_days=count,
        method=test.method[-1],
        days=_spans(path, of_days, growing=False),
        sums=_spans(path.cumsum(), of_sums, growing=True),
        tested_days=measured_days(test.sum_errors),
        coverage=tuple(figure for figure in found if figure.folds),
    )


def _spans(path: NDArray[np.float64], reaches: Sequence[NDArray[np.float64]], *, growing: bool) -> tuple[Span, ...]:
    """A figure is never below zero, a sum never below that of fewer days, and a wider interval holds a narrower one."""
    import numpy as np

    inner, outer = reaches[0], np.maximum(reaches[0], reaches[1])
    bounds = [path - inner, path + inner, path - outer, path + outer]
    bounds = [np.maximum(bound, 0.0) for bound in bounds]
    if growing:
        bounds = [np.maximum.accumulate(bound) for bound in bounds]
    return tuple(Span(*figures) for figures in zip(path.tolist(), *(bound.tolist() for bound in bounds), strict=True))


class Exhaustion(msgspec.Struct, frozen=True):
    """When a budget is used up, in days ahead, the first being 1; None is 'not within the days ahead'."""

    exhausted: bool
    """It is used up already."""
    day: int | None
    """By the forecast itself."""
    earliest_80: int | None
    latest_80: int | None
    earliest_95: int | None
    latest_95: int | None
    horizon_days: int


def budget_exhaustion(remaining: float, sums: Sequence[Span]) -> Exhaustion:
    """The day on which what is used from now on reaches what remains of a budget.

    What is used per day is not negative, so it is reached by a day exactly where the sum up to it is as large: the
    interval of the day is where the bounds of the sums reach it, and holds as often as theirs do. Without intervals,
    the days that need them are None. Raises `ValueError` where `remaining` is not finite.
    """
    if not math.isfinite(remaining):
        raise ValueError(f"what remains of a budget is a number, got {remaining}")
    if remaining <= 0:
        return Exhaustion(True, None, None, None, None, None, len(sums))

    def reached(figures: Sequence[float]) -> int | None:
        return next((day for day, figure in enumerate(figures, 1) if figure >= remaining), None)

    return Exhaustion(
        exhausted=False,
        day=reached([span.value for span in sums]),
        earliest_80=reached([span.high_80 for span in sums]),
        latest_80=reached([span.low_80 for span in sums]),
        earliest_95=reached([span.high_95 for span in sums]),
        latest_95=reached([span.low_95 for span in sums]),
        horizon_days=len(sums),
    )
