"""What a change brought, from pairs of a value before and a value after it.

    absolute   mean of after - before; interval and p-value of the paired t-test (Student, "The probable error of a
               mean", 1908)
    relative   how much of before: where all values are positive, the geometric mean of after / before, less 1, from
               the t-test of the logarithms ("t of logarithms"), in which halving and doubling weigh the same; else the
               sum of after over the sum of before, less 1, with a percentile-corrected bootstrap interval (BCa: Efron,
               "Better bootstrap confidence intervals", 1987; "bootstrap") and the p-value of the t-test of the
               differences, which are what is resampled

Intervals and p-values are two-sided and suppose that the pairs are independent of each other. Of fewer than two pairs
they are NaN, and so is what needs a bootstrap of fewer than ten. Pairs that all differ by the same have an interval of
no width, and a p-value of 0, or of 1 for no change.

Costs the import of SciPy at the first call; the bootstrap milliseconds, and a second of 100,000 pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal["t", "t of logarithms", "bootstrap", "none"]

_FEWEST_RESAMPLED = 10
"""Pairs below which resampling says too little: its intervals would be too narrow."""
_RESAMPLES, _FEWEST_RESAMPLES, _DRAWS, _DRAWS_AT_ONCE = 4000, 1000, 4_000_000, 1_000_000
_SEED = 20_251_215
"""The same data has the same interval every time."""


class Estimate(msgspec.Struct, frozen=True):
    value: float
    low: float
    high: float
    p_value: float
    """Of there being no change."""
    method: Method
    """How interval and p-value were found; none where there are none."""


class Change(msgspec.Struct, frozen=True):
    count: int
    mean_before: float
    mean_after: float
    absolute: Estimate
    """In the unit of the values."""
    relative: Estimate
    """A ratio: -0.2 is a fifth less."""


def paired_change(before: Sequence[float], after: Sequence[float], confidence: float = 0.95) -> Change:
    """The change over all pairs, with intervals of `confidence` (0-1). Raises `ValueError` for lists of two lengths,
    values that are not finite, and a confidence that is none.
    """
    import numpy as np

    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"each value before has one after: got {len(before)} and {len(after)}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("values before and after are finite")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, got {confidence}")
    if first.size == 0:
        nothing = Estimate(math.nan, math.nan, math.nan, math.nan, "none")
        return Change(0, math.nan, math.nan, nothing, nothing)
    with np.errstate(all="ignore"):  # figures too large for a double are infinite or NaN, and nothing is printed
        absolute = _t_estimate(second - first, confidence, "t")
        return Change(
            count=int(first.size),
            mean_before=float(first.mean()),
            mean_after=float(second.mean()),
            absolute=absolute,
            relative=_relative(first, second, confidence, absolute.p_value),
        )


def _relative(
    before: NDArray[np.float64], after: NDArray[np.float64], confidence: float, p_of_difference: float
) -> Estimate:
    import numpy as np

    if (before > 0).all() and (after > 0).all():
        of_logarithms = _t_estimate(np.log(after) - np.log(before), confidence, "t of logarithms")
        value, low, high = (
            float(np.expm1(figure)) for figure in (of_logarithms.value, of_logarithms.low, of_logarithms.high)
        )
        return Estimate(value, low, high, of_logarithms.p_value, of_logarithms.method)
    value = _ratio_of_sums(before, after)
    if before.size < _FEWEST_RESAMPLED or not math.isfinite(value):
        return Estimate(value, math.nan, math.nan, math.nan, "none")
    low, high = _bootstrap(before, after, confidence)
    return Estimate(value, low, high, p_of_difference, "bootstrap")


def _ratio_of_sums(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Change over the size of what was before: a loss that halves is a change of +0.5. NaN where before is 0."""
    total = float(before.sum())
    return float(after.sum() - total) / abs(total) if total else math.nan


def _t_estimate(differences: NDArray[np.float64], confidence: float, method: Method) -> Estimate:
    from scipy.special import stdtr, stdtrit

    count, mean = differences.size, float(differences.mean())
    if count < 2:
        return Estimate(mean, math.nan, math.nan, math.nan, "none")
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    if error == 0:
        return Estimate(mean, mean, mean, 0.0 if mean else 1.0, method)
    margin = float(stdtrit(count - 1, (1 + confidence) / 2)) * error
    p_value = 2 * float(stdtr(count - 1, -abs(mean / error)))
    return Estimate(mean, mean - margin, mean + margin, p_value, method)


def _bootstrap(before: NDArray[np.float64], after: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """BCa limits of the ratio of sums, pairs resampled together.

    After Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, equations 14.9, 14.10, 14.14 and 14.15.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    ratios = _resampled(before, after)
    centre = _ratio_of_sums(before, after)
    left_out_before, left_out_after = before.sum() - before, after.sum() - after
    jackknife = (left_out_after - left_out_before) / np.abs(left_out_before)
    jackknife = jackknife[np.isfinite(jackknife)]
    if ratios.size < _FEWEST_RESAMPLES / 2 or jackknife.size < 2:
        return math.nan, math.nan
    below = (np.count_nonzero(ratios < centre) + np.count_nonzero(ratios <= centre)) / 2 / ratios.size
    if below in (0.0, 1.0):
        return centre, centre
    bias = ndtri(below)
    spread = jackknife.mean() - jackknife
    widest = np.abs(spread).max()
    spread = spread / widest if widest else spread  # of which powers are taken: they are not to overflow
    squares = np.square(spread).sum()
    acceleration = (spread**3).sum() / (6 * squares**1.5) if squares else 0.0
    limits = bias + ndtri([(1 - confidence) / 2, (1 + confidence) / 2])
    shares = ndtr(bias + limits / (1 - acceleration * limits))
    if not np.isfinite(shares).all():
        return math.nan, math.nan
    low, high = np.quantile(ratios, shares)
    return float(low), float(high)


def _resampled(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratios of sums of pairs drawn with replacement; those over 0 are left out."""
    import numpy as np

    count, random = before.size, np.random.default_rng(_SEED)
    wanted = max(min(_RESAMPLES, _DRAWS // count), _FEWEST_RESAMPLES)
    parts: list[NDArray[np.float64]] = []
    while wanted > 0:
        rows = min(wanted, max(_DRAWS_AT_ONCE // count, 1))
        drawn = random.integers(count, size=(rows, count))
        totals = before[drawn].sum(axis=1)
        parts.append((after[drawn].sum(axis=1) - totals) / np.abs(totals))
        wanted -= rows
    ratios: NDArray[np.float64] = np.concatenate(parts)
    return ratios[np.isfinite(ratios)]
