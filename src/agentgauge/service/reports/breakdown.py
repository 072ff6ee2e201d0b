"""What was used per value of one or more dimensions: columns of the events or keys of their attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentgauge.engines import Answer, Engine, Filter, Measure, Query
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.errors import QueryError
from agentgauge.events import kinds
from agentgauge.service.dimensions import dimension, unknown_dimension
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import TOTALS, Totals, totals_of
from agentgauge.service.window import Window

WORK = ("task", "llm_call", "tool_call")
"""What is counted and timed, the whole before its parts."""


class Group(Totals, frozen=True, kw_only=True):
    key: dict[str, Any]
    """The group's value of each dimension; None where the events have none."""
    events: int
    """Of all kinds that can have the dimensions, those that are neither calls nor tasks included."""


def breakdown(
    engine: Engine, window: Window, by: Sequence[str], filters: Sequence[Filter] = (), *, exact: bool = False
) -> Rows[Group]:
    """One group per combination of values of the dimensions `by`, the dearest first.

    A dimension is a column of `events`, or the key of an attribute, with or without the prefix `attributes.`. Groups
    are of tasks, model calls and tool calls; of every kind where a dimension is `kind`, `feature` or an attribute, and
    where none of these has a value of the dimensions. Raises `QueryError`.
    """
    dimensions = [dimension(name) for name in by]
    first, *others = _kinds_with(dimensions)
    answer = _of_kinds(engine, window, dimensions, filters, first, exact=exact)
    for kinds_asked in others:
        if all(row[column] is None for row in answer.records() for column in dimensions):
            answer = _of_kinds(engine, window, dimensions, filters, kinds_asked, exact=exact)
    rows = answer.records()
    for name, column in zip(by, dimensions, strict=True):
        if column not in COLUMNS and rows and all(row[column] is None for row in rows):
            raise unknown_dimension(name)
    groups = (
        Group(
            **totals_of(row),
            key={name: row[column] for name, column in zip(by, dimensions, strict=True)},
            events=row["events"],
        )
        for row in rows
    )
    return Rows(rows=tuple(groups), **found_by(answer))


def _of_kinds(
    engine: Engine,
    window: Window,
    dimensions: Sequence[str],
    filters: Sequence[Filter],
    kinds_asked: tuple[str, ...],
    *,
    exact: bool,
) -> Answer:
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", kinds_asked), *filters),
        group=tuple(dimensions),
        measures=(*TOTALS, Measure("count", name="events")),
        order=("-cost_usd", "-calls", "-tasks", "-tool_calls"),
        exact=exact,
    )
    return engine.aggregate(query)


def _kinds_with(dimensions: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The kinds that can have the dimensions: by model, tasks and tool calls would all be under none.

    First those of work, to be followed by all where no work has any of the dimensions.
    """
    own = {name for kind in kinds.KINDS for field in kind.fields if (name := field.name) in dimensions}
    found = tuple(kind.name for kind in kinds.KINDS if own <= {field.name for field in kind.fields})
    if not found:
        raise QueryError(f"no kind of event has {' and '.join(sorted(own))} together: break down by one of them")
    work = tuple(kind for kind in found if kind in WORK)
    of_all = not {"kind", "feature"}.isdisjoint(dimensions) or not all(name in COLUMNS for name in dimensions)
    return (found,) if of_all or not work or work == found else (work, found)
