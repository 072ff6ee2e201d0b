"""The statements that repositories have in common, put together here and nowhere else: names of tables and columns are
the repositories' own, values are parameters.

What one of the databases cannot hold is kept alike on both: what is no number (NaN) as NULL, the character NUL, which a
recorded name may have, as U+FFFD.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from agentgauge.state.store import Connection, Row


class Where:
    """Conditions that must all hold. Their texts are the repositories' own; values are parameters."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._parameters: list[Any] = []

    def also(self, text: str, *parameters: Any) -> Where:
        """With one more condition."""
        self._texts.append(text)
        self._parameters += map(_storable, parameters)
        return self

    def equal(self, **columns: Any) -> Where:
        """Columns that have a value each; one of None may have any."""
        for name, value in columns.items():
            if value is not None:
                self.also(f"{name} = ?", value)
        return self

    def of_projects(self, projects: Collection[str] | None, column: str = "project") -> Where:
        """Only rows of these projects; None: all rows, those of no project included."""
        if projects is None:
            return self
        marks = ", ".join("?" * len(projects))
        return self.also(f"{column} IN ({marks})" if projects else "1 = 0", *sorted(projects))

    @property
    def text(self) -> str:
        """`WHERE ...`, or nothing."""
        return f"WHERE {' AND '.join(self._texts)}" if self._texts else ""

    @property
    def parameters(self) -> tuple[Any, ...]:
        return tuple(self._parameters)


def select(
    connection: Connection, columns: str, table: str, where: Where, order: str, limit: int | None = None
) -> list[Row]:
    """Rows in an order, all or the first so many."""
    sql = f"SELECT {columns} FROM {table} {where.text} ORDER BY {order}"  # noqa: S608 - see the module
    if limit is None:
        return list(connection.execute(sql, where.parameters).fetchall())
    return list(connection.execute(f"{sql} LIMIT ?", (*where.parameters, limit)).fetchall())


def insert(connection: Connection, table: str, **columns: Any) -> None:
    """Add one row."""
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", _values(columns))  # noqa: S608


def update(connection: Connection, table: str, where: Where, **columns: Any) -> int:
    """Give rows other values; how many there were."""
    values = ", ".join(f"{name} = ?" for name in columns)
    sql = f"UPDATE {table} SET {values} {where.text}"  # noqa: S608
    return connection.execute(sql, (*_values(columns), *where.parameters)).rowcount


def storable_text(text: str) -> str:
    """A text as it will be read again."""
    return text.replace("\0", "\ufffd")


def _values(columns: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(map(_storable, columns.values()))


def _storable(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case str():
            return storable_text(value)
        case _:
            return value
