"""How long tasks, model calls and tool calls took."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import FEW, or_nan
from agentgauge.service.window import Window

_WORK = ("task", "llm_call", "tool_call")


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    of: str
    """task, llm_call or tool_call."""
    count: int
    mean_ms: float
    median_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @property
    def few(self) -> bool:
        """Whether there are too few for a p95 that says much."""
        return self.count < FEW


def latency(engine: Engine, window: Window, filters: Sequence[Filter] = (), *, exact: bool = False) -> Rows[Latency]:
    """How long tasks, model calls and tool calls took, those of which there are any."""
    statistics = {"mean_ms": "mean", "median_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "max_ms": "max"}
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", _WORK), Filter("duration_ms", "is not null"), *filters),
        group=("kind",),
        measures=(
            Measure("count", name="count"),
            *(Measure(statistic, "duration_ms", name=name) for name, statistic in statistics.items()),
        ),
        exact=exact,
    )
    answer = engine.aggregate(query)
    found = {row["kind"]: row for row in answer.records()}
    rows = (
        Latency(of=kind, count=found[kind]["count"], **{name: or_nan(found[kind][name]) for name in statistics})
        for kind in _WORK
        if kind in found
    )
    return Rows(rows=tuple(rows), **found_by(answer))
