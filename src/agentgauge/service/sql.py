"""SQL as a person asks it: one SELECT over the views of a snapshot, or EXPLAIN of one; nothing that changes anything.

The views are `events`, `losses`, `repriced`, `units` (`agentgauge.lake.rollups.units`), the tables of features
(`agentgauge.lake.feature_tables`), and `agent_metrics` (`agentgauge.service.agent_metrics`).

The connection reads a snapshot, so no statement could change events; what is refused is what DuckDB would do beside it:
write files, load extensions, change settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

from agentgauge.errors import QueryError
from agentgauge.service import agent_metrics
from agentgauge.state.agents import AgentName

if TYPE_CHECKING:
    import duckdb

_ROWS_AT_ONCE = 2048
_CATALOGUE = ("show", "information_schema", "duckdb_", "sqlite_master", "pg_")
"""Words of statements that list the views there are. Others do not pay for making all of them."""
_VIEWS = ("events", "losses", "repriced", "units", agent_metrics.NAME)
_NO_TABLE = re.compile(r'Table with name "?(?P<name>.+?)"? does not exist')
_EXPLAIN = re.compile(r"EXPLAIN\s+(ANALYZE\s+|\((?:\s*(?:ANALYZE|FORMAT\s+\w+)\s*,?)+\)\s*)?", re.IGNORECASE)


class Rows:
    """The answer to one statement: column names, and rows that are read as they are asked for."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        description = cursor.description or []
        self.columns = _told_apart([column[0] for column in description])
        """Unlike each other: of two columns `a` the second is `a_1`."""
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
                values[at] = _document(values[at])
        return tuple(values)


def _document(text: str) -> Any:
    """What JSON holds; the text where DuckDB's JSON is none to others, or deeper than can be gone into."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def asks_for_ids(text: str) -> bool:
    """Whether a statement names a table of features: their rows have ids once they are in the lake."""
    from agentgauge.lake.feature_tables import TABLES  # deferred: it imports DuckDB

    return any(name in text.lower() for name in TABLES)


def names_agent_metrics(text: str) -> bool:
    """Whether a statement names that view: then `select` needs the ids of agents (`agent_metrics.agent_ids`)."""
    return agent_metrics.NAME in text.lower()


def select(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    units: Callable[[], str] | None = None,
    agent_ids: Mapping[AgentName, int] | None = None,
    *,
    cursor: duckdb.DuckDBPyConnection | None = None,
) -> Rows:
    """Run one statement that only reads; `units` gives the SELECT of the view of that name. `cursor`, which reads
    times in UTC, is what it runs on where another thread is to be able to interrupt it.

    Raises `QueryError` for any other statement, and with DuckDB's words where it fails.
    """
    import duckdb

    from agentgauge.lake.feature_tables import create_feature_tables  # deferred, as DuckDB

    try:
        of_all = any(word in text.lower() for word in _CATALOGUE)
        if of_all or asks_for_ids(text):
            create_feature_tables(connection)
        if units is not None and (of_all or "units" in text.lower()):
            connection.execute(f"CREATE VIEW units AS {units()}")
        if of_all or names_agent_metrics(text):
            agent_metrics.create_agent_metrics(connection, agent_ids or {})
        statements = connection.extract_statements(text)
        if len(statements) != 1:
            raise QueryError(f"one statement at a time: got {len(statements)}")
        if not _only_reads(connection, statements[0]):
            word = statements[0].query.split(maxsplit=1)[0].upper()
            raise QueryError(
                f"{word}: only statements that read (SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, EXPLAIN of these) are run"
            )
        running = _in_utc(connection) if cursor is None else cursor
        running.execute(statements[0])
        return Rows(running)
    except duckdb.CatalogException as error:
        if missing := _NO_TABLE.search(str(error)):
            raise QueryError(_no_view(missing["name"])) from error
        raise QueryError(_said(error)) from error
    except duckdb.Error as error:
        raise QueryError(_said(error)) from error


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    return connection.cursor().execute("SET TimeZone = 'UTC'")


def _no_view(name: str) -> str:
    """DuckDB would propose tables of its own: views of ours are made when they are asked for."""
    from agentgauge.lake.feature_tables import TABLES  # deferred, as DuckDB

    views = (*_VIEWS, *TABLES)
    near = get_close_matches(name.lower(), views, n=1)
    return f"no view is called {name!r}{f': did you mean {near[0]}?' if near else '.'} There are {', '.join(views)}"


def _only_reads(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    """Whether a statement is a SELECT, or the explanation of one: EXPLAIN ANALYZE runs what it explains."""
    import duckdb

    if statement.type == duckdb.StatementType.EXPLAIN and (explained := _EXPLAIN.match(statement.query)):
        inner = connection.extract_statements(statement.query[explained.end() :])
        return [part.type for part in inner] == [duckdb.StatementType.SELECT]
    return bool(statement.type == duckdb.StatementType.SELECT)


def _told_apart(names: list[str]) -> tuple[str, ...]:
    taken = set(names)
    found: list[str] = []
    for name in names:
        unlike = name
        if name in found:
            unlike = next(other for n in count(1) if (other := f"{name}_{n}") not in taken)
        taken.add(unlike)
        found.append(unlike)
    return tuple(found)


def _said(error: Exception) -> str:
    """DuckDB's message on one line: of the statement, with a pointer under it, only the number of the line is kept."""
    said, _, where = str(error).strip().partition("\n\nLINE ")
    line = where.partition(":")[0]
    said = re.sub(r"([.!?:;])?\s*\n\s*", lambda end: f"{end[1] or '.'} ", said)
    return f"{said} (line {line})" if line not in ("", "1") else said
