"""State by SQLAlchemy, for a server: the SQLite file of a home, or a PostgreSQL database that several servers share.

Connections stay open, so a transaction costs its statements and its sync: under a millisecond to read, a few to write.
A forked child gets connections of its own. On both databases one transaction writes at a time, which is what `Store`
promises: SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock of the database. On PostgreSQL others of its users
may still read and write tables of theirs.

The schema is made where there is none, and an older one of an SQLite file is brought up to date. An older one in
PostgreSQL is refused until `agentgauge db upgrade` was run: other servers, of the older version, may be using it.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from copy import copy
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from agentgauge.errors import StateError
from agentgauge.files import file_lock, make_directory
from agentgauge.state.changes import changes_of
from agentgauge.state.database import WAIT_SECONDS, version_of
from agentgauge.state.schema import check_known, migrations, version_of_mark
from agentgauge.state.store import Connection, Result

_LOCK = 0x6167656E74676175
"""Of writers, among the advisory locks of a PostgreSQL database: `agentgau`."""
_CONNECT_SECONDS = 10
_POSTGRES = {
    "connect_timeout": _CONNECT_SECONDS,
    "tcp_user_timeout": WAIT_SECONDS * 1000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
}
"""A database that is gone without a word, its machine or the network between, is an error after half a minute; by the
system's own limits it were one after two hours, and whoever asked would hang."""
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_TEXT_OR_MARK = re.compile(r"'[^']*'|\?|%")


class SqlStore:
    """Implements `agentgauge.state.store.Store`."""

    def __init__(self, url: str | sqlalchemy.URL, *, keep_open: bool = True) -> None:
        """A database by its URL, `sqlite:///file` or `postgresql://...`; nothing is connected to yet.

        A program of few transactions, which nobody closes, has `keep_open=False`: a connection for each.

        Raises `StateError` for a URL that names neither.
        """
        self._url = _checked(url)
        self._pool = None if keep_open else sqlalchemy.NullPool
        self.path = Path(self._url.database or "") if self._url.drivername == _DRIVERS["sqlite"] else None
        """The file; None of PostgreSQL."""
        self._engine, self._process = _engine(self._url, self._pool), os.getpid()
        self._inherited: list[sqlalchemy.Engine] = []
        self._is_ready = False
        self.wait_s: float = WAIT_SECONDS
        """How long a transaction of PostgreSQL waits for others."""

    @classmethod
    def of_file(cls, path: Path) -> SqlStore:
        return cls(sqlalchemy.URL.create("sqlite", database=str(path)))

    def waiting(self, seconds: float) -> SqlStore:
        """The same PostgreSQL database by the same connections, for who waits no longer for others who write."""
        other = copy(self)
        other.wait_s = seconds
        return other

    @property
    def name(self) -> str:
        """For messages: the file, or the URL without its password."""
        plain = self._url.set(drivername="postgresql", query={})
        return str(self.path or plain.render_as_string(hide_password=True))

    @property
    def engine(self) -> sqlalchemy.Engine:
        """Its connections, for `agentgauge.state.models`; those of a parent process are not touched by a child."""
        if self._process != os.getpid():
            self._inherited.append(self._engine)  # not closed: they are the parent's, and SQLite's locks with them
            self._engine, self._process = _engine(self._url, self._pool), os.getpid()
        return self._engine

    @property
    def exists(self) -> bool:
        """Whether there are tables; of a file, whether it is there. Raises `StateError` where it cannot be reached."""
        if self._is_ready:
            return True
        return self.path.exists() if self.path else self.version() > 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """As of `Store`; waits up to half a minute for others, or as long as `waiting` says."""
        with self._errors():
            self.prepare()
            with self._writing() as connection:
                yield _Statements(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """As of `Store`."""
        with self._errors():
            self.prepare()
            with self.engine.connect() as pooled:
                options = {} if self.path else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                connection = pooled.execution_options(**options)
                with connection.begin():
                    yield _Statements(connection)

    def changes(self, *topics: str) -> tuple[int, ...]:
        """As of `Store`."""
        with self._errors():
            self.prepare()
            with self.engine.connect() as connection:
                return changes_of(_Statements(connection), topics)

    def time(self, connection: Connection) -> datetime:
        """PostgreSQL's clock; of a file, this machine's."""
        if self.path:
            return datetime.now(UTC)
        moment: datetime = connection.execute("SELECT clock_timestamp()").fetchone()[0]
        return moment.astimezone(UTC)

    def prepare(self) -> None:
        """Make the schema where there is none, and bring an older file up to date; once per process.

        Raises `StateError` for an older PostgreSQL database, for a newer one, and for one that cannot be reached.
        """
        if self._is_ready:
            return
        version, newest = self.version(), migrations()[-1].version
        check_known(version, self.name)
        if version < newest and version and self.path is None:
            raise StateError(
                f"{self.name} has schema version {version} and this agentgauge needs {newest}: end other servers that "
                "use it, keep a backup, and run 'agentgauge db upgrade'"
            )
        self.upgrade()

    def version(self) -> int:
        """The schema's number; 0 of an empty database. Raises `StateError`."""
        with self._errors():
            if self.path:
                if not self.path.exists():
                    return 0
                with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as file:
                    return version_of(file)
            with self.engine.connect() as connection:
                return _version(connection)

    def upgrade(self) -> int:
        """Bring the schema up to date, whatever it is; the version that it had. Raises `StateError`.

        Of several processes one does it, and the others wait.
        """
        with self._errors(), self._alone():
            version = self.version()
            check_known(version, self.name)
            if version < migrations()[-1].version:
                from agentgauge.state.upgrading import upgrade  # deferred: Alembic is needed for nothing else

                with self._writing() as connection:
                    version = _version(connection) if self.path is None else version
                    upgrade(connection, version)
            self._is_ready = True
            return version

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sqlalchemy.Connection]:
        with self.engine.connect() as pooled:
            connection = pooled.execution_options(agentgauge_begin="BEGIN IMMEDIATE")
            with connection.begin():
                if self.path is None:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{self.wait_s * 1000:.0f}ms'")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """For a file, among those who change its schema, since switching to WAL does not wait as transactions do."""
        if self.path is None:
            with nullcontext():
                yield
            return
        make_directory(self.path.parent)
        with file_lock(self.path.with_suffix(".lock")):
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as file:
                file.execute("PRAGMA journal_mode = WAL")
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What drivers say, with advice and without statements, whose parameters may be secret."""
        try:
            yield
        except DBAPIError as error:
            raise StateError(self._said(_reason(error.orig))) from error
        except (SQLAlchemyError, sqlite3.DatabaseError, OSError) as error:
            raise StateError(self._said(str(error))) from error

    def _said(self, reason: str) -> str:
        advice = "name another home with --home" if self.path else "see AGENTGAUGE_DATABASE_URL"
        return f"{self.name} cannot be used: {'; '.join(map(str.strip, reason.splitlines()))}; {advice}"


class _Statements:
    """A connection that takes `?` for parameters, whatever its driver does."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection
        self._is_qmark = connection.dialect.paramstyle == "qmark"

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        return self._connection.exec_driver_sql(sql if self._is_qmark else _as_format(sql), tuple(parameters))


