"""How unusual each bucket of a series is for its season, as scores that can be ranked among each other.

What is compared depends on what a figure is:

    total      an amount used (cost, tokens): logarithms; a bucket without any is a state of its own
    count      a number of events: 2 sqrt(x + 3/8), of which counts of independent events have variance 1 (F. Anscombe,
               "The transformation of Poisson, binomial and negative-binomial data", Biometrika 35, 1948); zero is a
               count like others
    share      k of n: the normal quantile of the binomial mid-p-value (H. Lancaster, "Significance tests in discrete
               distributions", JASA 56, 1961), against the share expected
    positive   a mean of positive values (durations, cost per operation): logarithms
    number     a mean of any values

A score is the distance from what `agentgauge.analysis.seasonality` expects, over the spread of such distances in the
past, sqrt(a + b / n): of the mean of few values it is wider. a and b are fitted to squared distances by least squares,
neither below zero, distances cut at three standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from agentgauge.analysis.seasonality import (
    FEWEST_WEEKS,
    LEVEL_BUCKETS,
    MAD_TO_SIGMA,
    MEMORY_WEEKS,
    Calendar,
    Width,
    by_week,
    column_medians,
    expectation,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["total", "count", "share", "positive", "number"]

FEWEST_OF_A_SHARE = 5
"""Events below which a share is not looked at: one in two is no rate."""
_PRIOR_EVENTS = 20.0
"""Events of all seasons together that the share of one season is mixed with."""
_CUT = 3.0
_LARGEST = 700.0
"""Logarithm beyond which a value is infinite."""
_LEAST_SPREAD = 1e-6
"""Of the size of the figures: differences below it are those of adding floats up."""


class Scores(NamedTuple):
    """Of every bucket: how far it is from its season, and what the season lets expect, in the unit of the values."""

    score: NDArray[np.float64]
    """Signed; NaN of a bucket that is not compared."""
    expected: NDArray[np.float64]
    """In the unit of the values, from earlier buckets alone."""
    limits: Callable[[int, float], tuple[float, float]]
    """The values of a bucket, by its index, that are a score away from what is expected."""
    chance: NDArray[np.float64]
    """The least p-value that the noise of counting allows; 0 where it is not known."""


def scores(
    kind: Kind, values: NDArray[np.float64], counts: NDArray[np.float64], where: Calendar, width: Width
) -> Scores:
    """Scores of a series in order of time; `counts` are the events that each value is of."""
    if kind == "share":
        return _of_shares(values, counts, where, width)
    return _of_amounts(kind, values, counts, where, width)


def _of_amounts(
    kind: Kind, values: NDArray[np.float64], counts: NDArray[np.float64], where: Calendar, width: Width
) -> Scores:
    import numpy as np

    scaled = transformed(kind, values)
    usual = expectation(scaled, where, width)
    weights = np.ones_like(values)
    if kind in ("positive", "number"):
        weights = np.maximum(counts, 1.0)
    elif kind == "total":
        weights = _usual_counts(counts, where, width)
    least = _LEAST_SPREAD * (1.0 if kind in ("total", "positive") else _size(scaled))
    spread = _spreads(usual.distance / usual.stretch, weights, where, least) * usual.stretch

    def limits(at: int, score: float) -> tuple[float, float]:
        middle, reach = float(usual.value[at]), float(score * spread[at])
        low, high = _back(kind, np.array([middle - reach, middle + reach]))
        return float(low), float(high)

    expected = _back(kind, usual.value)
    score = usual.distance / spread
    if kind == "total":
        score = np.where(usual.weeks > 0, score, math.nan)
    return Scores(score, expected, limits, np.zeros_like(values))


def transformed(kind: Kind, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values on the scale that they are compared on, of any shape; NaN of what has no place there."""
    import numpy as np

    if kind == "count":
        return 2 * np.sqrt(values + 0.375)
    return values if kind == "number" else np.log(np.where(values > 0, values, math.nan))


