"""What a forecast would have been worth: made again from each day of the past, with what was known on that day.

From each day on, the method is taken whose sums of the next day, the next two and so on to a week have missed by least
so far, on average and with respect to the size of the figures; so errors are those of the choice too. They are taken as
multiples of the mean of the last four weeks before the day, or of its root, or as they are, by which they are most
alike in the first and second half of the past: of a series that grows, old errors then say how large new ones are.
Where there are eight weeks, what was forecast in the first four does not count.

An interval of so many days ahead is the forecast and to both sides

    the conformal quantile    the ceil((F + 1) level)-th of the sizes of the F errors, where they are worth at least
                              2 / (1 - level) independent ones (Vovk, Gammerman and Shafer, 2005)
    Student's t               times their root mean square, where they are worth fewer, but at least two: sums of days
                              are nearly normal
    what is longest           of the spans that were tested, for those beyond: growing as it last did, in proportion to
                              time at least

Sums are calibrated on the errors of sums: those of their days depend on each other. F overlapping sums of h days are
worth 3 h F / (2 h^2 + 1) independent ones (A. Lo and A. MacKinlay, "The size and power of the variance ratio test in
finite samples", Journal of Econometrics 40, 1989).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from agentgauge.analysis.forecast_methods import FIRST_ORIGIN, METHODS, Method, paths

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHOSEN_BY_DAYS = 7
_SIZE_DAYS = 28
_EXPONENTS = (1.0, 0.5, 0.0)
_FEWEST_INDEPENDENT = 2.0
_LARGEST_GROWTH = 1.5
"""Exponent of an error that grows with time: 1/2 of independent days, 1 of a wrong level, 3/2 of one that wanders."""


class Backtest(msgspec.Struct, frozen=True):
    """Forecasts from each day on: row i after `FIRST_ORIGIN` + i days, the last row after all of them."""

    method: tuple[Method, ...]
    """What was chosen on each day."""
    paths: NDArray[np.float64]
    scale: NDArray[np.float64]
    day_errors: NDArray[np.float64]
    """Actual less forecast over the scale, by (row, days ahead - 1); NaN of days to come and of what does not count."""
    sum_errors: NDArray[np.float64]
    """The same of the sums from the first day ahead on."""


def backtest(values: NDArray[np.float64], days: int) -> Backtest:
    """Of at least `FIRST_ORIGIN` values."""
    import numpy as np

    origins = np.arange(FIRST_ORIGIN, values.size + 1)
    every = np.stack([paths(method, values, days) for method in METHODS])
    ahead = origins[:, None] + np.arange(days)
    actual = np.where(ahead < values.size, values[np.minimum(ahead, values.size - 1)], math.nan)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(origins - _SIZE_DAYS, 0)
    size = (sums[origins] - sums[first]) / (origins - first)
    size = np.where(size > 0, size, float(values.mean()) or 1.0)
    chosen = _choice(every, actual, size)
    path = every[chosen, np.arange(origins.size)]
    missed = actual - path
    if values.size >= 2 * _SIZE_DAYS:
        missed[: _SIZE_DAYS - FIRST_ORIGIN] = math.nan
    scale = _scale(missed[:, 0], size)
    missed = missed / scale[:, None]
    return Backtest(tuple(METHODS[at] for at in chosen), path, scale, missed, np.cumsum(missed, axis=1))


def _scale(missed: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """The power of the size of the figures whose multiples one-day errors are most alike in, early and late."""
    import numpy as np

    early, late = np.array_split(np.flatnonzero(np.isfinite(missed)), 2)

    def unlike(exponent: float) -> float:
        first, second = (float(np.sum(np.abs(missed[of]) / size[of] ** exponent)) / of.size for of in (early, late))
        return abs(math.log(second / first)) if first > 0 and second > 0 else 0.0

    return size ** (min(_EXPONENTS, key=unlike) if late.size else _EXPONENTS[0])


def _choice(every: NDArray[np.float64], actual: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.int64]:
    """The method of each row: the least mean error of the rows whose days ahead were over by then."""
    import numpy as np

    ahead = min(_CHOSEN_BY_DAYS, actual.shape[1])
    missed = np.abs(np.cumsum(every[:, :, :ahead] - actual[None, :, :ahead], axis=2)).mean(axis=2) / size[None, :]
    rows = actual.shape[0]
    chosen = np.zeros(rows, dtype=np.int64)
    if rows > ahead:
        over = np.cumsum(missed[:, : rows - ahead], axis=1)
        chosen[ahead:] = over.argmin(axis=0)
    return chosen


def independent_sums(folds: int, days: int) -> float:
    """How many independent sums of `days` as many overlapping ones, each a day on, are worth."""
    return 3 * days * folds / (2 * days * days + 1)


def reach_of_sums(errors: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Of sums of 1, 2, ... days: how far to both sides the interval goes, as a multiple of the scale. NaN where nothing
    was measured."""
    import numpy as np

    reach, measured, root = _measured(errors, level, sums=True)
    if not 0 < measured < reach.size:
        return np.maximum.accumulate(reach)
    half = max(measured // 2, 1)
    short, long = float(root[half - 1]), float(root[measured - 1])
    growth = math.log(long / short) / math.log(measured / half) if half < measured and short > 0 < long else 1.0
    growth = min(max(growth, 1.0), _LARGEST_GROWTH)
    beyond = np.arange(measured + 1, reach.size + 1) / measured
    reach[measured:] = reach[measured - 1] * beyond**growth
    return np.maximum.accumulate(reach)


def reach_of_days(errors: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """The same of single days, each so many ahead; beyond what was measured it stays."""
    import numpy as np

    reach, measured, _ = _measured(errors, level, sums=False)
    if measured:
        reach[measured:] = reach[measured - 1]
    return np.maximum.accumulate(reach)


def measured_days(errors: NDArray[np.float64]) -> int:
    """The longest sum, in days, whose errors are worth enough independent ones to say how large they are."""
    return _measured(errors, 0.95, sums=True)[1]


def _measured(
    errors: NDArray[np.float64], level: float, *, sums: bool
) -> tuple[NDArray[np.float64], int, NDArray[np.float64]]:
    """Reach by days ahead, for how many of them it is measured, and the root mean squares of the errors."""
    import numpy as np

    folds, days = errors.shape
    reach, root = np.full(days, math.nan), np.full(days, math.nan)
    for ahead in range(1, days + 1):
        size = _sizes(errors[: max(folds - ahead, 0), ahead - 1])
        worth = independent_sums(size.size, ahead) if sums else size.size / 2  # days share the error of the level
        if worth < _FEWEST_INDEPENDENT:
            return reach, ahead - 1, root
        root[ahead - 1] = math.sqrt(float(np.mean(size**2)))
        reach[ahead - 1] = _reach(size, worth, level)
    return reach, days, root


def _sizes(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.abs(errors[np.isfinite(errors)])


def _reach(size: NDArray[np.float64], worth: float, level: float) -> float:
    import numpy as np
    from scipy.special import stdtrit

    rank = math.ceil((size.size + 1) * level)
    if worth >= 2 / (1 - level) and rank <= size.size:
        return float(np.partition(size, rank - 1)[rank - 1])
    return float(stdtrit(worth, (1 + level) / 2)) * math.sqrt(float(np.mean(size**2)))


class Coverage(msgspec.Struct, frozen=True):
    """How often intervals that could have been given in the past held what came."""

    days: int
    """Ahead; of the sum of so many."""
    level: float
    inside: int
    folds: int
    """Days of the past from which such an interval could be given and that are over; their sums overlap."""
    independent: float
    """What as many overlapping sums are worth."""


def coverage(test: Backtest, days: int, level: float) -> Coverage:
    """Of the sums of `days`, each interval made from what was over on its day."""
    errors = test.sum_errors[:, days - 1]
    rows = errors.size - days
    inside = folds = 0
    for row in range(rows):
        size = _sizes(errors[: max(row - days + 1, 0)])
        worth = independent_sums(size.size, days)
        if worth >= _FEWEST_INDEPENDENT:
            folds += 1
            inside += bool(abs(errors[row]) <= _reach(size, worth, level))
    return Coverage(days, level, inside, folds, independent_sums(folds, days))
