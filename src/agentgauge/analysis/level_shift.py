"""Whether the newest of several alike figures is worse than those before it, for many series at once.

    t = (newest - mean of those before) / (s sqrt(max(1, n / n of the newest) + 1 / k))

s is the sample standard deviation of the k figures before, so whatever days differ by counts, and not only what chance
makes of single values. Of fewer values than is usual (n: the median of those before) a figure scatters more; how much
of s is of that is not known, and all is supposed to be. p is one-sided, by Student's t with k - 1 degrees of freedom:
the prediction of one further normal value (G. Hahn and W. Meeker, Statistical Intervals, 1991, 4.7). Figures that
resemble the one before them (a slow drift) are found worse more often than p says.

Means of long-tailed values are compared by logarithms, shares by the arcsine of their root, of which n values alone
have the variance 1 / 4n. Pure functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scale = Literal["log", "share", "linear"]
FEWEST = 7
"""Figures before, below which nothing is said."""
_ROUNDING = 1e-9
"""Of the size of figures: a scatter below it is that of adding floats up."""


class Shift(NamedTuple):
    """Of each series; NaN where too little is known."""

    expected: NDArray[np.float64]
    """The middle of the figures before, in their unit."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """Where 95 of 100 further figures would be."""
    p_value: NDArray[np.float64]
    """The chance of a figure as bad, where nothing shifted."""
    before: NDArray[np.float64]
    """How many figures it is compared with."""
    nearest: NDArray[np.int64]
    """The first column of those, and the last."""
    farthest: NDArray[np.int64]


def newest_against_before(
    newest: NDArray[np.float64],
    newest_n: NDArray[np.float64],
    before: NDArray[np.float64],
    before_n: NDArray[np.float64],
    *,
    scale: Scale,
    lower_is_better: bool,
) -> Shift:
    """A row of `before` is a series; what is NaN is not there. Figures of the scale `log` that are not above 0 are
    none."""
    import numpy as np
    from scipy.special import stdtr, stdtrit

    with np.errstate(all="ignore"):
        past, now = _scaled(before, scale), _scaled(newest, scale)
        known = np.isfinite(past)
        k = known.sum(axis=1).astype(np.float64)
        enough = (k >= FEWEST) & np.isfinite(now)
        past, weights = np.where(known, past, 0.0), np.where(known, before_n, np.nan)
        middle = past.sum(axis=1) / k
        variance = np.where(known, (past - middle[:, None]) ** 2, 0.0).sum(axis=1) / (k - 1)
        usual = np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in weights])
        own = variance * np.maximum(usual / newest_n, 1.0)
        if scale == "share":
            own = np.maximum(own, 1 / (4 * newest_n))
        error = np.sqrt(own + variance / k)
        error = np.maximum(error, _ROUNDING * np.maximum(np.abs(middle), 1.0))
        worse = (now - middle if lower_is_better else middle - now) / error
        p = stdtr(k - 1, -worse)
        reach = stdtrit(k - 1, 0.975) * error
        found = (middle, middle - reach, middle + reach)
        expected, low, high = (np.where(enough, _back(each, scale), np.nan) for each in found)
    columns = known.shape[1]
    nearest, farthest = known.argmax(axis=1), columns - 1 - known[:, ::-1].argmax(axis=1)
    return Shift(expected, low, high, np.where(enough, p, np.nan), k, nearest, farthest)


def _scaled(values: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    import numpy as np

    if scale == "log":
        return np.log(np.where(values > 0, values, np.nan))
    return np.arcsin(np.sqrt(values)) if scale == "share" else values


def _back(scaled: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    import numpy as np

    if scale == "log":
        return np.exp(scaled)
    if scale == "share":
        return np.asarray(np.sin(np.clip(scaled, 0.0, np.pi / 2)) ** 2)
    return scaled
