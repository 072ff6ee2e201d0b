"""What everything together used and cost, and how well it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.service.reports.rows import found_by
from agentgauge.service.reports.totals import TOTALS, Totals, totals_of
from agentgauge.service.window import Window


class Overview(Totals, frozen=True, kw_only=True):
    events: int
    calls_outside_tasks: int
    """Model calls that name no parent: they belong to no task."""
    first: datetime | None
    """Time of the first event, None where there are none."""
    last: datetime | None
    way: Way
    exact: bool
    missing_before: datetime | None


_MEASURES = (
    *TOTALS,
    Measure("count", name="events"),
    Measure("min", "time", name="first"),
    Measure("max", "time", name="last"),
    Measure("outside", over="llm_call", name="calls_outside_tasks"),
)


def overview(engine: Engine, window: Window, filters: Sequence[Filter] = (), *, exact: bool = False) -> Overview:
    """Everything in the window that meets the filters, together."""
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=_MEASURES, exact=exact)
    answer = engine.aggregate(query)
    row = answer.records()[0]
    own = {name: row[name] for name in ("events", "calls_outside_tasks", "first", "last")}
    return Overview(**totals_of(row), **own, **found_by(answer))
