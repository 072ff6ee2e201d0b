"""What a change brought, from pairs of a value before and a value after it.

    absolute   mean of after - before; interval and p-value of the paired t-test (Student, "The probable error of a
               mean", 1908)
    relative   how much of before: where all values are positive, the geometric mean of after / before, less 1, from
               the t-test of the logarithms ("t of logarithms"), in which halving and doubling weigh the same; else the
               sum of after over the sum of before, less 1, with a bootstrap interval ("bootstrap"; see
               `agentgauge.analysis.bootstrap`) and the p-value of the t-test of the differences, which are what is
               resampled

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

from agentgauge.analysis import bootstrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal["t", "t of logarithms", "bootstrap", "none"]


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
    if before.size < bootstrap.FEWEST or not math.isfinite(value):
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
    """BCa limits of the ratio of sums, pairs resampled together; resamples and jackknife values over 0 are left out."""
    import numpy as np

    sums = bootstrap.resampled_sums(
        np.stack([before, after], axis=1),
        np.random.default_rng(bootstrap.SEED),
        bootstrap.resamples_for(before.size),
    )
    totals, after_totals = sums[:, 0], sums[:, 1]
    without_before, without_after = before.sum() - before, after.sum() - after
    jackknife = (without_after - without_before) / np.abs(without_before)
    jackknife = jackknife[np.isfinite(jackknife)]
    return bootstrap.bca_limits(
        (after_totals - totals) / np.abs(totals),
        _ratio_of_sums(before, after),
        jackknife.mean() - jackknife if jackknife.size else jackknife,
        confidence,
    )
