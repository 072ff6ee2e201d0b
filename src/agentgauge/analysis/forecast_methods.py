"""Ways to forecast a daily series, each from every day on, so that they can be compared on the same past.

    mean of four weeks      the same every day: the mean of the last 28 days
    same weekday last week  the last seven days again ("seasonal naive")
    mean of weekdays        the mean of each weekday over the last eight weeks
    weekdays and trend      least squares of a line and a step for each weekday, over the last eight weeks
    damped trend            exponential smoothing of level and trend (Gardner and McKenzie, "Forecasting trends in time
                            series", Management Science 31, 1985)
    damped Holt-Winters     the same with weekdays that are smoothed too (P. Winters, "Forecasting sales by
                            exponentially weighted moving averages", Management Science 6, 1960)

The recursions of the last two are those of Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd
edition, 8.2 and 8.3, additive. They begin with the means of the first two weeks and no trend; the smoothing constants
are those of a grid with the least sum of squared one-day errors so far.

Only the past of a day is used for what is forecast from it. Forecasts are not below zero, and what is left below a
millionth of the largest value is none: smoothing never quite forgets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal[
    "mean of four weeks",
    "mean of weekdays",
    "same weekday last week",
    "weekdays and trend",
    "damped trend",
    "damped Holt-Winters",
]
METHODS: tuple[Method, ...] = get_args(Method)

FIRST_ORIGIN = 14
"""Days before the first forecast: each weekday twice."""
_WEEK, _FOUR_WEEKS, _EIGHT_WEEKS = 7, 28, 56
_ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
_TRENDS = ((0.0, 1.0), (0.05, 0.9), (0.05, 0.98), (0.2, 0.9), (0.2, 0.98))
"""beta* and phi; the first is no trend."""
_GAMMAS = (0.05, 0.2)
_NOTHING = 1e-6
"""Of the largest value."""


def paths(method: Method, values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    """What is forecast for the next `days`, from what `FIRST_ORIGIN` values say on; the last row is from all values."""
    import numpy as np

    found = _PATHS[method](values, days)
    return np.where(found > _NOTHING * np.max(values), found, 0.0)


def _mean(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    import numpy as np

    sums = np.concatenate([[0.0], np.cumsum(values)])
    origins = np.arange(FIRST_ORIGIN, values.size + 1)
    first = np.maximum(origins - _FOUR_WEEKS, 0)
    return np.repeat(((sums[origins] - sums[first]) / (origins - first))[:, None], days, axis=1)


def _last_week(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    import numpy as np

    origins = np.arange(FIRST_ORIGIN, values.size + 1)
    same_days: NDArray[np.float64] = values[origins[:, None] - _WEEK + np.arange(days) % _WEEK]
    return same_days


def _weekdays(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    return _by_windows(values, days, _weekday_means)


def _weekdays_and_trend(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    return _by_windows(values, days, _weekday_trend)


def _by_windows(
    values: NDArray[np.float64], days: int, weights: Callable[[int, int], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Forecasts that are sums of the last whole weeks, eight at most, with weights that are the same on every day."""
    import numpy as np

    found = np.empty((values.size + 1 - FIRST_ORIGIN, days))
    for length in range(FIRST_ORIGIN, _EIGHT_WEEKS + 1, _WEEK):
        last = values.size + 1 if length == _EIGHT_WEEKS else min(length + _WEEK, values.size + 1)
        if last > length:
            windows = np.lib.stride_tricks.sliding_window_view(values, length)
            found[length - FIRST_ORIGIN : last - FIRST_ORIGIN] = (
                windows[: last - length] if length == _EIGHT_WEEKS else _ending(values, length, last)
            ) @ weights(length, days)
    return found


def _ending(values: NDArray[np.float64], length: int, last: int) -> NDArray[np.float64]:
    import numpy as np

    return np.array([values[origin - length : origin] for origin in range(length, last)])


@lru_cache(maxsize=64)
def _weekday_means(length: int, days: int) -> NDArray[np.float64]:
    import numpy as np

    same = np.arange(length)[:, None] % _WEEK == np.arange(days)[None, :] % _WEEK
    means: NDArray[np.float64] = same / (length / _WEEK)
    return means


