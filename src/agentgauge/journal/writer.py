"""The writing side of a journal: one object per process and home, any number of threads.

    when `append` has returned True          the event survives the death of the process
    `flush_ms` later, or after `flush`       it survives power loss; with flush_ms=0 both at once
    when it has returned False               the event is counted, by reason: in `health`, and in the journal as soon
                                             as there is room

Apart from `open`, nothing here raises for what the disk does. The usual append is one copy into a mapped segment: no
lock, no system call. What is unusual (a full segment, a full disk, a removed directory) is behind one lock, `_lock`,
which is never held while the disk syncs. No lock is held while something is logged. What a signal's handler raises
while an event is recorded is the program's and goes on to it.

Disk full or journal full: new events are dropped and counted, another segment is tried for at most once a second,
and the count stands in the reserve of the last segment meanwhile. What was acknowledged is never deleted to make room.

Directory removed under the process: found at the next flush; the directory is made again and what the open segment
holds is copied to a segment of its own, whose header says so.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Self
from zlib import crc32

from agentgauge.errors import JournalUnavailable
from agentgauge.interruption import is_interruption
from agentgauge.journal import layout, lifetime
from agentgauge.journal.directory import JournalDirectory, unavailable
from agentgauge.journal.disk import FULL, Disk
from agentgauge.journal.flusher import Flusher
from agentgauge.journal.losses import Fate, Health, LossCounts
from agentgauge.journal.segment import Segment
from agentgauge.journal.series import JournalFull, SegmentOptions, SegmentSeries
from agentgauge.journal.shortage import Shortage, reason_for

_RETRY_SECONDS = 1.0
_LARGEST_LINE_BYTES = layout.LARGEST_LINE_BYTES


def without_gil() -> bool:
    """Whether threads really run at once here."""
    enabled: Callable[[], bool] | None = getattr(sys, "_is_gil_enabled", None)
    return enabled is not None and not enabled()


class Journal:
    segment_id: str
    """Identity of a record made now is (`segment_id`, `take()`)."""
    take: Callable[[], int]
    """The next record number of this process's journal."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        flush_ms: int = 50,
        options: SegmentOptions | None = None,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A journal in `<root>/journal` that touches no disk before the first append. `clock` counts seconds."""
        self._root = root
        self._flush_ms = flush_ms
        self._options = options or SegmentOptions(locked=without_gil())
        self._disk = disk or Disk()
        self._clock = clock
        self._closed = False
        self._begin()
        lifetime.watch(self)

    @classmethod
    def open(
        cls,
        root: str | os.PathLike[str],
        *,
        flush_ms: int = 50,
        options: SegmentOptions | None = None,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Self:
        """A journal whose first segment is there. Raises `JournalUnavailable` with what to do where it cannot be made.

        A full disk or journal is no error: there may be room later, and until then events are dropped and counted.
        """
        journal = cls(root, flush_ms=flush_ms, options=options, disk=disk, clock=clock)
        try:
            journal._series.directory.make()
            journal._open_segment(b"")
        except (OSError, JournalFull) as error:
            if isinstance(error, JournalFull) or error.errno in FULL:
                return journal
            journal._closed = True
            lifetime.forget(journal)
            if isinstance(error, JournalUnavailable) or is_interruption(error):
                raise
            raise unavailable(journal._series.directory.path, error) from error
        return journal

    def _begin(self) -> None:
        """The state of a process that has written nothing."""
        self._lock = threading.RLock()
        self._syncing = threading.RLock()
        self._series = SegmentSeries(JournalDirectory(self._root), self._options, self._disk)
        self._losses = LossCounts()
        self._shortage = Shortage(self._losses)
        self._flusher = Flusher(self._flush_when_due, self._flush_ms)
        self._segment: Segment | None = None
        self._retired: list[Segment] = []
        self._held: set[Segment] = set()
        self._write: Callable[[bytes], object] = _nowhere
        self.segment_id = self._series.next_id
        self.take = itertools.count().__next__
        self._not_written = 0
        self._retry_at = float("-inf")

    @property
    def directory(self) -> JournalDirectory:
        return self._series.directory

    # Writing

    def append(self, payload: bytes, opening: bytes = b"", opening_crc: int = 0) -> bool:
        """Write one record, `opening + payload`: a JSON object without its closing brace, which carries its identity.

        `opening_crc` is the CRC-32 of `opening`, which stays the same for many records. False: counted as lost.
        """
        line = b'%b%b,"c":"%08x"}\n' % (opening, payload, crc32(payload, opening_crc))  # layout.frame, without the call
        if len(line) > _LARGEST_LINE_BYTES:
            return self._refuse(line)
        try:
            self._write(line)
        except (ValueError, OSError) as error:
            if is_interruption(error):
                raise
            return self._append_elsewhere(line)
        if not self._flusher.armed:
            self._flusher.arm()
        return True

    def _refuse(self, line: bytes) -> bool:
        self.give_back()
        self.count("refused", "event too large", f"{len(line)} bytes; at most {_LARGEST_LINE_BYTES}")
        return False

    def _append_elsewhere(self, line: bytes) -> bool:
        with self._lock:
            written = self._append_or_drop(line)
        if not self._closed and not self._flusher.armed:
            self._flusher.arm()
        self._losses.log_firsts()
        return written

    def _append_or_drop(self, line: bytes) -> bool:
        if self._closed:
            return self._drop("journal closed", "recorded after close()")
        try:
            self._write(line)  # another thread may have opened a segment meanwhile
        except (ValueError, OSError) as refusal:
            if is_interruption(refusal):
                raise
            if self._clock() < self._retry_at:
                return self._drop(self._shortage.reason, "")
            try:
                self._open_segment(line)
            except (OSError, JournalFull) as error:
                if is_interruption(error):
                    raise
                self._retry_at = self._clock() + _RETRY_SECONDS
                return self._drop(reason_for(error), str(error))
        return True

    def _open_segment(self, line: bytes) -> None:
        """Go on in a new segment, with `line` as its first record."""
        segment = self._series.next(len(line))
        try:
            self._held.add(segment)
            if line:
                segment.write(line)
            self._shortage.end(self._segment)
        except BaseException:
            self._held.discard(segment)
            segment.close()
            raise
        self._retry_at = float("-inf")
        full, self._segment = self._segment, segment
        self.segment_id = segment.id
        self._write = segment.write
        if full is not None:
            self._retired.append(full)

    # Losses

    def count(self, fate: Fate, reason: str, detail: str) -> None:
        """Count what happened to an event; the first of a reason is told in the journal at once, others with the
        next flush.
        """
        self._count(fate, reason, detail)
        self._losses.log_firsts()

    def _count(self, fate: Fate, reason: str, detail: str) -> None:
        if self._losses.add(fate, reason, detail):
            self._tell_losses()
        elif not self._flusher.armed:
            self._flusher.arm()

    def give_back(self) -> None:
        """A number was taken, and no record will have it."""
        with self._lock:
            self._not_written += 1

    def _tell_losses(self) -> None:
        with self._lock:
            if self._closed:
                return
            for loss in self._losses.take_untold():
                line = layout.loss_line(loss)
                try:
                    self._write(line)
                except (ValueError, OSError) as error:
                    if is_interruption(error):
                        raise
                    if not self._told_in_new_segment(line):
                        self._losses.tell_later(loss.loss, loss.count)

    def _told_in_new_segment(self, line: bytes) -> bool:
        if self._clock() < self._retry_at:
            return False
        try:
            self._open_segment(line)
        except (OSError, JournalFull) as error:
            if is_interruption(error):
                raise
            self._retry_at = self._clock() + _RETRY_SECONDS
            return False
        return True

    def _drop(self, reason: str, detail: str) -> bool:
        self._not_written += 1
        self._shortage.drop(reason, detail, self._segment)
        return False

    # Keeping

    def flush(self) -> bool:
        """Block until everything appended so far is on the disk. False where the disk refused; that is counted."""
        kept = self._flush()
        self._losses.log_firsts()
        return kept

    def _flush_when_due(self) -> None:
        try:
            self.flush()
        except Exception as error:  # whatever it is, the next flush may do better; it is counted
            if is_interruption(error):
                raise
            self._losses.add("altered", "sync failed", f"the flush raised {type(error).__name__}: {error}")

    def _flush(self) -> bool:
        with self._syncing:
            with self._lock:
                self._shortage.note(self._segment)
                current = self._segment
            kept = True
            for segment in self._retired.copy():
                kept &= self._retire(segment)
            if current is not None:
                kept &= self._sync(current)
            if self._losses.has_untold:
                self._tell_losses()
        return kept

    def _retire(self, segment: Segment) -> bool:
        """Sync and close a segment of `_retired`, where it stays for the next flush if this one is interrupted."""
        kept = True
        try:
            segment.stop()
            segment.sync()
            if segment.is_unlinked():
                self._move(segment)
        except OSError as error:
            kept = self._count_unsynced(segment, error)
        try:
            segment.close()
        except OSError as error:
            kept = self._count_unsynced(segment, error)
        finally:
            self._retired.remove(segment)
            self._held.discard(segment)
        return kept

    def _sync(self, segment: Segment) -> bool:
        try:
            segment.sync()
            if segment.is_unlinked():
                with self._lock:
                    if self._segment is segment:  # it may have filled up meanwhile
                        self._retired.append(segment)
                        self._segment, self._write = None, _nowhere
                return self._retire(segment) and (self._segment is None or self._sync(self._segment))
        except OSError as error:
            return self._count_unsynced(segment, error)
        return True

    def _count_unsynced(self, segment: Segment, error: OSError) -> bool:
        if is_interruption(error):
            raise error
        self._losses.add("altered", "sync failed", f"{segment.path}: {error}")
        return False

    def _move(self, orphan: Segment) -> None:
        """Copy the records of a stopped segment whose file was removed.

        Lines carry their identity, so they are copied as they are.
        """
        lines = orphan.lines().lstrip(b"\0")  # what was forgotten on somebody's demand has been overwritten so
        moved = lines.count(b"\n")
        if not moved:
            return
        try:
            self._copy(lines)
        except (OSError, JournalFull) as error:
            if is_interruption(error):
                raise
            with self._lock:
                self._not_written += moved
            self._losses.add("dropped", "home removed", f"{orphan.path} was removed: {error}", moved)
            return
        self._losses.add(
            "altered", "home moved", f"{orphan.path} was removed while in use; its records were written again", moved
        )

    def _copy(self, lines: bytes) -> None:
        """Write lines of a removed segment to one of their own, synced and closed."""
        with self._lock:
            segment = self._series.next(len(lines), copied=True)
            self._held.add(segment)
        try:
            segment.write(lines)
            segment.sync()
            removed = segment.is_unlinked()
        finally:
            segment.close()
            self._held.discard(segment)
        if removed:
            self._copy(lines)

    def settle(self) -> None:
        """Flush, and give back the unused end of the segment. The next append opens another."""
        with self._syncing:
            self._leave_segment(tell=True)
            self._flush()
            self._leave_segment(tell=False)  # saying that the records of a removed segment moved opened a new one
            self._flush()
        self._losses.log_firsts()

    def _leave_segment(self, *, tell: bool) -> None:
        with self._lock:
            if tell and self._losses.has_untold:
                self._tell_losses()
            self._shortage.note(self._segment)
            if self._segment is not None:
                self._retired.append(self._segment)
            self._segment, self._write = None, _nowhere

    def close(self) -> None:
        """Flush and write no more. Later appends are dropped and counted. Closing again does nothing."""
        if self._closed:
            return
        self.settle()
        self._closed = True
        self._flusher.stop()
        self.settle()
        lifetime.forget(self)

    def after_fork(self) -> None:
        """The child's own beginning; the parent's segments, mapped here too, are let go of."""
        held = self._held
        self._begin()
        for segment in held:
            segment.abandon()

    def health(self) -> Health:
        with self._lock:
            # Taking a number is the only way to see the counter; numbers need not be consecutive.
            self._not_written += 1
            return self._losses.health(self.take() + 1 - self._not_written)

    def __del__(self, _is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not getattr(self, "_closed", True) and not _is_ending():  # at the end, `settle` has done it
            self.close()


def _nowhere(data: bytes) -> object:
    raise ValueError("no segment is open")
