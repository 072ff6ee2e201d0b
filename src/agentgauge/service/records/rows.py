"""The events themselves, a page at a time: any columns of them, by time and then by where each was first written.

That place, segment and n, is an event's from the first and survives compacting, so pages of a stream that grows neither
repeat nor skip what they have passed. What arrives late, with a time that the pages have passed, is on none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agentgauge.engines import Engine, Filter, Page, Query, TimeBucket
from agentgauge.engines.columns import ALL, DERIVED, column
from agentgauge.engines.query import Relation
from agentgauge.errors import QueryError
from agentgauge.service.window import Window

IDENTITY = ("time", "segment", "n")
COLUMNS = tuple(one.name for one in ALL if one not in DERIVED)
"""What is told of an event where nobody says: all that is recorded of it."""

RowKey = tuple[datetime, str, int]
"""Time, segment and n."""
_MICROSECOND = timedelta(microseconds=1)
_LAST_TIME = datetime.max.replace(tzinfo=UTC) - _MICROSECOND
"""The last that another follows."""
_SORTED_AT_ONCE = 200_000


def columns_named(names: Sequence[str]) -> tuple[str, ...]:
    """The columns that names mean, each once; an event's own, or the attribute of that key.

    Raises `QueryError` for `attributes.` alone and for text that can be none.
    """
    found: dict[str, None] = {}
    for name in names:
        if not name or name == "attributes.":
            raise QueryError("columns are names with commas between them: time,kind,agent", field="columns")
        found[column(name).name] = None
    return tuple(found)


def event_rows(
    engine: Engine,
    window: Window,
    filters: Sequence[Filter] = (),
    columns: Sequence[str] = COLUMNS,
    *,
    limit: int,
    newest_first: bool = True,
    after: RowKey | None = None,
    relation: Relation = "events",
) -> Iterator[tuple[Any, ...]]:
    """At most `limit` rows: time, segment and n, and then the columns asked for."""
    start, end = window.start, window.end
    if after is not None and newest_first:  # so that only files are read which have what follows
        beyond = min(after[0], _LAST_TIME) + _MICROSECOND
        end = min(end or beyond, beyond)
    elif after is not None:
        start = max(start or after[0], after[0])
    if start is not None and end is not None and start >= end:
        return iter(())
    page = Page(newest_first, after)
    query = Query(start=start, end=end, filters=tuple(filters), relation=relation, page=page)
    return engine.scan(query, (*IDENTITY, *columns), limit)


def missing_before(engine: Engine, window: Window) -> datetime | None:
    """The moment before which events of a window have expired; None where all are there."""
    # Asked for a row that there is none of, by what sums are not kept of: hardly anything is read.
    of_none = Query(start=window.start, end=window.end, filters=(Filter("n", "=", -1),))
    return engine.aggregate(of_none).missing_before


def all_rows(
    engine: Engine, window: Window, filters: Sequence[Filter] = (), columns: Sequence[str] = COLUMNS
) -> Iterator[tuple[Any, ...]]:
    """All rows of a window in order of time and then id.

    They are sorted a stretch of hours at a time, of some 200,000 rows or of one hour: what the first row costs, in time
    and memory, does not grow with how many there are.
    """
    for stretch in _stretches(engine, window, filters):
        yield from engine.scan(Query(start=stretch.start, end=stretch.end, filters=tuple(filters)), columns)


def _stretches(engine: Engine, window: Window, filters: Sequence[Filter]) -> Iterator[Window]:
    """A window in pieces, by the hours that have events; none where there are none."""
    hours = Query(start=window.start, end=window.end, filters=tuple(filters), group=(TimeBucket("hour"),))
    start, rows = window.start, 0
    counted = engine.aggregate(hours).rows
    for hour, count in counted:
        if rows and rows + count > _SORTED_AT_ONCE:
            yield Window(start, hour)
            start, rows = hour, 0
        rows += count
    if counted:
        yield Window(start, window.end)
