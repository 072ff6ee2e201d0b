"""Anomalies: buckets of a series that are not as their season lets expect, at a stated rate of false alarms.

Each bucket is scored against what earlier buckets let expect (`agentgauge.analysis.anomalies_scores`), and its score is
ranked among those of the buckets before it:

    p = (1 + buckets before it with a score as large) / (1 + buckets before it)

which is at most `alpha` in a share `alpha` of the buckets of a quiet series, whatever the distribution of its values
(conformal prediction: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; split and online for
series: Barber and Pananjady, "Predictive inference for time series", 2025). It supposes that scores in the past are
like scores now. The rate is per bucket of time, sleeping hours included, and by default one in four weeks: 1/672 of
hours, 1/28 of days.

To find anything at `alpha` takes two weeks that the first expectation is from and 1/alpha - 1 buckets after them: six
weeks by default. The newest `MEMORY` buckets are ranked among. After an anomaly a smaller one may go unnoticed until
1/alpha buckets have passed, or where there is history for a second: what has happened before is no surprise.

An amount can also be absent. Of a bucket without any, and of one in a season that has usually none, the state itself is
ranked, by how many weeks of its season had one; in a season that never had one there is nothing to compare an amount
with. A series that is by itself empty about once in 1/alpha buckets can so alarm at up to 1.4 alpha.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from agentgauge.analysis.anomalies_scores import Kind, Scores, scores
from agentgauge.analysis.seasonality import FEWEST_WEEKS, MEMORY_WEEKS, SEASONS, Calendar, Width, by_week, calendar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Cause = Literal["value", "no data", "unexpected activity"]
Direction = Literal["high", "low"]
Severity = Literal["critical", "error", "warning", "info"]

ALPHA: dict[Width, float] = {"hour": 1 / 672, "day": 1 / 28}
"""False alarms per bucket of a quiet series: one in four weeks."""
MEMORY: dict[Width, int] = {"hour": 12 * 168, "day": 26 * 7}
"""Buckets whose scores are ranked among, more where alpha needs more."""
_GRAVE, _GRAVER = 1.5, 3.0
"""Times the score that would just have been found, from which an anomaly is an error, and critical."""


class Bucket(msgspec.Struct, frozen=True):
    """One complete bucket of a series."""

    start: datetime
    """Its first moment, by the clocks that seasons go by."""
    value: float
    """NaN where it has none."""
    n: int
    """Events that the value is of."""


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    start: datetime
    value: float
    expected: float
    """From earlier buckets alone."""
    low: float
    high: float
    """What would have been no anomaly."""
    deviation_percent: float
    """(value - expected) / expected x 100; NaN where nothing is expected."""
    direction: Direction
    cause: Cause
    score: float
    """Distance from what is expected in usual distances; of a state the share of weeks that had the other one."""
    p_value: float
    severity: Severity
    """A hint: info where the value is better than expected, else by how far it is beyond what would just be found."""
    n: int


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    anomalies: tuple[Anomaly, ...]
    """In order of time."""
    alpha: float
    tested: int
    """Buckets that had enough before them; those without a value included."""
    history: int
    """Buckets there are."""
    learning: int
    """Buckets at the start that there is no expectation of yet: none of them is tested at any alpha."""
    needed: int
    """Buckets before the first that can be tested at this alpha."""
    least_alpha: float
    """The rarest false alarm that this history allows to ask for; NaN where it allows none."""


def detect(
    buckets: Sequence[Bucket],
    *,
    width: Width,
    kind: Kind,
    alpha: float | None = None,
    lower_is_better: bool = True,
    since: datetime | None = None,
) -> Detection:
    """The anomalies among buckets that begin at `since` or later, each from the buckets before it.

    `buckets` are complete, in order of time and without gaps: one without events has n = 0. Raises `ValueError` for an
    alpha outside 0-1 and for negative totals and counts.
    """
    import numpy as np

    starts = [bucket.start for bucket in buckets]
    values = np.array([bucket.value for bucket in buckets], dtype=np.float64)
    counts = np.array([bucket.n for bucket in buckets], dtype=np.float64)
    first = 0 if since is None else bisect_left(starts, since)
    return detect_in(
        starts,
        values,
        counts,
        calendar(starts, width),
        width=width,
        kind=kind,
        alpha=ALPHA[width] if alpha is None else alpha,
        lower_is_better=lower_is_better,
        first=first,
    )


def detect_in(
    starts: Sequence[datetime],
    values: NDArray[np.float64],
    counts: NDArray[np.float64],
    where: Calendar,
    *,
    width: Width,
    kind: Kind,
    alpha: float,
    lower_is_better: bool,
    first: int,
) -> Detection:
    """The same of buckets whose figures are arrays: of those from the `first` one on. Raises as `detect`."""
    import numpy as np

    if not 0 < alpha < 1:
        raise ValueError(f"alpha is between 0 and 1, got {alpha}")
    if kind in ("total", "count") and (values < 0).any():
        raise ValueError(f"a {kind} is not negative")
    learning = int(np.searchsorted(where.week, FEWEST_WEEKS))
    needed = FEWEST_WEEKS * SEASONS[width] + math.ceil(1 / alpha - 1e-9) - 1
    ranked = values.size - 1 - learning
    found: list[Anomaly] = []
    tested = 0
    if _compared_with(ranked, alpha, width):
        scored = scores(kind, values, counts, where, width)
        states = _states(values, where, width) if kind == "total" else None
        for at in range(max(learning, first), values.size):
            compared = _compared_with(at - learning, alpha, width)
            if not compared:
                continue
            tested += 1
            bucket = Bucket(starts[at], float(values[at]), int(counts[at]))
            anomaly = _look(bucket, at, compared, alpha, scored, states, lower_is_better)
            if anomaly is not None:
                found.append(anomaly)
    return Detection(
        anomalies=tuple(found),
        alpha=alpha,
        tested=tested,
        history=values.size,
        learning=learning,
        needed=needed,
        least_alpha=1 / (ranked + 1) if ranked > 0 else math.nan,
    )


def _compared_with(earlier: int, alpha: float, width: Width) -> int:
    """How many of `earlier` scores to rank among, so that p-values are multiples of alpha or nearly; 0 for too few."""
    usable = min(earlier, max(MEMORY[width], math.ceil(1 / alpha - 1e-9) - 1))
    steps = math.floor(alpha * (usable + 1) + 1e-9)
    return math.ceil(steps / alpha - 1e-9) - 1 if steps else 0


class _States(msgspec.Struct, frozen=True):
    empty: NDArray[np.bool_]
    surprise: NDArray[np.float64]
    """Share of the season's weeks that had the other state, where most had; else 0. Positive."""


