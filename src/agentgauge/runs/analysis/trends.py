"""Whether runs get better: success rate, cost, duration and quality of each run, in the order of their starts.

A trend is of seven runs and more, as it is of seven days and more everywhere else. Whether there is one is asked of
their ranks, run after run (`agentgauge.analysis.robust_trend`): no run that is far out feigns one, nor do runs that
resemble the one before, and it does not matter whether they are a second apart or a week. Its p-value is adjusted for
the number of figures that are followed (Holm): of runs that do not change, one figure or more is said to have a trend
in 5 % of cases. How much changed is said by a straight line over the starts.

1,000 runs take some 0.1 s for each figure, and more are taken together to as many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.robust_trend import RobustTrend, robust_direction, robust_trend
from agentgauge.analysis.trend import Direction, LinearTrend, linear_trend
from agentgauge.runs.analysis.records import RunRecord

FEWEST_RUNS = 7
"""Below which a line says nothing: of three points it fits by chance more often than not."""
_MOST_RANKED = 1000
_DAY = timedelta(days=1)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


class RunTrend(msgspec.Struct, frozen=True):
    name: str
    unit: str
    line: LinearTrend
    """Over the starts; NaN of fewer than seven runs."""
    slope_per_day: float
    """The line's; NaN too where the runs span less than a day, of which nothing follows for a day."""
    slope_per_run: float
    """The median change from a run to the next (Theil and Sen), over all pairs of runs."""
    p_value: float
    """Chance of ranks as ordered as these where there is no trend."""
    p_adjusted: float
    """The same, for the number of figures followed."""
    trend: Direction
    points: tuple[tuple[float, float], ...]
    """Seconds since 1970 and value of each run of which it is known, in the order of time."""
    without: int
    """Runs of which it is not known."""


def _success(run: RunRecord) -> float:
    return 100 * run.resolved / run.processed if run.processed else math.nan


def _cost(run: RunRecord) -> float:
    return math.nan if run.cost_usd is None else float(run.cost_usd)


_FOLLOWED: tuple[tuple[str, str, bool, Callable[[RunRecord], float]], ...] = (
    ("success_rate", "percent", False, _success),
    ("cost", "USD per run", True, _cost),
    ("duration", "seconds per run", True, lambda run: run.seconds),
    ("quality", "0-100", False, lambda run: run.quality),
)


def run_trends(runs: Sequence[RunRecord]) -> tuple[RunTrend, ...]:
    """The trend of each, run by run; `runs` are in the order of their starts."""
    known = [_known(runs, value_of) for _, _, _, value_of in _FOLLOWED]
    ranked = [_in_order(points) for points in known]
    adjusted = [float(p) for p in holm([rank.p_value for rank, _ in ranked])]
    return tuple(
        RunTrend(
            name=name,
            unit=unit,
            line=(line := _line(points)),
            slope_per_day=line.slope_per_day if points and points[-1][0] - points[0][0] >= _DAY else math.nan,
            slope_per_run=rank.slope_per_day / together,
            p_value=rank.p_value,
            p_adjusted=p,
            trend=robust_direction(rank, line, lower_is_better=lower_is_better, p_value=p),
            points=tuple((moment.timestamp(), value) for moment, value in points),
            without=len(runs) - len(points),
        )
        for (name, unit, lower_is_better, _), points, (rank, together), p in zip(
            _FOLLOWED, known, ranked, adjusted, strict=True
        )
    )


_Points = list[tuple[datetime, float]]


def _known(runs: Sequence[RunRecord], value_of: Callable[[RunRecord], float]) -> _Points:
    return [(run.started, value) for run in runs if run.started is not None and math.isfinite(value := value_of(run))]


def _line(points: _Points) -> LinearTrend:
    enough = points if len(points) >= FEWEST_RUNS else []
    line = linear_trend([moment for moment, _ in enough], [value for _, value in enough])
    return msgspec.structs.replace(line, n=len(points))


def _in_order(points: _Points) -> tuple[RobustTrend, int]:
    """The trend of runs as if they were a day apart, and how many after each other one value is the mean of."""
    together = math.ceil(len(points) / _MOST_RANKED) or 1
    values = [value for _, value in points]
    parts = [values[first : first + together] for first in range(0, len(values), together)]
    means = [math.fsum(part) / len(part) for part in parts]
    return robust_trend([_FIRST + number * _DAY for number in range(len(means))], means), together
