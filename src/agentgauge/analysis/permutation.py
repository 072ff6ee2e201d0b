"""Tests of two means by exchanging labels, and the intervals that agree with them.

    apart    Units change arms at random, and each time Welch's test is done (Welch, "The generalization of 'Student's'
             problem when several different population variances are involved", Biometrika 34, 1947). The p-value is the
             share of exchanges with one at most as large as that of the data. Where the arms do not differ at all it
             holds its level exactly, however skewed the values; where only the means are equal it holds for large
             samples (Janssen, "Studentized permutation tests for non-i.i.d. hypotheses and the generalized
             Behrens-Fisher problem", Statistics & Probability Letters 36, 1997), and nearly for small ones, because
             Welch's p-value and not his t is what is compared (Cohen and Fogarty, "Gaussian prepivoting for finite
             population causal inference", Journal of the Royal Statistical Society B 84, 2022).
    paired   The two values of a unit change places, which turns the sign of their difference (Fisher, The Design of
             Experiments, 1935, section 21).

Intervals of arms apart are Welch's with the critical value that the exchanges give in place of the table's: they leave
out 0 where the p-value is at most 1 - confidence, and only there. So are Student's of fewer than ten pairs. Of more the
interval is that of the symmetric studentised bootstrap: exchanges take differences for symmetric, which they are where
the arms do not differ, and else need not be.

Where all exchanges are few they are all done. Else 9,999 are drawn, of a hundred units and more fewer, the same for the
same data. Of more than 2,000 units the tables serve.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from agentgauge.analysis.bootstrap import FEWEST, SEED, symmetric_mean_limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

EXCHANGES = 9_999
"""Exchanges that are drawn, where all are more. Of more than a hundred units fewer: a test takes a tenth of a second at
most.
"""
_FEWEST_EXCHANGES, _VALUES, _VALUES_AT_ONCE = 1_999, 1_000_000, 250_000
_MOST_UNITS = 2_000
_SAME = 1e-9
"""Relative difference up to which two p-values are the same one, added up in two orders."""


class MeansTest(msgspec.Struct, frozen=True):
    """Of the first mean less the second. All NaN of fewer than two units a side."""

    p_value: float
    low: float
    high: float


def two_means(first: Values, second: Values, confidence: float, exchanges: int = EXCHANGES) -> MeansTest:
    """Whether the means of two independent samples differ. Where neither varies there is no interval."""
    import numpy as np
    from scipy.special import stdtrit

    n, m = first.size, second.size
    if n < 2 or m < 2:
        return MeansTest(math.nan, math.nan, math.nan)
    units, scale = _scaled(np.concatenate([first, second]))
    if scale == 0:
        return MeansTest(1.0, math.nan, math.nan)
    whole = (float(units.sum()), float(np.square(units).sum()))
    own = np.asarray([units[:n].sum(), np.square(units[:n]).sum()], dtype=np.float64)
    (p_of_data,), (error,), (freedom,) = _welch(own[:1], own[1:], n, *whole, m)
    p_value, critical = float(p_of_data), 1 - confidence
    if n + m <= _MOST_UNITS:
        drawn = [_welch(sums, squares, n, *whole, m)[0] for sums, squares in _exchanged(units, n, exchanges)]
        if math.comb(n + m, n) > exchanges:
            drawn.append(np.atleast_1d(p_of_data))
        exchanged = np.sort(np.concatenate(drawn))
        p_value = int(np.count_nonzero(exchanged <= p_value * (1 + _SAME))) / exchanged.size
        critical = float(exchanged[_rank(exchanged.size, confidence)])
    if error == 0 or critical == 0:
        return MeansTest(p_value, math.nan, math.nan)
    difference = float(first.mean() - second.mean())
    margin = scale * float(error * stdtrit(freedom, 1 - critical / 2))
    return MeansTest(p_value, difference - margin, difference + margin)


def paired_means(differences: Values, confidence: float, exchanges: int = EXCHANGES) -> MeansTest:
    """Whether the mean of differences is 0. Where they do not vary there is no interval."""
    import numpy as np
    from scipy.special import stdtr, stdtrit

    n = differences.size
    if n < 2:
        return MeansTest(math.nan, math.nan, math.nan)
    scale = float(np.abs(differences).max())
    if scale == 0:
        return MeansTest(1.0, math.nan, math.nan)
    units = differences / scale
    squares = float(np.square(units).sum())  # the same, whatever the signs, so that a sum says its t
    of_data = abs(float(_student(np.asarray(units.sum()), squares, n)))
    p_value, critical = float(2 * stdtr(n - 1, -of_data)), float(stdtrit(n - 1, (1 + confidence) / 2))
    if n <= _MOST_UNITS:
        drawn = [np.abs(_student(signs @ units, squares, n)) for signs in _signs(units, exchanges)]
        if 2**n > exchanges:
            drawn.append(np.atleast_1d(of_data))
        exchanged = np.sort(np.concatenate(drawn))[::-1]
        p_value = int(np.count_nonzero(exchanged >= of_data * (1 - _SAME))) / exchanged.size
        critical = float(exchanged[_rank(exchanged.size, confidence)])
    if FEWEST <= n <= _MOST_UNITS and math.isfinite(of_data):
        return MeansTest(p_value, *symmetric_mean_limits(differences, confidence))
    error = scale * float(units.std(ddof=1)) / math.sqrt(n)
    if not (math.isfinite(of_data) and math.isfinite(critical)):
        return MeansTest(p_value, math.nan, math.nan)
    mean = float(differences.mean())
    return MeansTest(p_value, mean - critical * error, mean + critical * error)


def _scaled(values: Values) -> tuple[Values, float]:
    """Values around 0 and within 1, of which squares neither overflow nor cancel; and what they were divided by."""
    import numpy as np

    centred = values - values.mean()
    scale = float(np.abs(centred).max())
    return (centred / scale if scale else centred), scale


def _rank(count: int, confidence: float) -> int:
    """Position, from the most extreme, of the first exchange that is not as extreme as (1 - confidence) of them."""
    return min(int((1 - confidence) * count + _SAME), count - 1)


def _welch(
    sums: Values, squares: Values, n: int, total: float, total_squares: float, m: int
) -> tuple[Values, Values, Values]:
    """p-value, standard error and degrees of freedom, where the n of the first sample add up so, of n + m in all."""
    import numpy as np
    from scipy.special import stdtr

    others, other_squares = total - sums, total_squares - squares
    first = _variance(sums, squares, n) / n
    second = _variance(others, other_squares, m) / m
    error = np.sqrt(first + second)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (first + second) ** 2 / (first**2 / (n - 1) + second**2 / (m - 1))
        t = np.abs(sums / n - others / m) / error
    p_values = np.where(error > 0, 2 * stdtr(np.where(error > 0, freedom, 1), -np.where(error > 0, t, 0)), 0.0)
    return p_values, error, freedom


def _variance(sums: Values, squares: Values, n: int) -> Values:
    """The sample variance; 0 where it is that of adding up."""
    import numpy as np

    deviations = squares - np.square(sums) / n
    return np.where(deviations > _SAME * _SAME * n, deviations, 0.0) / (n - 1)


def _student(sums: Values, squares: float, n: int) -> Values:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return sums / np.sqrt(n * _variance(sums, np.asarray(squares), n))


def _exchanged(units: Values, n: int, most: int) -> Iterator[tuple[Values, Values]]:
    """Sums and sums of squares of n units that are the first sample by chance, in chunks."""
    import numpy as np

    if math.comb(units.size, n) <= most:
        yield _sums(units[np.array(list(combinations(range(units.size), n)))])
        return
    random = _seeded(units)
    for rows in _chunks(units.size, most):
        yield _sums(random.permuted(np.broadcast_to(units, (rows, units.size)), axis=1)[:, :n])


def _sums(chosen: Values) -> tuple[Values, Values]:
    sums: Values = chosen.sum(axis=1)
    squares: Values = (chosen**2).sum(axis=1)
    return sums, squares


def _signs(units: Values, most: int) -> Iterator[Values]:
    """Rows of a sign for each unit, in chunks."""
    import numpy as np

    n = units.size
    if 2**n <= most:
        yield np.where((np.arange(2**n)[:, None] >> np.arange(n)) & 1, -1.0, 1.0)
        return
    random = _seeded(units)
    for rows in _chunks(n, most):
        yield np.where(random.integers(2, size=(rows, n), dtype=np.int8), -1.0, 1.0)


def _seeded(units: Values) -> np.random.Generator:
    """The same for the same data. Others have others: exchanges that served every question alike would be too strict,
    or too lax, for all of them at once.
    """
    import numpy as np

    return np.random.default_rng((SEED, crc32(np.argsort(units, kind="stable").tobytes())))


def _chunks(size: int, most: int) -> Iterator[int]:
    """Numbers of rows of so many values that are drawn at once, together as many exchanges as are drawn."""
    left = max(min(most, _VALUES // size), min(most, _FEWEST_EXCHANGES))
    while left > 0:
        rows = min(left, max(_VALUES_AT_ONCE // size, 1))
        yield rows
        left -= rows
