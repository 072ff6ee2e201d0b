"""Shares of units that succeeded: of one arm, of two that are independent, and of two on the same units.

    one share        interval of Wilson ("Probable inference, the law of succession, and statistical inference", 1927)
    two, apart       Fisher's exact test with mid-p (Lancaster, 1961; recommended by Lydersen, Fagerland and Laake,
                     "Recommended tests for association in 2x2 tables", Statistics in Medicine 28, 2009); interval of
                     Agresti and Caffo ("Simple and effective confidence intervals for proportions", The American
                     Statistician 54, 2000)
    two, paired      the exact test of McNemar (1947): of the units on which the two differ, half go either way by
                     chance; interval of Bonett and Price ("Adjusted Wald confidence interval for a difference of
                     binomial proportions based on paired data", Journal of Educational and Behavioral Statistics 37,
                     2012)
    effect           Cohen's h (Statistical Power Analysis for the Behavioral Sciences, 1988, chapter 6): 0.2 is
                     small, 0.5 medium, 0.8 large

`bench/comparison.py` prints their error rates beside those of alternatives. All p-values are two-sided.
"""

from __future__ import annotations

import math

Interval = tuple[float, float]

_SAME = 1e-9
"""Relative difference up to which two probabilities are the same one, computed in two orders."""


def wilson(successes: float, n: float, confidence: float) -> Interval:
    """Limits of a share; NaN of no units. Effective numbers, which need not be whole, are allowed."""
    if n == 0:
        return math.nan, math.nan
    z = _normal_quantile(confidence)
    share, spread = successes / n, z * z / n
    centre = share + spread / 2
    margin = z * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    low, high = (centre - margin) / (1 + spread), (centre + margin) / (1 + spread)
    return 0.0 if successes == 0 else low, 1.0 if successes == n else high


def agresti_caffo(first: int, n_first: int, second: int, n_second: int, confidence: float) -> Interval:
    """Limits of the first share less the second: each gets one success and one failure more."""
    if not n_first or not n_second:
        return math.nan, math.nan
    a, b = (first + 1) / (n_first + 2), (second + 1) / (n_second + 2)
    error = math.sqrt(a * (1 - a) / (n_first + 2) + b * (1 - b) / (n_second + 2))
    return _around(a - b, _normal_quantile(confidence) * error)


def fisher_mid_p(first: int, n_first: int, second: int, n_second: int) -> float:
    """The chance of a table as unlikely as this one or more, given its margins; of those as unlikely, half. 1 where
    the margins leave no other, NaN where a side is empty.
    """
    if not n_first or not n_second:
        return math.nan
    import numpy as np
    from scipy.special import betaln

    total = first + second
    possible = np.arange(max(0, total - n_second), min(n_first, total) + 1)
    if possible.size == 1:
        return 1.0
    # Of the hypergeometric distribution: the ways to have so many on the one side and the rest on the other.
    ways = -betaln(n_first - possible + 1, possible + 1) - betaln(n_second - total + possible + 1, total - possible + 1)
    chances = np.exp(ways - ways.max())
    chances /= chances.sum()
    own = chances[first - possible[0]]
    equal = np.abs(chances - own) <= _SAME * own
    return float(min(chances[(chances < own) & ~equal].sum() + chances[equal].sum() / 2, 1.0))


def bonett_price(only_first: int, only_second: int, n: int, confidence: float) -> Interval:
    """Limits of the first share less the second, over `n` units of which so many succeeded in one of the two only."""
    if n == 0:
        return math.nan, math.nan
    a, b = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    error = math.sqrt((a + b - (a - b) ** 2) / (n + 2))
    return _around(a - b, _normal_quantile(confidence) * error)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """The binomial test of the units on which the two differ; 1 where they differ on none."""
    from scipy.special import bdtr

    differing = only_first + only_second
    if differing == 0:
        return 1.0
    return float(min(2 * bdtr(min(only_first, only_second), differing, 0.5), 1.0))


def cohen_h(first: float, second: float) -> float:
    """The difference of two shares in angles, so that it is as easy to tell from chance wherever it lies."""
    return 2 * math.asin(math.sqrt(first)) - 2 * math.asin(math.sqrt(second))


def _around(centre: float, margin: float) -> Interval:
    return max(centre - margin, -1.0), min(centre + margin, 1.0)


def _normal_quantile(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))