@lru_cache(maxsize=64)
def _weekday_trend(length: int, days: int) -> NDArray[np.float64]:
    import numpy as np

    def design(at: NDArray[np.int64]) -> NDArray[np.float64]:
        weekdays = (at[:, None] % _WEEK == np.arange(_WEEK)[None, :]).astype(np.float64)
        return np.column_stack([weekdays, at / length])

    past, future = design(np.arange(length)), design(np.arange(length, length + days))
    solution: NDArray[np.float64] = (future @ np.linalg.pinv(past)).T
    return solution


def _damped_trend(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    import numpy as np

    grid = np.array([(alpha, beta, 0.0, phi) for alpha, (beta, phi) in product(_ALPHAS, _TRENDS)]).T
    return _best_of_grid(values, days, grid, np.zeros(1))


def _holt_winters(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    import numpy as np

    grid = np.array([(a, beta, gamma, phi) for a, (beta, phi), gamma in product(_ALPHAS, _TRENDS, _GAMMAS)]).T
    two_weeks = values[:FIRST_ORIGIN]
    return _best_of_grid(values, days, grid, two_weeks.reshape(2, _WEEK).mean(axis=0) - two_weeks.mean())


def _best_of_grid(
    values: NDArray[np.float64], days: int, grid: NDArray[np.float64], seasons: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From each day on with the constants (alpha, beta*, gamma, phi) whose errors up to it are least."""
    import numpy as np

    alpha, beta, gamma, phi = grid
    states = smooth(values[FIRST_ORIGIN:], float(values[:FIRST_ORIGIN].mean()), 0.0, seasons, alpha, beta, gamma, phi)
    squares = np.concatenate([np.zeros((1, alpha.size)), np.cumsum(states.errors**2, axis=0)])
    best = squares.argmin(axis=1)
    rows = np.arange(best.size)
    damping = np.cumsum(phi[best][:, None] ** np.arange(1, days + 1)[None, :], axis=1)
    found: NDArray[np.float64] = states.level[rows, best][:, None] + states.trend[rows, best][:, None] * damping
    coming = states.seasons[rows, :, best]
    return found + coming[:, np.arange(days) % coming.shape[1]]


class States(NamedTuple):
    """Of exponential smoothing, before the first value and after each; one column per set of constants."""

    level: NDArray[np.float64]
    trend: NDArray[np.float64]
    seasons: NDArray[np.float64]
    """By (value, season, set), the season of the next value first."""
    errors: NDArray[np.float64]
    """Of the forecast of each value from those before it."""


def smooth(
    values: NDArray[np.float64],
    level: float,
    trend: float,
    seasons: NDArray[np.float64],
    alpha: NDArray[np.float64],
    beta: NDArray[np.float64],
    gamma: NDArray[np.float64],
    phi: NDArray[np.float64],
) -> States:
    """Additive exponential smoothing with damped trend and seasons, from the given states on.

    A single season of 0 with gamma 0 is none, phi 1 is no damping, beta* 0 from a trend of 0 is simple smoothing.
    """
    import numpy as np

    count, sets, period = values.size, alpha.size, seasons.size
    levels, trends = np.full((count + 1, sets), float(level)), np.full((count + 1, sets), float(trend))
    kept = np.empty((count + 1, period, sets))
    kept[0] = seasons[:, None]
    errors = np.empty((count, sets))
    for at in range(count):
        damped = phi * trends[at]
        base = levels[at] + damped
        season = kept[at, 0]
        errors[at] = values[at] - base - season
        levels[at + 1] = alpha * (values[at] - season) + (1 - alpha) * base
        trends[at + 1] = beta * (levels[at + 1] - levels[at]) + (1 - beta) * damped
        kept[at + 1, :-1] = kept[at, 1:]
        kept[at + 1, -1] = gamma * (values[at] - base) + (1 - gamma) * season
    return States(levels, trends, kept, errors)


_PATHS: dict[Method, Callable[[NDArray[np.float64], int], NDArray[np.float64]]] = {
    "mean of four weeks": _mean,
    "mean of weekdays": _weekdays,
    "same weekday last week": _last_week,
    "weekdays and trend": _weekdays_and_trend,
    "damped trend": _damped_trend,
    "damped Holt-Winters": _holt_winters,
}
