"""Trends: the straight line through values over time, and whether it can be told from chance.

Ordinary least squares of the values on their times. The slope is tested against zero with Student's t,

    slope = Sxy / Sxx      r^2 = Sxy^2 / (Sxx Syy)      t = slope / sqrt((Syy - slope Sxy) / ((n - 2) Sxx))

on n - 2 degrees of freedom, two-sided (Draper and Smith, Applied Regression Analysis, 3rd edition, 1.4; what
`scipy.stats.linregress` computes). The test assumes that what scatters around the line does so independently: where a
slow hour makes its neighbours slow too, p-values come out too small.

Pure functions; a hundred thousand values take some 70 ms, SciPy is loaded when first asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

Direction = Literal["improving", "degrading", "stable", "insufficient_data"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

FEWEST = 3
"""Values that a line and its error need: two give the line, a third one scatters around it."""

ALPHA = 0.05
"""How often a series that has no trend is said to have one."""

_DAY = timedelta(days=1)
_ROUNDING = 8 * 2.0**-52
"""Relative differences up to this are those of adding floats up, not of what was measured."""


class LinearTrend(msgspec.Struct, frozen=True):
    """A line through values over time. All but `n` is NaN where there is no line: fewer than three values, or all at
    one time.
    """

    n: int
    slope_per_day: float
    """Change of the value per 24 hours."""
    intercept: float
    """The line's value at the first of the times."""
    slope_error: float
    """Standard error of the slope."""
    r_squared: float
    """Share of the values' variance that the line accounts for, 0 to 1; 0 where they do not vary."""
    p_value: float
    """Chance of a slope as far from zero as this where there is no trend; 1 where the values do not vary."""

    @property
    def strength(self) -> float:
        """The absolute correlation of value and time, 0 to 1: the root of `r_squared`."""
        return math.sqrt(self.r_squared)


def linear_trend(times: Sequence[datetime], values: Sequence[float]) -> LinearTrend:
    """The least-squares line of `values` at `times`, which are aware and in any order.

    Raises `ValueError` where the two differ in length or a value is not finite.
    """
    if len(times) != len(values):
        raise ValueError(f"{len(times)} times for {len(values)} values")
    if not all(map(math.isfinite, values)):
        raise ValueError("a trend is of finite values")
    n = len(values)
    first = min(times, default=None)
    if first is None or n < FEWEST:
        return _no_line(n)
    days = [(moment - first) / _DAY for moment in times]
    unit = max(map(abs, values)) or 1.0  # squares of very large and very small values would not be floats
    scaled = [value / unit for value in values]
    mean_x, mean_y = math.fsum(days) / n, math.fsum(scaled) / n
    sxx = math.fsum((x - mean_x) ** 2 for x in days)
    if sxx == 0:
        return _no_line(n)
    syy = math.fsum((y - mean_y) ** 2 for y in scaled)
    if syy <= n * (_ROUNDING * mean_y) ** 2:
        return LinearTrend(n, 0.0, mean_y * unit, 0.0, 0.0, 1.0)
    sxy = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(days, scaled, strict=True))
    slope = sxy / sxx
    r_squared = min(sxy * sxy / (sxx * syy), 1.0)
    error = math.sqrt((1 - r_squared) * syy / sxx / (n - 2))
    intercept = mean_y - slope * mean_x
    return LinearTrend(n, slope * unit, intercept * unit, error * unit, r_squared, _p_value(r_squared, n))


def direction(trend: LinearTrend, *, lower_is_better: bool, alpha: float = ALPHA) -> Direction:
    """Which way a trend goes, in the words that are used everywhere.

    `stable`: no slope that could be told from chance at `alpha`, which is not proof of none.
    """
    if math.isnan(trend.p_value):
        return "insufficient_data"
    if trend.p_value >= alpha:
        return "stable"
    return "improving" if (trend.slope_per_day < 0) == lower_is_better else "degrading"


def _no_line(n: int) -> LinearTrend:
    return LinearTrend(n, *(math.nan,) * 5)


def _p_value(r_squared: float, n: int) -> float:
    """Two-sided, from t^2 = (n - 2) r^2 / (1 - r^2)."""
    if r_squared >= 1:
        return 0.0
    from scipy.special import stdtr  # deferred: who only records never needs it

    freedom = n - 2
    return float(2 * stdtr(freedom, -math.sqrt(freedom * r_squared / (1 - r_squared))))
