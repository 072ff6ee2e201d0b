"""What an engine is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from agentgauge.engines.columns import Column
from agentgauge.engines.query import Query

Way = Literal["raw", "rollups", "rollups and raw"]
"""How an answer was found: `raw`, from the events themselves, `rollups`, from sums that are kept of them."""


class Answer(msgspec.Struct, frozen=True):
    """Rows, one per group, in the order asked for.

    Values have the type of their column: str, int, float, Decimal for money, bool, an aware datetime for times and time
    buckets, `Summary`; None where there is nothing to answer from (the mean of no values, the cost of calls none of
    which is priced).
    """

    columns: tuple[Column, ...]
    """Group keys first, then measures; names are unique, units as in `agentgauge.events.fields`."""
    rows: tuple[tuple[Any, ...], ...]
    way: Way
    exact: bool = True
    """Else percentiles are within 1 % of the value; everything else is exact in any case."""
    missing_before: datetime | None = None
    """Where not None, events of the window before this moment have expired and the answer is without them: rollups
    cannot answer the question, or cannot be cut where the window begins or ends."""

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class Engine(Protocol):
    """Answers questions about the events of one lake. Every engine passes the suite in tests/engines."""

    def aggregate(self, query: Query) -> Answer:
        """Groups and measures of a query. Raises `QueryError` where it cannot be asked of the events there are."""
        ...

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        """Columns of the events in a query's window that pass its filters, in order of time and id, or of its page."""
        ...

    def lacks(self, deletion: str) -> bool:
        """Whether the events of a deletion, by its mark, are gone from what is asked here."""
        ...
