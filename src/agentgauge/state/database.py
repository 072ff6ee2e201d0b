"""The state file: `<home>/state.db`, SQLite in WAL mode, safe for several processes and threads.

The schema (`schema`) is brought up to date when the file is first written to, and when a newer agentgauge meets it.

Asking about state never makes the file, and needs no right to write. A transaction opens the file anew, so nothing is
shared between threads or with a forked child: a millisecond, and some ten more where it wrote, for the syncs. A server,
which writes often, uses `sql.SqlStore` on the same file. WAL needs a local disk: processes on several machines must not
share a file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agentgauge.errors import StateError
from agentgauge.files import file_lock, make_directory
from agentgauge.settings import Home
from agentgauge.state.changes import changes_of
from agentgauge.state.schema import MARKS, Migration, check_known, migrations, older_mark, version_of_mark
from agentgauge.state.store import Connection

WAIT_SECONDS = 30
"""How long a transaction waits for others."""


class Database:
    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """For messages: the file."""
        return str(self.path)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self.path.exists()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a transaction that writes: all of the block's changes are kept, or none where it raises.

        One at a time; others wait up to half a minute. Makes the file where there is none. Raises `StateError` where it
        cannot be written, is no state file, or is of a newer agentgauge.
        """
        with self._errors():
            self._migrate_if_needed()
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    roll_back(connection)
                    raise
                connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file. Only where it `exists`. Raises `StateError` as above."""
        with self._errors():
            self._migrate_if_needed()
            with closing(self._connect_to_read()) as connection:
                connection.execute("BEGIN")
                yield connection

    def changes(self, *topics: str) -> tuple[int, ...]:
        """How often each topic changed; all 0 where there is no file."""
        if not self.exists:
            return (0,) * len(topics)
        with self.reading() as connection:
            return changes_of(connection, topics)

    def time(self, connection: Connection) -> datetime:
        """This machine's clock: all who use the file have it."""
        return datetime.now(UTC)

    def version(self) -> int:
        """The schema's number; 0 where there is no file. Raises `StateError`."""
        if not self.exists:
            return 0
        with self._errors(), closing(self._connect_to_read()) as connection:
            return version_of(connection)

    def upgrade(self) -> int:
        """Bring the schema up to date, making the file where there is none; the version that it had.

        Of several processes one does it, and the others wait. Raises `StateError`.
        """
        with self._errors():
            make_directory(self.path.parent)
            with file_lock(self.path.with_suffix(".lock")), closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                version = version_of(connection)
                check_known(version, self.name)
                for migration in migrations()[version:]:
                    _apply(connection, migration)
                return version

    def _migrate_if_needed(self) -> None:
        version = self.version()
        check_known(version, self.name)  # also where nothing may be written
        if version < migrations()[-1].version:
            self.upgrade()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            raise StateError(f"{self.path} cannot be used: {error}; name another home with --home") from error

    def _connect_to_read(self) -> sqlite3.Connection:
        """A file in WAL mode is read through another beside it. Where that can neither be made nor is there, because
        nobody has the file open, it is read as one that nobody changes."""
        if os.access(self.path.parent, os.W_OK) or self.path.with_name(f"{self.path.name}-wal").exists():
            return self._connect()
        return self._connect(f"{self.path.absolute().as_uri()}?mode=ro&immutable=1")

    def _connect(self, uri: str | None = None) -> sqlite3.Connection:
        connection = sqlite3.connect(uri or self.path, timeout=WAIT_SECONDS, isolation_level=None, uri=uri is not None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(MARKS)
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (migration.revision,))
        connection.execute(older_mark(migration))
    except BaseException:
        roll_back(connection)
        raise
    connection.execute("COMMIT")


def roll_back(connection: sqlite3.Connection) -> None:
    """End a transaction, if there is one, without keeping what it changed."""
    if connection.in_transaction:  # a full disk ends it by itself
        connection.execute("ROLLBACK")


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the last migration that a file has had; 0 of a new one."""
    try:
        marked = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return int(connection.execute("PRAGMA user_version").fetchone()[0])  # the only mark of files until schema 1
    return version_of_mark(marked[0]) if marked is not None else 0


def state_of(home: Home) -> Database:
    """The state of a home. It is on this machine, wherever the lake is."""
    return Database(home.root / "state.db")
