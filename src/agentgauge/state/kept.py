"""The state file with a connection that stays open: for who writes often, as a budget's guard does.

A transaction takes some tens of microseconds, since it neither opens the file nor waits for the disk: it survives the
death of the process, and the last ones before a power cut may be lost. So here goes only what follows from something
that is kept elsewhere, such as charges, which follow from events.

Threads take turns at the one connection, which is quicker than SQLite's waiting for its own lock. A forked child opens
a connection of its own and leaves its parent's alone; a fork waits for the end of a transaction that another thread is
in, since SQLite would hold its locks in the child for ever. A file that another took the place of, as when a backup is
restored, is opened anew.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentgauge.state.database import WAIT_SECONDS, Database, roll_back

_PAUSE_S = 0.0003, 0.003
"""How long a transaction waits before it asks again whether another has ended, at random. SQLite itself waits up to 100
ms each time, after which one that asks at once is always first."""
_LONG_S = 0.003
_LONG_PAUSE_S = 0.0001, 0.0003
"""As `_PAUSE_S`, of one that has waited for so long: it asks more often than those who came later, since a file lock
has no queue."""
_IN_VAIN_S = 5.0
"""After a transaction that waited in vain the next ones try once for so long: a program with hundreds of budgets is not
to wait for each of them when it ends."""
_CHECKPOINT_PAGES = 8000
"""Of the log, about 32 MB, until it is worked into the file, which waits for the disk. With SQLite's 1,000 one
transaction in a hundred would."""
_FORK_WAITS_S = 1.0
"""A thread that takes longer waits for another process, and is in no transaction yet."""
_File = tuple[int, int]


class _Kept:
    """The connection of one process."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None
        self.file: _File | None = None
        _all.add(self)


_all: weakref.WeakSet[_Kept] = weakref.WeakSet()
_held_for_fork: list[_Kept] = []


def _before_fork() -> None:
    own = [kept for kept in list(_all) if kept.process == os.getpid()]
    _held_for_fork.extend(kept for kept in own if kept.lock.acquire(timeout=_FORK_WAITS_S))


def _after_fork() -> None:
    while _held_for_fork:
        _held_for_fork.pop().lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


class KeptDatabase(Database):
    def __init__(self, path: Path, *, wait_s: float = WAIT_SECONDS, syncs: bool = False) -> None:
        """`wait_s`: how long a transaction waits for others. `syncs`: it is on disk when it ends, as of `Database`."""
        super().__init__(path)
        self._wait_s = wait_s
        self._synchronous = "FULL" if syncs else "NORMAL"
        self._in_vain_until = 0.0
        """Until then one that waited knows that waiting does not help."""
        self._kept = _Kept()
        self._inherited: list[_Kept] = []

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """As of `Database`, without its sync unless that was asked for."""
        with self._errors(), self._turn() as connection:
            self._begin(connection)
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """As of `Database`."""
        with self._errors(), self._turn() as connection:
            connection.execute("BEGIN")
            yield connection

    def close(self) -> None:
        """Close the connection; the next transaction opens another."""
        kept = self._kept
        if kept.process == os.getpid():
            with kept.lock:
                _close(kept)

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; what is not committed in the block is rolled back."""
        kept = self._kept
        if kept.process != os.getpid():
            self._inherited.append(kept)  # not closed: SQLite's locks are the parent's
            kept = self._kept = _Kept()
        with kept.lock:
            connection = self._open(kept)
            try:
                yield connection
            finally:
                roll_back(connection)

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that writes, when no other process is in one."""
        began = time.monotonic()
        until = began if began < self._in_vain_until else began + self._wait_s
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() >= until:
                    if until > began:
                        self._in_vain_until = until + _IN_VAIN_S
                    raise
                has_waited = time.monotonic() - began >= _LONG_S
                time.sleep(random.uniform(*(_LONG_PAUSE_S if has_waited else _PAUSE_S)))
            else:
                self._in_vain_until = 0.0
                return

    def _open(self, kept: _Kept) -> sqlite3.Connection:
        if kept.connection is not None and kept.file == _file_at(self.path):
            return kept.connection
        _close(kept)
        self._migrate_if_needed()
        kept.connection = self._connect()
        kept.connection.execute("PRAGMA busy_timeout = 0")  # from here on `_begin` waits
        kept.file = _file_at(self.path)
        return kept.connection

    def _connect(self, uri: str | None = None) -> sqlite3.Connection:
        if uri is not None:
            return super()._connect(uri)
        connection = sqlite3.connect(self.path, timeout=self._wait_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        except BaseException:
            connection.close()
            raise
        return connection


def _close(kept: _Kept) -> None:
    connection, kept.connection, kept.file = kept.connection, None, None
    if connection is not None:
        connection.close()


def _file_at(path: Path) -> _File | None:
    """Which file has the name; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
