"""Seasonality: what a bucket of a series is expected to be, from the buckets before it and from nothing later.

A season is an hour of the week or a day of the week, by the clocks of the zone that the buckets begin in. Weeks are
counted from the first day of the series. What is expected of a bucket is

    level + effect of its season

    effect   the median of the season's values in up to `MEMORY_WEEKS` weeks before this one, less the median of all,
             shrunken towards none by tau^2 / (tau^2 + v s^2): s^2 is the variance within a season, from the median
             absolute difference of neighbouring weeks; v = (pi/2) / (k + pi/2 - 1) of it is a median's of k normal
             values; tau^2 is what the medians of the seasons vary by beyond that (empirical Bayes: Efron and Morris,
             "Stein's estimation rule and its competitors", JASA 68, 1973). So a series without seasons gets none, and
             a season with few weeks gets little of its own.
    level    the median of the last values, less their effects: of a week of hours, of two weeks of days. What stays
             for half of that is the new level.

Two weeks come before the first expectation. Medians make one spike in the past change nothing. A year of hours takes
some 100 ms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Width = Literal["hour", "day"]

FEWEST_WEEKS = 2
"""Weeks before the first that something is expected of."""
MEMORY_WEEKS = 8
"""Weeks that a season is known from: an older habit may be none any more."""
SEASONS: dict[Width, int] = {"hour": 168, "day": 7}
"""Buckets of a week."""
LEVEL_BUCKETS: dict[Width, int] = {"hour": 168, "day": 14}
"""Values that the level is the median of."""
_FEWEST_VALUES = 7
"""Values below which there is no level."""
MAD_TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""


class Calendar(msgspec.Struct, frozen=True):
    """Where in the calendar each bucket of a series lies."""

    week: NDArray[np.int64]
    """Whole weeks since the first day."""
    season: NDArray[np.int64]
    day: NDArray[np.int64]
    """Counted from any one."""

    def since(self, first: int) -> Calendar:
        """Of the series that begins with this bucket: weeks count from its day."""
        return Calendar((self.day[first:] - self.day[first : first + 1]) // 7, self.season[first:], self.day[first:])

    @property
    def weeks(self) -> int:
        return int(self.week[-1]) + 1 if self.week.size else 0


def calendar(starts: Sequence[datetime], width: Width) -> Calendar:
    """The weeks and seasons of buckets in order of time; `starts` show the clocks that seasons go by."""
    import numpy as np

    days = np.array([start.toordinal() for start in starts], dtype=np.int64)
    season = days % 7
    if width == "hour":
        season = season * 24 + np.array([start.hour for start in starts], dtype=np.int64)
    return Calendar((days - days[:1]) // 7, season, days)


def by_week(values: NDArray[np.float64], where: Calendar, width: Width) -> NDArray[np.float64]:
    """The series as one row per week and one column per season; NaN where there is nothing. Of an hour that clocks
    repeat, the later one."""
    import numpy as np

    table = np.full((where.weeks, SEASONS[width]), math.nan)
    table[where.week, where.season] = values
    return table


class Expectation(msgspec.Struct, frozen=True):
    """What is expected of each bucket of a series, in its order."""

    value: NDArray[np.float64]
    distance: NDArray[np.float64]
    """How far the bucket's value is from it; NaN of a bucket without a value."""
    stretch: NDArray[np.float64]
    """By how much distances are wider than values scatter, for the error of the season's effect: 1 and more."""
    weeks: NDArray[np.int64]
    """Earlier weeks in which the season has a value, of those that are remembered."""


def expectation(values: NDArray[np.float64], where: Calendar, width: Width) -> Expectation:
    """What is expected of each bucket; a value that is NaN is none.

    Of the first two weeks the distances are the differences between them, scaled to the spread within a season, so that
    there is a spread to begin with.
    """
    import numpy as np

    table = by_week(values, where, width)
    effects, stretches, weeks = np.zeros_like(table), np.ones_like(table), np.zeros(table.shape, dtype=np.int64)
    for week in range(FEWEST_WEEKS, where.weeks):
        past = table[max(0, week - MEMORY_WEEKS) : week]
        effects[week], stretches[week] = season_effects(past)
        weeks[week] = np.isfinite(past).sum(axis=0)
    if where.weeks > FEWEST_WEEKS:
        effects[:FEWEST_WEEKS] = effects[FEWEST_WEEKS]
    effect = effects[where.week, where.season]
    expected = effect + _levels(values - effect, where, LEVEL_BUCKETS[width])
    distance = values - expected
    if where.weeks >= FEWEST_WEEKS:
        between = (table[1] - table[0])[where.season] / math.sqrt(2)
        distance = np.where(where.week < FEWEST_WEEKS, between, distance)
    here = (where.week, where.season)
    return Expectation(expected, distance, stretches[here], weeks[here])


