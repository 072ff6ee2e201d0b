"""A waterfall: what happened in a piece of work, nested, a page of rows at a time.

Rows come in the order in which they began, each before what is inside it. Of work of more than 4,000 events so many are
nested at a time, a part: what is around an event is then found where it is in the same part. Every event is on one row
of one page of one part: its own, or that of the span that it is the start of.

Costs reading a part, whichever of its pages is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.errors import QueryError
from agentgauge.service.records.nesting import Node, in_order, nested
from agentgauge.service.records.rows import RowKey
from agentgauge.service.records.work_item import Step, course
from agentgauge.service.window import Window

MOST_EVENTS = 4000
"""Of one part."""


class Waterfall(msgspec.Struct, frozen=True, kw_only=True):
    roots: tuple[Node, ...]
    """Everything of this part."""
    rows: tuple[Node, ...]
    """This page's."""
    above: tuple[Node, ...]
    """What the first row is inside of, the outermost first: rows of pages before."""
    before: int
    """Rows of this part on pages before."""
    total: int
    """Rows of this part."""
    events: int
    """Events of this part."""
    after: RowKey | None
    """The last row, where there are more; None on the last page of a part."""
    next_part: RowKey | None
    """The last event of this part, where there are more."""


def waterfall(
    engine: Engine,
    window: Window,
    filters: Sequence[Filter],
    *,
    limit: int,
    after: RowKey | None = None,
    part: RowKey | None = None,
    most: int = MOST_EVENTS,
) -> Waterfall:
    """The rows after one of the part after an event. Raises `QueryError` for a row that is not in the part."""
    steps = course(engine, window, filters, limit=most + 1, after=part)
    return of_steps(steps[:most], limit=limit, after=after, is_cut=len(steps) > most)


def of_steps(steps: Sequence[Step], *, limit: int, after: RowKey | None = None, is_cut: bool = False) -> Waterfall:
    """The same of steps that are at hand, in order of time."""
    roots = nested(steps)
    rows = tuple(in_order(roots))
    begin = 0
    if after is not None:
        found = next((at for at, row in enumerate(rows) if after in row.keys), None)
        if found is None:
            raise QueryError("no such row here: begin with the first page", field="after")
        begin = found + 1
    page = rows[begin : begin + limit]
    is_last = begin + limit >= len(rows)
    return Waterfall(
        roots=roots,
        rows=page,
        above=page[0].above() if page else (),
        before=begin,
        total=len(rows),
        events=len(steps),
        after=None if is_last else page[-1].key,
        next_part=steps[-1].key if is_cut else None,
    )
