"""Means and shares with how sure one can be of them: from counts and spreads alone, however many values there are.

    mean    Student's t interval, cut at the ends of the scale that values have; none of fewer than two values, nor of
            values that do not vary, about which a spread of nothing would claim too much
    share   Wilson's interval (`agentgauge.analysis.proportions`)

Both suppose that values do not depend on each other.
"""

from __future__ import annotations

import math

import msgspec

from agentgauge.analysis.proportions import wilson
from agentgauge.service.reports.totals import ratio

CONFIDENCE = 0.95


class Mean(msgspec.Struct, frozen=True):
    n: int
    mean: float
    """NaN of nothing."""
    low: float
    """NaN where there is no interval; likewise `high`."""
    high: float


class Share(msgspec.Struct, frozen=True):
    of: int
    """How many have it."""
    n: int
    """Of how many."""
    share: float
    """NaN of nothing, as its limits."""
    low: float
    high: float


def mean_of(
    n: int, mean: float | None, std_dev: float | None, scale: tuple[float, float], confidence: float = CONFIDENCE
) -> Mean:
    """A mean of `n` values with the sample standard deviation `std_dev`, all between the two ends of `scale`."""
    from scipy.special import stdtrit

    if n == 0 or mean is None:
        return Mean(0, math.nan, math.nan, math.nan)
    if n == 1 or not std_dev:
        return Mean(n, mean, math.nan, math.nan)
    margin = float(stdtrit(n - 1, (1 + confidence) / 2)) * std_dev / math.sqrt(n)
    return Mean(n, mean, max(mean - margin, scale[0]), min(mean + margin, scale[1]))


def share_of(of: int, n: int, confidence: float = CONFIDENCE) -> Share:
    return Share(of, n, ratio(of, n), *wilson(of, n, confidence))
