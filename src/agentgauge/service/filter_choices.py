"""The names that events of a window can be told apart by: what a person chooses from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agentgauge.engines import Engine, Measure, Query
from agentgauge.service.window import Window

COLUMNS = ("project", "agent", "role", "model")
_MOST = 200
"""Of one column, those with the most events: more are found by typing them into the address."""


def filter_choices(engine: Engine, window: Window) -> Mapping[str, tuple[str, ...]]:
    """Of each of `COLUMNS` the names that the window has, those with the most events first."""
    return {column: named(engine, window, column) for column in COLUMNS}


def first_event(engine: Engine) -> datetime | None:
    """When the first event was; None where there is none."""
    first: datetime | None = engine.aggregate(Query(measures=(Measure("min", "time", name="first"),))).rows[0][0]
    return first


def named(engine: Engine, window: Window, column: str) -> tuple[str, ...]:
    """The names of a column in a window, those with the most events first."""
    query = Query(start=window.start, end=window.end, group=(column,), measures=(Measure("count", name="events"),))
    counts = [(row[column], row["events"]) for row in engine.aggregate(query).records() if row[column] is not None]
    counts.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple(name for name, _ in counts[:_MOST])
