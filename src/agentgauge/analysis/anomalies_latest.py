"""Anomalies in the last hour of many series at once: the same as `agentgauge.analysis.anomalies` finds in each.

To score one hour every hour before it has to be scored, which takes 3 ms a series. So most series are dismissed first,
by figures that are found for all series at once:

    better   where only what is worse is asked for, an hour that is better than expected is none. Exact
    share    the chance of its last hour, by counting alone, is the least p-value that it can have: where that is above
             alpha nothing is found. Exact
    total    of an hour without an amount nothing is found where most weeks of its season had none either. Exact
    others   the p-value of an hour is the rank of its score, a distance over a spread. A rough distance, from the
             median of its season beside its week's median, is found for the last eight weeks; of the last hour beside
             the median of any of them. Where more than twice as many hours as may rank above an anomaly are `_FARTHER`
             times as far off as the last one, nothing is found

The last is no theorem, as a rough distance is not the exact one; that it dismisses nothing that `detect` finds is
tested on series with and without seasons, shifts and gaps. A thousand series of 13 weeks take half a second, 25 MB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from agentgauge.analysis.anomalies import ALPHA, MEMORY, Anomaly, detect_in
from agentgauge.analysis.anomalies_scores import (
    FEWEST_OF_A_SHARE,
    Kind,
    chance_of,
    mixed_shares,
    share_scores,
    transformed,
)
from agentgauge.analysis.seasonality import (
    LEVEL_BUCKETS,
    MEMORY_WEEKS,
    SEASONS,
    Calendar,
    calendar,
    latest_distance,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FEWEST = 8
"""Hours farther off that are asked for at least; with the usual alpha 2 of 2,015 may be."""
_FARTHER = 1.6
_WEEK = SEASONS["hour"]
_ROUNDING = 1e-9


def latest_anomalies(
    starts: Sequence[datetime],
    values: NDArray[np.float64],
    counts: NDArray[np.float64],
    *,
    kind: Kind,
    alpha: float = ALPHA["hour"],
    lower_is_better: bool = True,
    worse_only: bool = False,
) -> dict[int, Anomaly]:
    """By row, the anomaly that the last hour of a series is, where it is one; `worse_only`: and is not better than
    expected (of the severity `info`).

    A row of `values` is a series, a column an hour that begins at one of `starts`; `counts` are the events that values
    are of. A series begins with its first hour that has any. Raises `ValueError` as `detect`.
    """
    import numpy as np

    found: dict[int, Anomaly] = {}
    if not values.size:
        return found
    has_any = (counts > 0) | (values > 0)
    begins = np.where(has_any.any(axis=1), has_any.argmax(axis=1), values.shape[1])
    where = calendar(starts, "hour")
    sign = 0 if not worse_only else 1 if lower_is_better else -1
    for row in np.flatnonzero(_may_be(values, counts, kind, alpha, sign) & (begins < values.shape[1])):
        first = int(begins[row])
        since = where.since(first)
        if sign and _is_better(values[row, first:], since, kind, sign):
            continue
        last = detect_in(
            starts[first:],
            values[row, first:],
            counts[row, first:],
            since,
            width="hour",
            kind=kind,
            alpha=alpha,
            lower_is_better=lower_is_better,
            first=values.shape[1] - first - 1,
        ).anomalies
        if last and not (worse_only and last[0].severity == "info"):
            found[int(row)] = last[0]
    return found


def _is_better(values: NDArray[np.float64], where: Calendar, kind: Kind, sign: int) -> bool:
    """Whether the last hour of a series cannot be for the worse, which is up (`sign` 1) or down (-1)."""
    if kind == "share":
        return False
    if kind == "total":
        weeks = values[:-1][::-1][_WEEK - 1 :: _WEEK][:MEMORY_WEEKS]
        if (weeks > 0).sum() * 2 <= weeks.size:
            return False  # that there is an amount at all may be what is unusual
    return latest_distance(transformed(kind, values), where, "hour") * sign < 0


def _may_be(
    values: NDArray[np.float64], counts: NDArray[np.float64], kind: Kind, alpha: float, sign: int
) -> NDArray[np.bool_]:
    """The series that are not dismissed. `sign`: of the scores that are asked for, 0 of either."""
    import numpy as np

    if kind == "share":
        return _share_may_be(values, counts, alpha, sign)
    hours = _WEEK * MEMORY_WEEKS + 1
    if values.shape[1] < hours:
        return np.full(len(values), True)
    recent, of = transformed(kind, values[:, -hours:]), counts[:, -hours:]
    # A row per week, from the oldest: every week ends an hour before the last hour's season comes round.
    weeks = recent[:, :-1].reshape(len(values), MEMORY_WEEKS, _WEEK)
    weights = np.ones_like(weeks)
    if kind == "total":
        weights = np.broadcast_to(_medians(of[:, :-1].reshape(weeks.shape), 1)[:, None], weeks.shape)
    elif kind in ("positive", "number"):
        weights = of[:, :-1].reshape(weeks.shape)
    levels = _medians(weeks, 2)
    seasons = _medians(weeks - levels[:, :, None], 1)
    distances = np.abs(weeks - levels[:, :, None] - seasons[:, None])
    # Which level counts depends on how many hours have values: it is supposed to be the one that is farthest off.
    far = np.abs(recent[:, -1:] - levels - seasons[:, :1])
    last = np.where(np.isfinite(far), far, -1.0).max(axis=1)
    last = np.where(last < 0, np.nan, last)
    if kind != "count":
        # The spread of an hour of fewer events, sqrt(a + b / n), is at most sqrt(own / n) times that of the last hour.
        own = weights[:, -1, :1] if kind == "total" else of[:, -1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            distances = distances * np.sqrt(np.minimum(weights / own[:, :, None], 1.0))
    farther = distances >= _FARTHER * last[:, None, None]
    dismissed = farther.sum(axis=(1, 2)) >= max(_FEWEST, 2 * math.ceil(alpha * MEMORY["hour"]))
    if kind == "total":
        active = values[:, -hours::_WEEK] > 0
        busy = active[:, :-1].mean(axis=1)
        # The state of such an hour may be what is unusual, and an hour without an amount has no distance.
        dismissed = np.where(active[:, -1], dismissed & (busy >= 0.5), busy < 0.5)
    kept: NDArray[np.bool_] = ~dismissed
    return kept


def _share_may_be(
    values: NDArray[np.float64], counts: NDArray[np.float64], alpha: float, sign: int
) -> NDArray[np.bool_]:
    import numpy as np

    events = np.where(np.isfinite(values), counts, 0.0)
    hits = np.rint(np.where(events > 0, values, 0.0) * events)
    recent = slice(-1 - LEVEL_BUCKETS["hour"], -1)
    season = list(range(values.shape[1] - 1 - _WEEK, -1, -_WEEK))[:MEMORY_WEEKS]
    share = mixed_shares(
        hits[:, season].sum(axis=1),
        events[:, season].sum(axis=1),
        hits[:, recent].sum(axis=1),
        events[:, recent].sum(axis=1),
    )
    enough = (events[:, -1] >= FEWEST_OF_A_SHARE) & np.isfinite(share)
    score = share_scores(hits[:, -1], events[:, -1], np.where(enough, share, 0.5))
    return enough & (chance_of(score) <= alpha * (1 + _ROUNDING)) & (score * sign >= 0)


def _medians(table: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Medians along an axis, NaN left out; NaN of nothing else."""
    import numpy as np

    ordered = np.sort(table, axis=axis)  # NaN goes last
    count = np.isfinite(table).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis)
    high = np.take_along_axis(ordered, np.minimum(count // 2, table.shape[axis] - 1), axis)
    return np.where(count > 0, (low + high) / 2, np.nan).squeeze(axis)
