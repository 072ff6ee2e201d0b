"""Tables: typed columns over raw values, from which HTML and CSV are made.

A value that is not known is None or NaN: a dash on the page, nothing in CSV. What is sorted by is in the address
(`?sort=agents:-cost`), so that a link shows the same order; sorting puts what is not known last, whichever way.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agentgauge.events.plain import plain_digits

Kind = Literal[
    "text",
    "name",
    "money",
    "count",
    "tokens",
    "duration",
    "percent",
    "score",
    "number",
    "time",
    "bar",
    "flag",
    "status",
    "day",
]
"""`percent` are ratios 0-1; `bar` is a share of a budget, a ratio 0-1 or more; `name` leads the row; `status` is a
word with a tone."""
SHOWN = 25
"""Rows that a page shows of a table, unless all of them are asked for."""
_ASCENDING_FIRST = frozenset({"text", "name", "status"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    title: str
    kind: Kind = "text"
    sorts: bool = True
    note: str = ""
    """What the figure means, where its title does not say."""
    narrow: bool = True
    """Whether it is shown on a narrow screen."""
    heading: str = ""
    """What CSV calls it, where its key says nothing."""
    wraps: bool = False
    """Whether its values are sentences, which have several lines where there is little room."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    values: Mapping[str, Any]
    """By the keys of the columns: Decimal dollars, milliseconds, ratios, aware times, numbers, texts."""
    links: Mapping[str, str] = {}
    """Addresses, by the keys of the columns."""
    notes: Mapping[str, str] = {}
    """Small words beside a value, by the keys of the columns; a text in the place of a value that is None."""
    exact: Mapping[str, Any] = {}
    """What CSV has in the place of words that only people read, by the keys of the columns: a date."""
    tones: Mapping[str, Literal["good", "warn", "bad"]] = {}
    """How good a value of the kind `status` is, by the keys of the columns."""
    colour: str | None = None
    """A CSS value: of the entity that the row is about."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str
    """What it is a table of, for who cannot see where it stands."""
    more: str | None = None
    """Where the next rows are."""
    is_page: bool = False
    """Whether it is one page of a list, the last one too: it is shown whole."""
    total: int | None = None
    """Of how many rows these are the first."""
    empty: str = "Nothing of this range and these filters."

    def sorted(self, by: str | None) -> Table:
        """By a column's key, with `-` before it descending; as it is where that is no column of it."""
        key = (by or "").removeprefix("-")
        if not any(column.key == key and column.sorts for column in self.columns):
            return self
        known = [row for row in self.rows if not _is_unknown(row.values.get(key))]
        unknown = [row for row in self.rows if _is_unknown(row.values.get(key))]
        known.sort(key=lambda row: _comparable(row.values[key]), reverse=(by or "").startswith("-"))
        return msgspec.structs.replace(self, rows=(*known, *unknown))

    def csv(self) -> str:
        """All rows with plain values: money and ratios as numbers, days ISO 8601, times RFC 3339 in UTC; RFC 4180."""
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow([_plain(column.heading or column.key) for column in self.columns])
        for row in self.rows:
            values = {**row.values, **row.exact}
            writer.writerow([_plain(values.get(column.key)) for column in self.columns])
        return out.getvalue()


def other_order(column: Column, by: str | None) -> str:
    """What a click on a column's title sorts by."""
    first, second = column.key, f"-{column.key}"
    if column.kind not in _ASCENDING_FIRST:
        first, second = second, first
    return second if by == first else first


def _is_unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _comparable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _plain(value: Any) -> str:
    if _is_unknown(value):
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return plain_digits(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"  # or a spreadsheet would compute what somebody recorded
    return str(value)
