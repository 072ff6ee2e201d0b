"""The embedded engine: DuckDB over a relation named `events`.

The relation (a table or a view of the columns of `agentgauge.engines.columns`) must be visible to cursors of the
connection, so not TEMPORARY. Every question runs on a cursor of its own with the time zone set to UTC: threads may
share an engine, and a scan that is being read is not disturbed by other questions.

With the rollups of a snapshot, aggregates are answered from them where they can be (`agentgauge.engines.rollup_plan`)
and it is worth it (`agentgauge.engines.rollup_answers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import msgspec

from agentgauge.engines import columns as event_columns
from agentgauge.engines.answer import Answer
from agentgauge.engines.dialect import DUCKDB, Expression
from agentgauge.engines.measures import Measure
from agentgauge.engines.query import Query, TimeBucket
from agentgauge.engines.rollup_answers import RollupAnswers
from agentgauge.engines.rollup_plan import RollupPlan
from agentgauge.engines.rows import answer_columns, answer_rows
from agentgauge.engines.sql import (
    calls_around,
    select_events,
    select_extent,
    select_groups,
    select_tasks_extent,
)
from agentgauge.engines.time_buckets import OffsetSpan, offset_spans, zone_named
from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros
from agentgauge.lake.rollups.reading import Rollups

_ROWS_AT_ONCE = 2048
_MICROSECOND = timedelta(microseconds=1)
_STRAY = timedelta(days=1)
"""How far outside the time of its task a call may say that it was."""
_EXTENT = (Measure("min", "time"), Measure("max", "time"))

ROLLUPS_FROM_ROWS = 200_000
"""Raw rows that rollups have to stand for to be read instead: with fewer, rows are as quick."""


class DuckDBEngine:
    """Implements `agentgauge.engines.answer.Engine`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        rollups: Rollups | None = None,
        *,
        rollups_from_rows: int = ROLLUPS_FROM_ROWS,
    ) -> None:
        """`rollups` are those of the snapshot that the connection is of; `rollups_from_rows`: how many raw rows they
        have to stand for to be read instead."""
        self._connection = connection
        self._of_lake = rollups
        self._rollups = None if rollups is None else RollupAnswers(rollups, self._execute, rollups_from_rows)

    def aggregate(self, query: Query) -> Answer:
        """Groups and measures of a query. Raises `QueryError` where values are too large to compute with."""
        if self._rollups is None:
            return self._from_rows(query)
        plan = self._rollups.plan(query)
        if plan is not None and (answer := self._from_rollups(query, plan, self._rollups)) is not None:
            return answer
        return msgspec.structs.replace(self._from_rows(query), missing_before=self._rollups.missing_before(query))

    def _from_rollups(self, query: Query, plan: RollupPlan, rollups: RollupAnswers) -> Answer | None:
        buckets = _buckets(query)
        extent: tuple[Any, ...] = (None, None)
        if buckets and (query.start is None or query.end is None):
            ends = Query(start=query.start, end=query.end, filters=query.filters, measures=_EXTENT)
            extent = self.aggregate(ends).rows[0]
        window = _window(query, *extent) if buckets else None
        if buckets and window is None:
            return None
        return rollups.answer(query, plan, _spans(buckets, window), window)

    def _from_rows(self, query: Query) -> Answer:
        columns, buckets, around = answer_columns(query), _buckets(query), self._around(query)
        extent: tuple[Any, ...] = (None, None)
        if buckets and (query.start is None or query.end is None):
            extent = tuple(map(_time, self._execute(select_extent(query, DUCKDB, around)).fetchone() or extent))
        window = _window(query, *extent) if buckets else None
        if buckets and window is None:
            return Answer(columns=columns, rows=(), way="raw")
        select = select_groups(query, _spans(buckets, window), DUCKDB, around)
        rows = answer_rows(query, select, self._execute(select.text).fetchall(), window)
        return Answer(columns=columns, rows=rows, way="raw")

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        """Columns of the events in a query's window that pass its filters, in order of time and then id.

        Only window, filters and page of the query count. `attributes` are dictionaries, `attributes.<key>` text. Rows
        are turned into Python values as they are asked for; sorting them is DuckDB's, within its memory limit.
        """
        if not columns:
            raise QueryError("a scan needs at least one column")
        targets = [event_columns.column(name) for name in columns]
        readers = [_READERS.get(target.type) for target in targets]
        cursor = self._execute(select_events(query, targets, limit, DUCKDB, self._around(query)))
        return _rows(cursor, readers)

    def lacks(self, deletion: str) -> bool:
        return self._of_lake is not None and self._of_lake.deleted(deletion)

    def _around(self, query: Query) -> tuple[Expression, ...]:
        """Where in time the calls inside a window's operations are, so that files and row groups can be skipped."""
        if query.relation != "operations" or (query.start is None and query.end is None):
            return ()
        first, last = self._execute(select_tasks_extent(query, DUCKDB)).fetchone() or (None, None)
        if first is None:
            return ()
        return calls_around(from_micros(first) - _STRAY, from_micros(last) + _STRAY)

    def _execute(self, text: str) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        try:
            return cursor.execute(text)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise QueryError(f"a value is out of the range that can be computed with: {error}") from error


def _buckets(query: Query) -> list[TimeBucket]:
    return [key for key in query.group if isinstance(key, TimeBucket)]


def _window(query: Query, first: datetime | None, last: datetime | None) -> tuple[datetime, datetime] | None:
    """First and last moment of a query's window, open sides at the first or last event; None where it is empty."""
    begin = query.start or first
    end = last if query.end is None else query.end - _MICROSECOND
    return None if begin is None or end is None or begin > end else (begin, end)


def _spans(buckets: Sequence[TimeBucket], window: tuple[datetime, datetime] | None) -> list[tuple[OffsetSpan, ...]]:
    return [offset_spans(zone_named(bucket.zone), *window) for bucket in buckets] if window else []


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _document(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


_READERS: dict[str, Callable[[Any], Any]] = {"time": _time, "json": _document}


def _rows(
    cursor: duckdb.DuckDBPyConnection, readers: Sequence[Callable[[Any], Any] | None]
) -> Iterator[tuple[Any, ...]]:
    read = [(at, reader) for at, reader in enumerate(readers) if reader is not None]
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        if not read:
            yield from rows
            continue
        for row in rows:
            values = list(row)
            for at, reader in read:
                values[at] = reader(values[at])
            yield tuple(values)
