"""What single events belong to: the operation, run, session and piece of work, so that a figure leads to where it is
from.

Events are named by segment and n, which they have from the first. One question for as many as a page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from agentgauge.engines import Engine, Filter, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.service.window import Window

_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = ("kind", "project", "run", "session", "work_item", "trace_id", "span_id", "parent_id")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Absent values are None."""

    project: str | None
    run: str | None
    session: str | None
    ticket: str | None
    """The ticket, else the issue."""
    trace_id: str | None
    operation: str | None
    """Id of the operation that it is, or that it is right inside of."""


def origins(engine: Engine, events: Iterable[tuple[datetime, str, int]]) -> Mapping[tuple[str, int], Origin]:
    """By segment and n, of events with their times; those that are gone are left out."""
    asked = list(events)
    if not asked:
        return {}
    times = [time for time, _, _ in asked]
    window = Window(min(times), max(times) + _MICROSECOND)
    filters = (
        Filter("segment", "in", tuple(sorted({segment for _, segment, _ in asked}))),
        Filter("n", "in", tuple(sorted({n for _, _, n in asked}))),
    )
    query = Query(start=window.start, end=window.end, filters=filters)
    wanted = {(segment, n) for _, segment, n in asked}
    return {
        (segment, n): _origin(*stated)
        for segment, n, *stated in engine.scan(query, ("segment", "n", *_COLUMNS))
        if (segment, n) in wanted
    }


def _origin(
    kind: str,
    project: str | None,
    run: str | None,
    session: str | None,
    ticket: str | None,
    trace_id: str | None,
    span_id: str | None,
    parent_id: str | None,
) -> Origin:
    return Origin(
        project=project, run=run, session=session, ticket=ticket, trace_id=trace_id,
        operation=span_id if kind in TASK_KINDS else parent_id,
    )  # fmt: skip
