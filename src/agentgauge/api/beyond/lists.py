"""Lists page by page, as their cursors and keys say: what `agentgauge.service.records` gives, with where to go on.

Rows are those of one moment, as far as a stream that grows allows: no page sees anything newer than when the first was
asked for, nor what a clock that is ahead says is.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec

from agentgauge.api.beyond.question import OfPart
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Key, Limit, Page
from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros, to_micros
from agentgauge.service.records.rows import RowKey
from agentgauge.service.records.work import WorkKey, WorkOrder
from agentgauge.service.window import Window

_MOST_USD = Decimal(10) ** 26
"""What a decimal of 38 digits with 12 places has no room for."""


class ListMeta(msgspec.Struct, frozen=True):
    as_of: datetime
    """When the first page was asked for."""
    next_cursor: str | None
    """Asks for the next page, with the same parameters; None on the last."""


class EventsMeta(ListMeta, frozen=True):
    """Of a list that is read from events."""

    missing_before: datetime | None
    """Where not None, events of the window before it have expired: what had no later ones is in no list."""


class PageParameters(OfPart):
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None

    def page(self, now: datetime, *question: str) -> Page:
        """Raises `QueryError`."""
        asked = tuple((name, value) for name, value in self if name not in ("limit", "cursor"))
        return Page.asked(self.cursor, self.limit, now, *question, asked)


def up_to_first_page(window: Window, page: Page) -> Window:
    """The window of all pages of a list whose rows move as more is recorded."""
    if window.start is not None and window.start >= page.as_of:
        return window
    return Window(window.start, page.as_of if window.end is None else min(window.end, page.as_of))


def row_key(key: Key | None) -> RowKey | None:
    """Raises `QueryError` for what no page has given."""
    match key:
        case None:
            return None
        case (int(micros), str(segment), int(n)):
            return _moment(micros), segment, n
        case _:
            raise _no_cursor()


def written_row_key(key: RowKey) -> Key:
    return to_micros(key[0]), key[1], key[2]


def work_key(key: Key | None, order: WorkOrder) -> WorkKey | None:
    """Raises `QueryError` for what no page has given."""
    match key:
        case None:
            return None
        case (int(micros), None | str() as project, str(name)) if order == "newest":
            return _moment(micros), project, name
        case (None | str() as cost, None | str() as project, str(name)) if order == "dearest":
            return None if cost is None else dollars(cost), project, name
        case _:
            raise _no_cursor()


def written_work_key(key: WorkKey) -> Key:
    figure, *name = key
    if isinstance(figure, datetime):
        return to_micros(figure), *name
    return None if figure is None else f"{figure:f}", *name


def _moment(micros: int) -> datetime:
    try:
        return from_micros(micros)
    except OverflowError:
        raise _no_cursor() from None


def dollars(text: str) -> Decimal:
    """Raises `QueryError` for what no page has given: what is no number, or more than engines take."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise _no_cursor() from None
    if not found.is_finite() or abs(found) >= _MOST_USD:
        raise _no_cursor()
    return found


def _no_cursor() -> QueryError:
    return QueryError("this is no cursor: take meta.next_cursor of the page before", field="cursor")
