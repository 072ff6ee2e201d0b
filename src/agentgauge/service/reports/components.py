"""Where an operation's time goes: how long its parts took, as they were timed by whoever recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agentgauge.engines import Answer, Engine, Filter, Measure, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import FEW, or_nan, ratio
from agentgauge.service.window import Window

_KEY = "attributes.component"


class Component(msgspec.Struct, frozen=True, kw_only=True):
    operation: str
    """The name of the task."""
    component: str | None
    """None of a timing that names none."""
    count: int
    """Timings; an operation may have several of one component."""
    total_ms: float
    mean_ms: float
    p95_ms: float
    share: float
    """Of the time of all runs of the operation, those without the component included. Parts that ran at the same time,
    or inside each other, add up to more than 1. NaN where no run has a duration."""
    failures: int
    """Timings in operations that failed."""
    overlapping: bool
    """Whether the components of its operation take more time together than the operation: they ran in parallel, or
    inside each other."""

    @property
    def few(self) -> bool:
        """Whether there are too few for a p95 that says much."""
        return self.count < FEW


def components(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> Rows[Component]:
    """The parts of operations that ended in the window and meet the filters: those of the operation that took the most
    time first, and of one operation the longest first.

    They are what `add_component_timing` records. Percentiles are exact: timings are read from the events themselves.
    """
    timed = engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=tuple(filters),
            group=("operation", _KEY),
            measures=(
                Measure("count", name="count"),
                Measure("failures", name="failures"),
                Measure("sum", "duration_ms", name="total_ms"),
                Measure("mean", "duration_ms", name="mean_ms"),
                Measure("p95", "duration_ms", name="p95_ms"),
            ),
            relation="components",
        )
    )
    rows = timed.records()
    of_operations = _time_of_operations(engine, window, filters)
    whole: dict[str, float] = dict(of_operations.rows)
    parts: dict[str, float] = {}
    for row in rows:
        parts[row["operation"]] = parts.get(row["operation"], 0.0) + row["total_ms"]
    rows.sort(key=lambda row: (-whole.get(row["operation"], 0.0), row["operation"], -row["total_ms"]))
    found = (_component(row, whole.get(row["operation"], 0.0), parts[row["operation"]]) for row in rows)
    return Rows(rows=tuple(found), **found_by(timed, of_operations))


def _component(row: dict[str, Any], operation_ms: float, components_ms: float) -> Component:
    return Component(
        operation=row["operation"],
        component=row[_KEY],
        count=row["count"],
        total_ms=row["total_ms"],
        mean_ms=or_nan(row["mean_ms"]),
        p95_ms=or_nan(row["p95_ms"]),
        share=ratio(row["total_ms"], operation_ms),
        failures=row["failures"],
        # A clock read twice is a little off: parts that fill the whole may be above it by that.
        overlapping=0 < operation_ms * 1.01 < components_ms,
    )


def _time_of_operations(engine: Engine, window: Window, filters: Sequence[Filter]) -> Answer:
    """Milliseconds of all tasks by name."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", TASK_KINDS), *filters),
        group=("name",),
        measures=(Measure("sum", "duration_ms", name="total_ms"),),
    )
    return engine.aggregate(query)
