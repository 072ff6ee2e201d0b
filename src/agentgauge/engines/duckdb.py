"""The embedded engine: DuckDB over a relation named `events`.

The relation (a table or a view of the columns of `agentgauge.engines.columns`) must be visible to cursors of the
connection, so not TEMPORARY. Every question runs on a cursor of its own with the time zone set to UTC: threads may
share an engine, and a scan that is being read is not disturbed by other questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import msgspec

from agentgauge.engines import columns as event_columns
from agentgauge.engines.answer import Answer
from agentgauge.engines.dialect import DUCKDB
from agentgauge.engines.query import Query, TimeBucket
from agentgauge.engines.rows import answer_columns, answer_rows
from agentgauge.engines.sql import select_events, select_extent, select_groups
from agentgauge.engines.time_buckets import offset_spans, zone_named
from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros

_ROWS_AT_ONCE = 2048
_MICROSECOND = timedelta(microseconds=1)


class DuckDBEngine:
    """Implements `agentgauge.engines.answer.Engine`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def aggregate(self, query: Query) -> Answer:
        """Groups and measures of a query. Raises `QueryError` where values are too large to compute with."""
        columns, buckets = answer_columns(query), [key for key in query.group if isinstance(key, TimeBucket)]
        window = self._window(query) if buckets else None
        if buckets and window is None:
            return Answer(columns=columns, rows=(), way="raw")
        spans = [offset_spans(zone_named(bucket.zone), *window) for bucket in buckets] if window else []
        select = select_groups(query, spans, DUCKDB)
        rows = answer_rows(query, select, self._execute(select.text).fetchall(), window)
        return Answer(columns=columns, rows=rows, way="raw")

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        """Columns of the events in a query's window that pass its filters, in order of time and then id.

        Only window and filters of the query count. `attributes` are dictionaries, `attributes.<key>` text. Rows
        are turned into Python values as they are asked for; sorting them is DuckDB's, within its memory limit.
        """
        if not columns:
            raise QueryError("a scan needs at least one column")
        targets = [event_columns.column(name) for name in columns]
        readers = [_READERS.get(target.type) for target in targets]
        cursor = self._execute(select_events(query, targets, limit, DUCKDB))
        return _rows(cursor, readers)

    def _execute(self, text: str) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        try:
            return cursor.execute(text)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise QueryError(f"a value is out of the range that can be computed with: {error}") from error

    def _window(self, query: Query) -> tuple[datetime, datetime] | None:
        """First and last moment of a query's window, open sides at the first or last event; None where it is empty."""
        first, last = query.start, None if query.end is None else query.end - _MICROSECOND
        if first is None or last is None:
            row = self._execute(select_extent(query, DUCKDB)).fetchone()
            if row is None or row[0] is None:
                return None
            first, last = first or from_micros(row[0]), last or from_micros(row[1])
        return (first, last) if first <= last else None


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _document(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


_READERS: dict[str, Callable[[Any], Any]] = {"time": _time, "json": _document}


def _rows(
    cursor: duckdb.DuckDBPyConnection, readers: Sequence[Callable[[Any], Any] | None]
) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        for row in rows:
            yield tuple(value if read is None else read(value) for value, read in zip(row, readers, strict=True))
