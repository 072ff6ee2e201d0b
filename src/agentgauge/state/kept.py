"""The state file with connections that stay open, one per thread: for who writes often, as a budget's guard does.

A transaction takes some tens of microseconds, since it neither opens the file nor waits for the disk: it survives the
death of the process, and the last ones before a power cut may be lost. So here goes only what follows from something
that is kept elsewhere, such as charges, which follow from events.

A forked child opens connections of its own and leaves its parent's alone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentgauge.state.database import Database, roll_back


class KeptDatabase(Database):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._process = os.getpid()
        self._own = threading.local()
        self._inherited: list[threading.local] = []

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """As of `Database`, without its sync."""
        with self._errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                roll_back(connection)
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """As of `Database`."""
        with self._errors():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                roll_back(connection)

    def close(self) -> None:
        """Close the connection of this thread; those of others close with their threads."""
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is not None and self._process == os.getpid():
            connection.close()
            del self._own.connection

    def _connection(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            self._inherited.append(self._own)  # not closed: SQLite's locks are the parent's
            self._own, self._process = threading.local(), os.getpid()
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            self._migrate_if_needed()
            connection = self._own.connection = self._connect()
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection
