"""How long tasks, model calls and tool calls took."""

from __future__ import annotations

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.totals import or_nan
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


def latency(engine: Engine, window: Window) -> tuple[Latency, ...]:
    """How long tasks, model calls and tool calls took, those of which there are any."""
    statistics = {"mean_ms": "mean", "median_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "max_ms": "max"}
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", _WORK), Filter("duration_ms", "is not null")),
        group=("kind",),
        measures=(
            Measure("count", name="count"),
            *(Measure(statistic, "duration_ms", name=name) for name, statistic in statistics.items()),
        ),
    )
    found = {row["kind"]: row for row in engine.aggregate(query).records()}
    return tuple(
        Latency(of=kind, count=found[kind]["count"], **{name: or_nan(found[kind][name]) for name in statistics})
        for kind in _WORK
        if kind in found
    )
