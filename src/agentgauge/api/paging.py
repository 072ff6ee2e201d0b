"""Long lists page by page: at most `limit` rows, and a cursor that the next page is asked for with.

    page = Page.asked(cursor, limit, now, "outliers", metric, agent)        which question it is a page of
    rows, following = page.of(rows, lambda row: (-abs(row.score), row.id))  rows in the order of their keys

A cursor says after which key a page begins, not after how many rows, so what is recorded or decided in the meantime
neither repeats rows nor skips them. It also holds when the first page was asked: `page.as_of` is the `now` of all its
pages, so that a window that ends now stays the same. It is opaque, belongs to one question, and is no secret: it
names nothing that its page did not show.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Request, Response
from pydantic import Field

from agentgauge.errors import QueryError

DEFAULT_LIMIT = 50
MOST_ROWS = 1000
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="Rows of one page, at most.", examples=[DEFAULT_LIMIT])]
CursorText = Annotated[
    str | None,
    Field(max_length=2000, description="`meta.next_cursor` of the page before; left out, the first page is given."),
]

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
KeyPart = str | int | float | None
Key = tuple[KeyPart, ...]
"""What rows are in order of. A part that is None comes before all others."""
_Row = TypeVar("_Row")


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    question: str
    as_of: datetime
    after: Key


class Page(msgspec.Struct, frozen=True):
    """A page that is asked for."""

    limit: int
    question: str
    as_of: datetime
    """When the first page was asked for; aware."""
    after: Key | None
    """The key of the last row before it; None of the first page."""

    @classmethod
    def asked(cls, cursor: str | None, limit: int, now: datetime, *question: Hashable) -> Page:
        """The page that a cursor means. `question` is everything that decides which rows there are, and their order.

        Raises `QueryError` for text that is no cursor, or one of another question.
        """
        digest = hashlib.sha256(repr(question).encode()).hexdigest()[:16]
        if cursor is None:
            return cls(limit, digest, now, None)
        found = _read(cursor)
        if found is None or not _EARLIEST <= found.as_of <= now:
            raise QueryError("this is no cursor: take meta.next_cursor of the page before", field="cursor")
        if found.question != digest:
            raise QueryError(
                "the cursor is of another question: ask for its pages with the same parameters", field="cursor"
            )
        return cls(limit, digest, found.as_of, found.after)

    def of(self, rows: Sequence[_Row], key: Callable[[_Row], Key]) -> tuple[Sequence[_Row], str | None]:
        """The rows of this page, of all in the order of their keys, and the cursor of the next; None of the last."""
        begin = (
            0 if self.after is None else next((at for at, row in enumerate(rows) if self.follows(key(row))), len(rows))
        )
        return self.cut(rows[begin : begin + self.limit + 1], key)

    def cut(self, rows: Sequence[_Row], key: Callable[[_Row], Key]) -> tuple[Sequence[_Row], str | None]:
        """The same, of rows that begin with this page's first: `limit` and one more, where a database was asked for
        them.
        """
        if len(rows) <= self.limit:
            return rows, None
        return rows[: self.limit], _written(_Cursor(self.question, self.as_of, key(rows[self.limit - 1])))

    def follows(self, key: Key) -> bool:
        """Whether a row of this key is on this page or a later one."""
        return self.after is None or _comparable(key) > _comparable(self.after)


def link_next(request: Request, response: Response) -> Response:
    """The answer with a `Link` header to its next page (RFC 8288), where its `meta.next_cursor` says there is one."""
    if response.status_code != 200:
        return response
    packed = response.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(response.body) if packed else response.body
    cursor = msgspec.json.decode(body, type=_Paged).meta.next_cursor
    if cursor is not None:
        following = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return response


class _PagedMeta(msgspec.Struct):
    next_cursor: str | None = None


class _Paged(msgspec.Struct):
    meta: _PagedMeta = msgspec.field(default_factory=_PagedMeta)


def _comparable(key: Key) -> tuple[tuple[int, Any], ...]:
    """Parts of unlike types can be compared too: a cursor may have been made up."""
    return tuple((0, 0) if part is None else (2, part) if isinstance(part, str) else (1, part) for part in key)


def _written(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def _read(text: str) -> _Cursor | None:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=_Cursor)
    except (ValueError, msgspec.MsgspecError):
        return None
    return found if found.as_of.tzinfo is not None else None
