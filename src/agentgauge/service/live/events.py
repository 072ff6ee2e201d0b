"""The events of a home as a server asks about them: one snapshot that many questions share, always recent.

A question sees data at most five seconds old while something is being recorded all the time, and everything that was
written before it where nothing was asked in the last five seconds; a fresh one sees everything that was acknowledged
before it. Whether there is anything new is looked up at most ten times a second. Nothing is read while nobody asks.

One thread makes snapshots. It begins before the five seconds are over, and questions go on with the snapshot that there
is; who finds it too old waits. A snapshot is closed by the last question that reads it, so there are two while the next
is made, and one more for each question that takes longer than snapshots last.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import duckdb
import msgspec

from agentgauge.engines import Engine
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import LakeError
from agentgauge.lake import Snapshot
from agentgauge.meter import TAIL_BYTES, Meter
from agentgauge.service.live.data_version import DataVersion, DataVersions

logger = logging.getLogger("agentgauge")

OLDEST_SECONDS = 5.0
"""Age from which a snapshot is no longer asked where there is something new."""
_RENEWED_SECONDS = 4.0
"""Age from which the next one is made while questions go on."""
_LOOKED_SECONDS = 0.1
_RETRIED_SECONDS = 1.0
"""After a snapshot that could not be made, until the next is tried although nobody waits for it."""

T = TypeVar("T")


class Seen(msgspec.Struct, frozen=True):
    """The events as one question sees them."""

    engine: Engine
    version: str
    """Names the data: equal for equal data, in every process that reads this home. Nothing that it names is missing."""
    as_of: datetime
    """When it was read; aware."""


class _Shared:
    """A snapshot and how many read it."""

    def __init__(self, snapshot: Snapshot, number: int, version: DataVersion, began: float, as_of: datetime) -> None:
        self.snapshot = snapshot
        self.number = number
        self.version = version
        self.began = began
        self.seen = Seen(DuckDBEngine(snapshot.connection, snapshot.rollups), version.text, as_of)
        self.readers = 0
        self.is_replaced = False


class LiveEvents:
    """For all threads of a process."""

    def __init__(
        self,
        meter: Meter,
        clock: Callable[[], float] = time.monotonic,
        opened: Callable[[int], object] = lambda number: None,
    ) -> None:
        """`clock` counts seconds. `opened` is told how many snapshots there are whenever that changes. Nothing is read
        before the first question."""
        self._meter = meter
        self._clock = clock
        self._opened = opened
        self._versions = DataVersions(meter.settings.home, meter.book.version)
        self._newest: DataVersion | None = None
        self._looked = -float("inf")
        self._looking = threading.Lock()
        self._lock = threading.Lock()
        self._current: _Shared | None = None
        self._begun = 0
        self._open = 0
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="agentgauge-snapshots")
        self._making: Future[None] | None = None
        self._failed = -float("inf")

    def version(self, *, fresh: bool = False) -> str:
        """The version of the data that `reading` would give now, without reading it; takes a millisecond at most, or
        longer where it is `fresh` and the lake is on an object store.

        Raises `LakeError`.
        """
        newest = self._look(fresh=fresh)
        with self._lock:
            current = self._current
            if current is None or not self._is_recent(current, newest, fresh=fresh):
                return newest.text
            now = self._clock()
            is_ageing = current.version != newest and now - current.began > _RENEWED_SECONDS
            if is_ageing and now - self._failed >= _RETRIED_SECONDS:
                self._make()
            return current.version.text

    def version_at_hand(self) -> str | None:
        """As `version`, within a millisecond, else None: where the lake is on an object store and has to be asked."""
        return self.version() if self._versions.is_quick or self._looked_lately() else None

    @contextmanager
    def reading(self, *, fresh: bool = False) -> Iterator[Seen]:
        """The events, at most five seconds old; `fresh`: with everything that was acknowledged before. Raises
        `LakeError`."""
        shared = self._acquire(fresh)
        try:
            yield shared.seen
        finally:
            self._release(shared)

    def answer(self, question: Callable[[Seen], T], *, fresh: bool = False) -> T:
        """What `question` answers about the events of `reading`. It is asked once more, of newer data, where files that
        it was reading went away, as they do when a person is forgotten.

        Raises `LakeError` where they are gone all the same, or damaged.
        """
        try:
            with self.reading(fresh=fresh) as seen:
                return question(seen)
        except duckdb.IOException as error:
            logger.info("files went away under a question, which is asked again: %s", _first_line(error))
        try:
            with self.reading(fresh=True) as seen:
                return question(seen)
        except duckdb.Error as error:
            home = self._meter.settings.home.root
            raise LakeError(f"{home}: the lake could not be read: {_first_line(error)}") from error

    @property
    def open_snapshots(self) -> int:
        """Snapshots that hold memory now."""
        return self._open

    def close(self) -> None:
        """Let the snapshot go; questions that still run keep theirs until they end."""
        self._maker.shutdown(cancel_futures=True)
        self._replace(None)

    def _look(self, *, fresh: bool = False) -> DataVersion:
        if not fresh and self._newest is not None and self._looked_lately():
            return self._newest
        with self._looking:
            asked = self._clock()
            self._newest = self._versions.look()
            self._looked = asked
            return self._newest

    def _looked_lately(self) -> bool:
        return self._clock() - self._looked < (_LOOKED_SECONDS if self._versions.is_quick else OLDEST_SECONDS)

    def _is_recent(self, shared: _Shared, newest: DataVersion, *, fresh: bool) -> bool:
        if shared.version == newest:
            return True
        if fresh or shared.version.forgotten != newest.forgotten:
            return False
        return self._clock() - shared.began < OLDEST_SECONDS

    def _acquire(self, fresh: bool) -> _Shared:
        asked_after = self._begun
        newest = self._look(fresh=fresh)
        waited = False
        while True:
            with self._lock:
                current = self._current
                if current is not None:
                    # One that was begun after the question was asked has everything. If making it took long, one that
                    # was waited for has to do, unless it shows what was forgotten.
                    has_everything = current.number > asked_after
                    will_do = waited and not fresh and current.version.forgotten == newest.forgotten
                    if has_everything or will_do or self._is_recent(current, newest, fresh=fresh):
                        current.readers += 1
                        return current
                making = self._make()
            making.result()
            waited = True

    def _release(self, shared: _Shared) -> None:
        with self._lock:
            shared.readers -= 1
            is_unread = shared.is_replaced and not shared.readers
        if is_unread:
            self._close(shared)

    def _make(self) -> Future[None]:
        """The snapshot being made, or one begun now. Called with the lock held."""
        if self._making is None or self._making.done():
            self._making = self._maker.submit(self._take)
        return self._making

    def _take(self) -> None:
        try:
            shared = self._taken()
        except Exception as error:  # told to who waits, and there may be nobody
            self._failed = self._clock()
            logger.warning("no newer snapshot: %s", error)
            raise
        self._replace(shared)

    def _taken(self) -> _Shared:
        with self._looking:
            tail = self._versions.tail.bytes()
        if tail > TAIL_BYTES:
            self._meter.compact_if_possible()
        self._begun = number = self._begun + 1  # by this thread only
        version = self._look(fresh=True)
        began, as_of = self._clock(), datetime.now(UTC)
        return _Shared(self._meter.lake.snapshot(), number, version, began, as_of)

    def _replace(self, shared: _Shared | None) -> None:
        with self._lock:
            previous, self._current = self._current, shared
            if shared is not None:
                self._count_open(1)
            if previous is not None:
                previous.is_replaced = True
            is_unread = previous is not None and not previous.readers
        if previous is not None and is_unread:
            self._close(previous)

    def _close(self, shared: _Shared) -> None:
        """Without the lock: giving memory back takes milliseconds, in which questions go on."""
        shared.snapshot.close()
        with self._lock:
            self._count_open(-1)

    def _count_open(self, more: int) -> None:
        """Called with the lock held."""
        self._open += more
        self._opened(self._open)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
