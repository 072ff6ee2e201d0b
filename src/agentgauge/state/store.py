"""What a repository of state needs of a database. There are two: SQLite by the standard library (`database`), which
recording programs and the command line use, and SQLite or PostgreSQL by SQLAlchemy, which the server uses (`sql`).

Repositories are written once, in SQL that both databases take, with `?` for parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

Row = Sequence[Any]


class Result(Protocol):
    """Of one statement: rows, and how many it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> Sequence[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result: ...


class Store(Protocol):
    """Safe for several threads and processes. Every store passes the suite in tests/state."""

    @property
    def exists(self) -> bool:
        """Whether anything was ever written; asking for it writes nothing."""
        ...

    def transaction(self) -> AbstractContextManager[Connection]:
        """A connection inside a transaction that writes: all of the block's changes are kept, or none where it raises.

        One at a time, whatever the database: what a block has read nobody changes before it ends. Raises `StateError`.
        """
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that sees one state of the database. Only where it `exists`. Raises `StateError`."""
        ...

    def changes(self, *topics: str) -> tuple[int, ...]:
        """How often each topic changed (`changes`); all 0 where nothing was ever written. For keys of caches.

        The topics are agents, aggregations, alerts, alert_rules, budgets, jobs, keys and recommendations. Raises
        `StateError`.
        """
        ...

    def time(self, connection: Connection) -> datetime:
        """The clock that all who share the database have in common: the database's, or that of the one machine."""
        ...
