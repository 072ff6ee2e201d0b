"""SQL as a person asks it: one SELECT over `events` and `losses`, and nothing that changes anything.

The connection reads a snapshot, so no statement could change events; what is refused is what DuckDB would do beside it:
write files, load extensions, change settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from agentgauge.errors import QueryError

if TYPE_CHECKING:
    import duckdb

_ROWS_AT_ONCE = 2048


class Rows:
    """The answer to one statement: column names, and rows that are read as they are asked for."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        description = cursor.description or []
        self.columns: tuple[str, ...] = tuple(column[0] for column in description)
        self._documents = [at for at, column in enumerate(description) if str(column[1]) == "JSON"]
        self._cursor = cursor

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Rows with Python values; JSON columns as the documents they hold. Raises `QueryError` where computing them
        fails.
        """
        import duckdb

        while True:
            try:
                rows = self._cursor.fetchmany(_ROWS_AT_ONCE)
            except duckdb.Error as error:
                raise QueryError(_said(error)) from error
            if not rows:
                return
            yield from map(self._decoded, rows) if self._documents else rows

    def _decoded(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for at in self._documents:
            if values[at] is not None:
                values[at] = msgspec.json.decode(values[at])
        return tuple(values)


def select(connection: duckdb.DuckDBPyConnection, text: str) -> Rows:
    """Run one statement that only reads. Raises `QueryError` for any other, and with DuckDB's words where it fails."""
    import duckdb

    try:
        statements = connection.extract_statements(text)
        if len(statements) != 1:
            raise QueryError(f"one statement at a time: got {len(statements)}")
        if statements[0].type != duckdb.StatementType.SELECT:
            word = statements[0].query.split(maxsplit=1)[0].upper()
            raise QueryError(f"{word}: only statements that read (SELECT, WITH, FROM, DESCRIBE, SUMMARIZE) are run")
        cursor = connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(statements[0])
        return Rows(cursor)
    except duckdb.Error as error:
        raise QueryError(_said(error)) from error


def _said(error: Exception) -> str:
    """DuckDB's message without the pointer line under the statement, which a wrapped terminal tears apart."""
    return str(error).strip()
