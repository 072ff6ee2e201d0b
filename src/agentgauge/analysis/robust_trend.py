"""Trends that neither an outlier nor a day's likeness to the next can feign: Theil-Sen and Mann-Kendall.

    slope      the median of the slopes between all pairs of values (Theil, 1950), with the limits of P. K. Sen,
               "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968
    S          pairs that rise less pairs that fall (H. B. Mann, "Nonparametric tests against trend", Econometrica 13,
               1945), its variance corrected for ties (M. G. Kendall, Rank Correlation Methods, 1975)
    variance   times the factor by which autocorrelation inflates it, after K. H. Hamed and A. R. Rao, "A modified
               Mann-Kendall trend test for autocorrelated data", Journal of Hydrology 204, 1998

Hamed and Rao estimate each lag's autocorrelation by itself, which a month of values says too little about: their test
finds trends in 9 to 27 of 100 trendless series where 5 were asked for. Here all lags follow from the first, as in a
first-order autoregressive series: phi is found from the ranks of what is left beside the line, corrected for the bias
that fitting the line brings (n phi' = (n - 4) phi - 2: D. Tjostheim and J. Paulsen, "Bias of some commonly-used time
series estimates", Biometrika 70, 1983) and never below 0, and the rank correlation at lag k is 6 / pi asin(phi^k / 2).
S over its standard error goes by Student's t with as many degrees of freedom as there are independent values that would
say as much, n (1 - phi) / (1 + phi). `bench/trend_levels.py` measures how often this and the alternatives find a trend
where there is none; docs/trends.md has its table.

Autocorrelation is that of each value and the next, whatever the time between them. Pure functions; 90 values take half
a millisecond, 365 some 10, 3,650 a second and 200 MB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from agentgauge.analysis.change_points import Shifts, change_points
from agentgauge.analysis.ranks import average_ranks
from agentgauge.analysis.trend import ALPHA, Direction, LinearTrend

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST = 7
"""Values below which nothing is said: even 7 that rise without exception reach a p-value of 0.03 only."""

_DAY = timedelta(days=1)
_LARGEST_PHI = 0.98
_ROUNDING = 1e-12
"""Relative differences up to this are those of adding floats up."""


class RobustTrend(msgspec.Struct, frozen=True):
    """All but `n` is NaN of fewer than seven values."""

    n: int
    slope_per_day: float
    """The Theil-Sen slope: change of the value per 24 hours."""
    slope_low: float
    slope_high: float
    """Sen's limits of the slope, widened for autocorrelation; infinite where the values are too few for a limit."""
    tau: float
    """Kendall's tau-b of value and time, -1 to 1; 0 where the values do not vary."""
    autocorrelation: float
    """Of a value and the next, less the trend; 0 to 0.98."""
    effective_n: float
    """How many independent values would say as much."""
    p_value: float
    """Chance of an S as far from zero as this where there is no trend; 1 where the values do not vary."""


def trend_and_shifts(
    times: Sequence[datetime], values: Sequence[float], *, shift_alpha: float = ALPHA
) -> tuple[RobustTrend, Shifts]:
    """The trend, and where the level shifted: where it did, days beside each other are alike for that reason too.

    A shift looks like autocorrelation from the line, and would hide the trend that it makes; so where one is found,
    the autocorrelation about the levels counts if it is smaller. That costs one false alarm in 100 at most. Times
    increase. Raises `ValueError` as `robust_trend` and `change_points` do.
    """
    shifts = change_points(times, values, alpha=shift_alpha)
    largest_phi = shifts.autocorrelation if shifts.points else _LARGEST_PHI
    return robust_trend(times, values, largest_phi=largest_phi), shifts


def robust_trend(
    times: Sequence[datetime],
    values: Sequence[float],
    *,
    confidence: float = 0.95,
    largest_phi: float = _LARGEST_PHI,
) -> RobustTrend:
    """The trend of values at times, which are aware, all different and in any order.

    `largest_phi` is an autocorrelation that is known not to be exceeded. Raises `ValueError` where the two differ in
    length, a time is there twice or a value is not finite.
    """
    import numpy as np

    if len(times) != len(values):
        raise ValueError(f"{len(times)} times for {len(values)} values")
    if len(set(times)) < len(times):
        raise ValueError("a robust trend has one value at a time")
    if not all(map(math.isfinite, values)):
        raise ValueError("a trend is of finite values")
    n = len(values)
    if n < FEWEST:
        return RobustTrend(n, *(math.nan,) * 7)
    first = min(times)
    x = np.array([(moment - first) / _DAY for moment in times])
    order = np.argsort(x)
    x, y = x[order], np.asarray(values, dtype=np.float64)[order]
    slopes, s = _pairs(x, y)
    slope = float(np.median(slopes))
    phi = min(_autocorrelation(y - slope * x, float(np.abs(y).max())), largest_phi)
    variance = variance_of_s(y) * variance_inflation(_rank_correlations(phi, n), n)
    effective = n * (1 - phi) / (1 + phi)
    freedom = max(effective, 1.0)
    low, high = sen_limits(slopes, _t_quantile(freedom, confidence) * math.sqrt(variance))
    return RobustTrend(
        n=n,
        slope_per_day=slope,
        slope_low=low,
        slope_high=high,
        tau=_tau(s, y),
        autocorrelation=phi,
        effective_n=effective,
        p_value=_p_value(s, variance, freedom),
    )