def _states(values: NDArray[np.float64], where: Calendar, width: Width) -> _States:
    """Whether buckets have an amount, and in how many of their season's weeks that was otherwise.

    A plain share, so that it means the same of two weeks as of eight: nothing is surer than all of them.
    """
    import numpy as np

    known = np.isfinite(values)
    active = known & (values > 0)
    table = by_week(np.where(known, active.astype(np.float64), math.nan), where, width)
    shares = np.full_like(table, 0.5)
    for week in range(FEWEST_WEEKS, where.weeks):
        past = table[max(0, week - MEMORY_WEEKS) : week]
        weeks = np.isfinite(past).sum(axis=0)
        shares[week] = np.where(weeks > 0, np.nansum(past, axis=0) / np.maximum(weeks, 1), 0.5)
    busy = shares[where.week, where.season]
    other = np.where(active, 1 - busy, busy)
    return _States(known & ~active, np.where(known & (other > 0.5), other, 0.0))


def _look(
    bucket: Bucket,
    at: int,
    compared: int,
    alpha: float,
    scored: Scores,
    states: _States | None,
    lower_is_better: bool,
) -> Anomaly | None:
    """The anomaly that a bucket is, if it is one."""
    import numpy as np

    before = slice(at - compared, at)
    if states is not None and states.surprise[at] > 0:
        alike = states.surprise[before][states.empty[before] == states.empty[at]]
        p = (1 + int(np.count_nonzero(alike >= states.surprise[at]))) / (compared + 1)
        if p <= alpha + 1e-12:
            return _of_state(bucket, at, p, scored, bool(states.empty[at]), float(states.surprise[at]), lower_is_better)
    score = float(scored.score[at])
    if math.isnan(score):
        return None
    past = np.nan_to_num(np.abs(scored.score[before]))
    p = (1 + int(np.count_nonzero(past >= abs(score)))) / (compared + 1)
    p = max(p, float(scored.chance[at]))
    if p > alpha + 1e-12:
        return None
    steps = round(alpha * (compared + 1) + 1e-9) or 1
    edge = float(np.partition(past, past.size - steps)[past.size - steps])
    low, high = scored.limits(at, edge)
    expected = float(scored.expected[at])
    direction: Direction = "high" if score > 0 else "low"
    beyond = abs(score) / edge if edge > 0 else math.inf
    return Anomaly(
        start=bucket.start,
        value=bucket.value,
        expected=expected,
        low=low,
        high=high,
        deviation_percent=_deviation(bucket.value, expected),
        direction=direction,
        cause="value",
        score=score,
        p_value=p,
        severity=_severity(beyond, worse=(score > 0) == lower_is_better),
        n=bucket.n,
    )


def _of_state(
    bucket: Bucket, at: int, p: float, scored: Scores, empty: bool, surprise: float, lower_is_better: bool
) -> Anomaly:
    expected = float(scored.expected[at]) if empty else 0.0
    return Anomaly(
        start=bucket.start,
        value=bucket.value,
        expected=expected,
        low=math.nan if empty else 0.0,
        high=math.nan if empty else 0.0,
        deviation_percent=_deviation(bucket.value, expected),
        direction="low" if empty else "high",
        cause="no data" if empty else "unexpected activity",
        score=-surprise if empty else surprise,
        p_value=p,
        severity="error" if empty else "warning",
        n=bucket.n,
    )


def _deviation(value: float, expected: float) -> float:
    return (value - expected) / expected * 100 if expected > 0 or expected < 0 else math.nan


def _severity(beyond: float, *, worse: bool) -> Severity:
    if not worse:
        return "info"
    if beyond >= _GRAVER:
        return "critical"
    return "error" if beyond >= _GRAVE else "warning"