def latest_distance(values: NDArray[np.float64], where: Calendar, width: Width) -> float:
    """How far the last value is from what is expected of it, as `expectation` says, from the weeks alone that this
    takes: in a sixth of the time. NaN where the series is too short for that.
    """
    import numpy as np

    before = np.flatnonzero(np.isfinite(values[:-1]))[-LEVEL_BUCKETS[width] :]
    if before.size < LEVEL_BUCKETS[width] or where.week[before[0]] < FEWEST_WEEKS:
        return math.nan
    table = by_week(values, where, width)
    first, last = int(where.week[before[0]]), int(where.week[-1])
    effects = np.stack(
        [season_effects(table[max(0, week - MEMORY_WEEKS) : week])[0] for week in range(first, last + 1)]
    )
    level = np.median(values[before] - effects[where.week[before] - first, where.season[before]])
    return float(values[-1] - (effects[-1, where.season[-1]] + level))


def season_effects(past: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The effect of each season from `past`, a row per week, 0 of a season without a value there; and by how much its
    error stretches distances, sqrt(1 + the effect's variance given the past / s^2).
    """
    import numpy as np

    none, even = np.zeros(past.shape[1]), np.ones(past.shape[1])
    known = np.isfinite(past)
    between = np.diff(past, axis=0)
    between = np.abs(between[np.isfinite(between)])
    if not between.size:
        return none, even
    weeks = known.sum(axis=0)
    present = weeks > 0
    own = np.where(present, column_medians(past) - np.median(past[known]), 0.0)
    within = (MAD_TO_SIGMA * float(np.median(between))) ** 2 / 2
    share = (math.pi / 2) / (np.maximum(weeks, 1) + math.pi / 2 - 1)
    beyond = float(np.mean(own[present] ** 2) - within * np.mean(share[present]))
    if beyond <= 0:
        return none, even
    trust = np.where(present, beyond / (beyond + within * share), 0.0)
    unknown = beyond / within if within > 0 else 0.0
    return own * trust, np.sqrt(1 + np.where(present, trust * share, unknown))


def column_medians(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of the columns, NaN left out; NaN of a column that has nothing else."""
    import numpy as np

    ordered = np.sort(table, axis=0)  # NaN goes last
    count = np.isfinite(table).sum(axis=0)
    columns = np.arange(table.shape[1])
    middle: NDArray[np.float64] = (
        ordered[np.maximum(count - 1, 0) // 2, columns] + ordered[np.minimum(count // 2, len(table) - 1), columns]
    ) / 2
    return np.where(count > 0, middle, math.nan)


def _levels(levelled: NDArray[np.float64], where: Calendar, size: int) -> NDArray[np.float64]:
    """Of each bucket the median of the `size` values before it; in the first weeks that of these weeks."""
    import numpy as np

    early = where.week < FEWEST_WEEKS
    levels = np.full(levelled.shape, math.nan)
    at = np.flatnonzero(np.isfinite(levelled))
    start = levelled[early & np.isfinite(levelled)]
    if start.size:
        levels[early] = np.median(start)
    if at.size < _FEWEST_VALUES:
        return levels
    medians = np.full(at.size + 1, math.nan)
    if at.size >= size:
        medians[size:] = _rolling_medians(levelled[at], size)
    before_each = np.searchsorted(at, np.arange(levelled.size))
    fewest = int(before_each[~early].min(initial=size))
    for before in range(max(fewest, _FEWEST_VALUES), min(size, at.size + 1)):
        medians[before] = np.median(levelled[at[:before]])
    return np.where(early, levels, medians[before_each])


def _rolling_medians(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The median of each `size` values in a row, an even number, of at least as many."""
    import numpy as np
    from scipy.ndimage import rank_filter

    # A filter's window is centred: of an even size it holds half of it before a value, and the value itself.
    first, last = size // 2, size // 2 + values.size - size + 1
    low, high = (rank_filter(values, rank, size=size)[first:last] for rank in (size // 2 - 1, size // 2))
    return np.asarray((low + high) / 2)