def robust_direction(
    trend: RobustTrend,
    line: LinearTrend,
    *,
    lower_is_better: bool,
    p_value: float | None = None,
    alpha: float = ALPHA,
) -> Direction:
    """Which way the values go, by the rank trend and its p-value, or by another one adjusted for many trends.

    `line` is the least-squares line through the same values. Where ranks rise and the line falls, an outlier has it
    fall, there is no way that all could agree on: that is `stable`, as what could not be told from chance.
    """
    p = trend.p_value if p_value is None else p_value
    if math.isnan(p):
        return "insufficient_data"
    if p >= alpha or trend.tau * line.slope_per_day <= 0:
        return "stable"
    return "improving" if (trend.tau < 0) == lower_is_better else "degrading"


def _pairs(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """The slopes between all pairs of points, sorted, and Mann's S."""
    import numpy as np

    before, after = np.triu_indices(len(y), 1)
    rises = y[after] - y[before]
    s = int(np.sign(rises).sum())
    slopes = rises / (x[after] - x[before])
    slopes.sort()
    return slopes, s


def sen_limits(slopes: NDArray[np.float64], margin: float) -> tuple[float, float]:
    """Limits of the median of sorted slopes, of which S scatters by `margin`: Sen's equation 2.6.

    Of so few that the limit lies beyond them all it is infinite.
    """
    import numpy as np

    count = len(slopes)
    below, above = int(np.round((count - margin) / 2)) - 1, int(np.round((count + margin) / 2))
    # Counted from 0: the limits are the slopes of rank (count -+ margin) / 2, the upper one the next after it.
    return (float(slopes[below]) if below >= 0 else -math.inf, float(slopes[above]) if above < count else math.inf)


def variance_of_s(values: NDArray[np.float64]) -> float:
    """Of independent values in no order: n (n - 1) (2n + 5) / 18, less as much for each group of equal ones."""
    import numpy as np

    _, ties = np.unique(values, return_counts=True)
    sizes = np.array([len(values), *ties[ties > 1]], dtype=np.float64)
    parts = sizes * (sizes - 1) * (2 * sizes + 5)
    return float(2 * parts[0] - parts.sum()) / 18


def variance_inflation(rank_correlations: NDArray[np.float64], n: int) -> float:
    """How many times larger autocorrelation makes the variance of S: Hamed and Rao, their n / n*.

    `rank_correlations` are those of the ranks at lag 1, 2, ..., as many as count.
    """
    import numpy as np

    lag = np.arange(1, len(rank_correlations) + 1)
    weights = (n - lag) * (n - lag - 1.0) * (n - lag - 2.0)
    return 1 + 2 / (n * (n - 1.0) * (n - 2.0)) * float(weights @ rank_correlations)


def _rank_correlations(phi: float, n: int) -> NDArray[np.float64]:
    """Of a normal first-order autoregressive series, at every lag."""
    import numpy as np

    return 6 / np.pi * np.arcsin(phi ** np.arange(1.0, n - 2) / 2)


def _autocorrelation(rest: NDArray[np.float64], size: float) -> float:
    """phi of what is left beside a line, from its ranks. What rounding left is nothing."""
    import numpy as np

    n = len(rest)
    if size:
        rest = np.round((rest - np.median(rest)) / size / _ROUNDING)
    ranks = average_ranks(rest) - (n + 1) / 2
    squares = float(ranks @ ranks)
    if squares == 0:
        return 0.0
    found = 2 * math.sin(math.pi / 6 * float(ranks[1:] @ ranks[:-1]) / squares)
    return min(max((n * found + 2) / (n - 4), 0.0), _LARGEST_PHI)


def _tau(s: int, values: NDArray[np.float64]) -> float:
    import numpy as np

    n = len(values)
    _, ties = np.unique(values, return_counts=True)
    pairs = n * (n - 1) / 2
    different = pairs - float((ties * (ties - 1)).sum()) / 2
    return s / math.sqrt(pairs * different) if different else 0.0


def _p_value(s: int, variance: float, freedom: float) -> float:
    """Two-sided, of S one nearer to zero: it takes whole values."""
    from scipy.special import stdtr

    if s == 0 or variance == 0:
        return 1.0
    return float(2 * stdtr(freedom, -(abs(s) - 1) / math.sqrt(variance)))


def _t_quantile(freedom: float, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))
