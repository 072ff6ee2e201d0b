"""How often each tool was called, failed, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import FEW, or_nan, ratio
from agentgauge.service.window import Window


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None
    calls: int
    failures: int
    failure_rate: float
    median_ms: float
    p95_ms: float

    @property
    def few(self) -> bool:
        """Whether there are too few for a p95 that says much."""
        return self.calls < FEW


def tools(engine: Engine, window: Window, filters: Sequence[Filter] = (), *, exact: bool = False) -> Rows[Tool]:
    """Each tool by its name, the most called first."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "=", "tool_call"), *filters),
        group=("name",),
        measures=(
            Measure("count", name="calls"),
            Measure("failures", name="failures"),
            Measure("p50", "duration_ms", name="median_ms"),
            Measure("p95", "duration_ms", name="p95_ms"),
        ),
        order=("-calls",),
        exact=exact,
    )
    answer = engine.aggregate(query)
    rows = (
        Tool(
            name=row["name"],
            calls=row["calls"],
            failures=row["failures"],
            failure_rate=ratio(row["failures"], row["calls"]),
            median_ms=or_nan(row["median_ms"]),
            p95_ms=or_nan(row["p95_ms"]),
        )
        for row in answer.records()
    )
    return Rows(rows=tuple(rows), **found_by(answer))
