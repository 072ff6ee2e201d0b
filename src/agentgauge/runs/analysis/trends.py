"""Whether runs get better: success rate, cost, duration and quality of each run over the times of their starts.

A trend is of seven runs and more, as it is of seven days and more everywhere else, and its p-value is adjusted for the
number of figures that are followed (Holm): of runs that do not change, one figure or more is said to have a trend in
5 % of cases. Runs are taken to be independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.trend import Direction, LinearTrend, direction, linear_trend
from agentgauge.runs.analysis.records import RunRecord

FEWEST_RUNS = 7
"""Below which a line says nothing: of three points it fits by chance more often than not."""


class RunTrend(msgspec.Struct, frozen=True):
    name: str
    unit: str
    line: LinearTrend
    """NaN of fewer than seven runs."""
    p_adjusted: float
    """The line's p-value, for the number of figures followed."""
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
    """A line through each, run by run; see `agentgauge.analysis.trend` for its test and its words."""
    known = [_known(runs, value_of) for _, _, _, value_of in _FOLLOWED]
    lines = [_line(points) for points in known]
    adjusted = [float(p) for p in holm([line.p_value for line in lines])]
    return tuple(
        RunTrend(
            name=name,
            unit=unit,
            line=line,
            p_adjusted=p,
            trend=direction(msgspec.structs.replace(line, p_value=p), lower_is_better=lower_is_better),
            points=tuple((moment.timestamp(), value) for moment, value in points),
            without=len(runs) - len(points),
        )
        for (name, unit, lower_is_better, _), points, line, p in zip(_FOLLOWED, known, lines, adjusted, strict=True)
    )


_Points = list[tuple[datetime, float]]


def _known(runs: Sequence[RunRecord], value_of: Callable[[RunRecord], float]) -> _Points:
    return [(run.started, value) for run in runs if run.started is not None and math.isfinite(value := value_of(run))]


def _line(points: _Points) -> LinearTrend:
    enough = points if len(points) >= FEWEST_RUNS else []
    line = linear_trend([moment for moment, _ in enough], [value for _, value in enough])
    return msgspec.structs.replace(line, n=len(points))
