"""How often each tool was called, failed, and how long it took."""

from __future__ import annotations

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.totals import or_nan, ratio
from agentgauge.service.window import Window


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None
    calls: int
    failures: int
    failure_rate: float
    median_ms: float
    p95_ms: float


def tools(engine: Engine, window: Window) -> tuple[Tool, ...]:
    """Each tool by its name, the most called first."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "=", "tool_call"),),
        group=("name",),
        measures=(
            Measure("count", name="calls"),
            Measure("failures", name="failures"),
            Measure("p50", "duration_ms", name="median_ms"),
            Measure("p95", "duration_ms", name="p95_ms"),
        ),
        order=("-calls",),
    )
    return tuple(
        Tool(
            name=row["name"],
            calls=row["calls"],
            failures=row["failures"],
            failure_rate=ratio(row["failures"], row["calls"]),
            median_ms=or_nan(row["median_ms"]),
            p95_ms=or_nan(row["p95_ms"]),
        )
        for row in engine.aggregate(query).records()
    )