@lru_cache(maxsize=512)
def _as_format(sql: str) -> str:
    """`%s` for each `?` outside of quoted text, and `%%` for `%`."""
    return _TEXT_OR_MARK.sub(lambda part: "%s" if part[0] == "?" else part[0].replace("%", "%%"), sql)


def _reason(error: BaseException | None) -> str:
    """What a driver says; of a rule that values break not these, which PostgreSQL gives as details."""
    diagnosis = getattr(error, "diag", None)  # psycopg's, which is not imported where nobody uses PostgreSQL
    primary: str | None = getattr(diagnosis, "message_primary", None)
    return primary or str(error)


def _version(connection: sqlalchemy.Connection) -> int:
    """Of PostgreSQL."""
    if connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar() is None:
        return 0
    mark = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return 0 if mark is None else version_of_mark(mark)


def _checked(url: str | sqlalchemy.URL) -> sqlalchemy.URL:
    try:
        found = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):  # which repeat the URL, and it may hold a password
        raise StateError("the URL of the database cannot be read: write postgresql://user@host:5432/name") from None
    if found.drivername in _DRIVERS:
        found = found.set(drivername=_DRIVERS[found.drivername])
    if found.drivername not in _DRIVERS.values():
        raise StateError(f"{found.drivername}:// is no database that agentgauge keeps state in: write postgresql://")
    if not found.database:
        raise StateError(f"{found.get_backend_name()}://{found.host or ''} names no database: end it with /name")
    return found


def _engine(url: sqlalchemy.URL, pool: type[sqlalchemy.Pool] | None) -> sqlalchemy.Engine:
    is_file = url.get_backend_name() == "sqlite"
    waits = {"timeout": WAIT_SECONDS} if is_file else _POSTGRES
    engine = sqlalchemy.create_engine(
        url, poolclass=pool, pool_pre_ping=not is_file, hide_parameters=True, connect_args=waits
    )
    if not is_file:
        return engine
    sqlalchemy.event.listen(engine, "connect", _set_up)
    sqlalchemy.event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # or the driver would begin transactions by itself, and later than asked for
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("agentgauge_begin", "BEGIN"))
