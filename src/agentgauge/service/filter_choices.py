"""The names that events of a window can be told apart by: what a person chooses from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agentgauge.engines import Engine, Measure, Query
from agentgauge.service.window import Window

COLUMNS = ("project", "agent", "role", "model")
_MOST = 200
"""Of one column, those with the most events: more are found by typing them into the address."""


def filter_choices(engine: Engine, window: Window) -> Mapping[str, tuple[str, ...]]:
    """Of each of `COLUMNS` the names that the window has, those with the most events first. One question."""
    counts: dict[str, Counter[str]] = {column: Counter() for column in COLUMNS}
    for row in _counted(engine, window, COLUMNS):
        for column in COLUMNS:
            if row[column] is not None:
                counts[column][row[column]] += row["events"]
    return {column: _most(counts[column]) for column in COLUMNS}


def named(engine: Engine, window: Window, column: str) -> tuple[str, ...]:
    """The names of a column in a window, those with the most events first."""
    found = _counted(engine, window, (column,))
    return _most(Counter({row[column]: row["events"] for row in found if row[column] is not None}))


def _counted(engine: Engine, window: Window, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    query = Query(start=window.start, end=window.end, group=columns, measures=(Measure("count", name="events"),))
    return engine.aggregate(query).records()


def _most(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda name: (-counts[name], name))[:_MOST])


def first_event(engine: Engine) -> datetime | None:
    """When the first event was; None where there is none."""
    first: datetime | None = engine.aggregate(Query(measures=(Measure("min", "time", name="first"),))).rows[0][0]
    return first