def _back(kind: Kind, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """From that scale to values."""
    import numpy as np

    if kind == "count":
        return np.maximum(np.maximum(scaled, 0.0) ** 2 / 4 - 0.375, 0.0)
    if kind == "number":
        return scaled
    finite = np.exp(np.minimum(scaled, _LARGEST))
    return np.where(scaled >= _LARGEST, math.inf, finite)


def _size(values: NDArray[np.float64]) -> float:
    import numpy as np

    known = np.abs(values[np.isfinite(values)])
    return float(np.median(known)) or 1.0 if known.size else 1.0


def _usual_counts(counts: NDArray[np.float64], where: Calendar, width: Width) -> NDArray[np.float64]:
    """How many events a bucket of the season usually has: what a total is the sum of when nothing is unusual."""
    import numpy as np

    table = by_week(np.where(counts > 0, counts, math.nan), where, width)
    usual = np.full_like(table, math.nan)
    for week in range(where.weeks):
        first = max(0, week - MEMORY_WEEKS) if week >= FEWEST_WEEKS else 0
        usual[week] = column_medians(table[first : max(week, FEWEST_WEEKS)])
    found = usual[where.week, where.season]
    return np.where(np.isfinite(found), found, 1.0)


def _spreads(
    distance: NDArray[np.float64], weights: NDArray[np.float64], where: Calendar, least: float
) -> NDArray[np.float64]:
    """The spread that is usual for each bucket, from the weeks before its own."""
    import numpy as np

    spread = np.full(distance.shape, math.nan)
    known = np.isfinite(distance)
    for week in range(where.weeks):
        first = max(0, week - MEMORY_WEEKS) if week > FEWEST_WEEKS else 0
        past = known & (where.week >= first) & (where.week < max(week, FEWEST_WEEKS))
        here = where.week == week
        if past.any():
            a, b = _variance(distance[past], weights[past])
            spread[here] = np.maximum(np.sqrt(a + b / weights[here]), least)
    return spread


def _variance(distance: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """a and b of variance = a + b / weight."""
    import numpy as np

    edge = _CUT * MAD_TO_SIGMA * float(np.median(np.abs(distance)))
    squares = np.minimum(distance**2, edge**2) if edge > 0 else distance**2
    shares = 1 / weights
    mean, mean_share = float(squares.mean()), float(shares.mean())
    scatter = float(((shares - mean_share) ** 2).sum())
    if scatter <= 0:
        return mean, 0.0
    b = float(((shares - mean_share) * (squares - mean)).sum()) / scatter
    a = mean - b * mean_share
    if b < 0:
        return mean, 0.0
    if a < 0:
        return 0.0, float((shares * squares).sum() / (shares**2).sum())
    return a, b


def _of_shares(values: NDArray[np.float64], counts: NDArray[np.float64], where: Calendar, width: Width) -> Scores:
    import numpy as np

    events = np.where(np.isfinite(values), counts, 0.0)
    hits = np.rint(np.where(events > 0, values, 0.0) * events)
    share = _expected_shares(hits, events, where, width)
    enough = (events >= FEWEST_OF_A_SHARE) & np.isfinite(share)
    score = share_scores(hits, events, np.where(enough, share, 0.5))

    def limits(at: int, distance: float) -> tuple[float, float]:
        reach, middle = distance / (2 * math.sqrt(max(events[at], 1.0))), math.asin(math.sqrt(share[at]))
        low, high = max(middle - reach, 0.0), min(middle + reach, math.pi / 2)
        return math.sin(low) ** 2, math.sin(high) ** 2

    return Scores(np.where(enough, score, math.nan), share, limits, np.where(enough, chance_of(score), 1.0))


def share_scores(
    hits: NDArray[np.float64], events: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of so many hits among events, where such a share was expected: the normal quantile of the mid-p-value."""
    import numpy as np
    from scipy.special import bdtr, ndtri

    whole = events.astype(np.int64)
    at_most = bdtr(hits, whole, share)
    below = np.where(hits > 0, bdtr(np.maximum(hits - 1, 0), whole, share), 0.0)
    # From the nearer tail, so that a score of 12 is not rounded to an infinite one.
    low_side = (at_most + below) / 2
    high_side = bdtr(events - hits, whole, 1 - share)
    high_side = (high_side + np.where(hits < events, bdtr(np.maximum(events - hits - 1, 0), whole, 1 - share), 0)) / 2
    score: NDArray[np.float64] = np.where(
        low_side < 0.5, ndtri(np.maximum(low_side, 1e-300)), -ndtri(np.maximum(high_side, 1e-300))
    )
    return score


def chance_of(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """The two-sided chance of a normal score as far from zero."""
    import numpy as np
    from scipy.special import ndtr

    chance: NDArray[np.float64] = 2 * ndtr(-np.abs(score))
    return chance


def mixed_shares(
    own_hits: NDArray[np.float64],
    own_events: NDArray[np.float64],
    recent_hits: NDArray[np.float64],
    recent_events: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The share of a season's own events, mixed with that of recent ones of all seasons; NaN where there are none."""
    import numpy as np

    level = (recent_hits + 0.5) / (recent_events + 1)
    share: NDArray[np.float64] = (own_hits + _PRIOR_EVENTS * level) / (own_events + _PRIOR_EVENTS)
    return np.where(recent_events + own_events > 0, share, math.nan)


def _expected_shares(
    hits: NDArray[np.float64], events: NDArray[np.float64], where: Calendar, width: Width
) -> NDArray[np.float64]:
    """The share of a season's events in the weeks before, mixed with the share of the last buckets of all seasons."""
    import numpy as np

    size = LEVEL_BUCKETS[width]
    sums = [np.concatenate([np.zeros(size), np.cumsum(of)]) for of in (hits, events)]
    recent_hits, recent_events = (
        total[size - 1 : -1] - np.concatenate([[0.0], total])[: events.size] for total in sums
    )
    hit_table, event_table = (np.nan_to_num(by_week(of, where, width)) for of in (hits, events))
    season_hits, season_events = np.zeros_like(hit_table), np.zeros_like(event_table)
    for week in range(where.weeks):
        first = max(0, week - MEMORY_WEEKS)
        season_hits[week] = hit_table[first:week].sum(axis=0)
        season_events[week] = event_table[first:week].sum(axis=0)
    own_hits, own_events = season_hits[where.week, where.season], season_events[where.week, where.season]
    return mixed_shares(own_hits, own_events, recent_hits, recent_events)
