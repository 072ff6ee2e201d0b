"""Whether runs get better: success rate, cost, duration and quality of each run over the times of their starts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from agentgauge.analysis.trend import Direction, LinearTrend, direction, linear_trend
from agentgauge.runs.analysis.records import RunRecord


class RunTrend(msgspec.Struct, frozen=True):
    name: str
    unit: str
    line: LinearTrend
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
    return tuple(_trend(runs, *followed) for followed in _FOLLOWED)


def _trend(
    runs: Sequence[RunRecord], name: str, unit: str, lower_is_better: bool, value_of: Callable[[RunRecord], float]
) -> RunTrend:
    known = [(run.started, value) for run in runs if run.started is not None and math.isfinite(value := value_of(run))]
    line = linear_trend([moment for moment, _ in known], [value for _, value in known])
    return RunTrend(
        name=name,
        unit=unit,
        line=line,
        trend=direction(line, lower_is_better=lower_is_better),
        points=tuple((moment.timestamp(), value) for moment, value in known),
        without=len(runs) - len(known),
    )
