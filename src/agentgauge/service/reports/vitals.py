"""What is looked at first of a window, where all that `overview` says is not needed: a third of its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.totals import COST, VITALS, Cost, Vitals, cost_of, vitals_of
from agentgauge.service.window import Window

_FIRST = Measure("min", "time", name="first")


class WindowVitals(Vitals, frozen=True, kw_only=True):
    first: datetime | None
    """Time of the first event, None where there are none."""


class WindowCost(Cost, frozen=True, kw_only=True):
    first: datetime | None


def vitals(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> WindowVitals:
    """Everything in the window that meets the filters, together."""
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=(*VITALS, _FIRST))
    row = engine.aggregate(query).records()[0]
    return WindowVitals(**vitals_of(row), first=row["first"])


def cost(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> WindowCost:
    """What everything in the window cost that meets the filters."""
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=(*COST, _FIRST))
    row = engine.aggregate(query).records()[0]
    return WindowCost(**cost_of(row), first=row["first"])
