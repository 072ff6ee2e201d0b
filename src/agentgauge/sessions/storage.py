"""Events in a file of JSON lines, as document 003 keeps them.

Several processes may append to one file. A write is there whole or not at all, and on the disk when the call returns:
one fsync, so `write_batch` is the way for many. Writing an event does not record it; recording one that was read does,
once. A file that cannot be written is counted as dropped, see `agentgauge.Gauge.health`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from agentgauge.files import lock, make_directory, read_at, sync_directory, sync_file, write_all
from agentgauge.interruption import is_interruption
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder import Gauge, default
from agentgauge.recorder.sink import Sink
from agentgauge.sessions.lines import LONGEST_LINE_BYTES, Corrupted, line_of, read_lines
from agentgauge.sessions.models import MetricsEvent

_APPENDING = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


class MetricsStorage:
    """A file of events. Safe to share between threads and forked children."""

    def __init__(self, path: str | os.PathLike[str], *, gauge: Gauge | None = None) -> None:
        """`path` may be relative to the working directory. The file, and folders missing above it, are made when
        something is written.

        Nothing is written where recording, or keeping it on a disk, is switched off for `gauge` (that of the process
        unless one is given).
        """
        self.path = Path(path)
        self.corrupted = Corrupted()
        """Lines that the latest reading, as far as it has come, passed over."""
        self._gauge = default() if gauge is None else gauge

    def write_event(self, event: MetricsEvent) -> None:
        """Append one event."""
        self.write_batch((event,))

    def write_batch(self, events: Iterable[MetricsEvent]) -> None:
        """Append events, in one write: all of them or none, but where the process is killed within it, which may leave
        the first.

        One whose metadata JSON cannot hold, or whose line would be too long to be read, is left out and counted as
        refused.
        """
        sink = self._gauge.sink
        if sink is None or isinstance(sink, MemoryJournal):
            return
        lines = b"".join(self._lines(events, sink))
        if not lines:
            return
        try:
            self._append(lines)
        except (OSError, ValueError) as error:  # ValueError: a path that can be none
            if is_interruption(error):
                raise
            sink.count("dropped", "storage not written", f"{self.path}: {_explained(error)}")

    def read_events(self, filter_fn: Callable[[MetricsEvent], object] | None = None) -> list[MetricsEvent]:
        """All events, or those that `filter_fn` is true of, oldest first; none where there is no file.

        Lines that are no events are passed over, see `corrupted`. Raises OSError where the file cannot be read, and
        whatever `filter_fn` raises.
        """
        return list(self.iter_events(filter_fn))

    def iter_events(self, filter_fn: Callable[[MetricsEvent], object] | None = None) -> Iterator[MetricsEvent]:
        """As `read_events`, one after another, of what is in the file when the first is asked for."""
        self.corrupted = corrupted = Corrupted()
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            with self.path.open("rb") as locked:
                lock(locked.fileno(), shared=True)  # while it is held no write is half done
                end = os.fstat(locked.fileno()).st_size
            for event in read_lines(file, end, corrupted):
                if filter_fn is None or filter_fn(event):
                    yield event

    def clear(self) -> None:
        """Empty the file. What was recorded stays in the stream."""
        sink = self._gauge.sink
        if sink is None or isinstance(sink, MemoryJournal):
            return
        try:
            with suppress(FileNotFoundError), self.path.open("rb+") as file:
                lock(file.fileno())
                file.truncate(0)
                sync_file(file.fileno())
        except (OSError, ValueError) as error:
            if is_interruption(error):
                raise
            sink.count("dropped", "storage not cleared", f"{self.path}: {_explained(error)}")

    def _append(self, lines: bytes) -> None:
        make_directory(self.path.parent)
        descriptor = os.open(self.path, _APPENDING, 0o644)
        try:
            lock(descriptor)
            size = os.fstat(descriptor).st_size
            if size and read_at(descriptor, 1, size - 1) != b"\n":
                lines = b"\n" + lines  # a line that was cut short stays one of its own
            try:
                write_all(descriptor, lines)
            except BaseException:
                os.ftruncate(descriptor, size)
                raise
            sync_file(descriptor)
        finally:
            os.close(descriptor)
        if not size:
            sync_directory(self.path.parent)

    def _lines(self, events: Iterable[MetricsEvent], sink: Sink) -> Iterator[bytes]:
        for event in events:
            try:
                line = line_of(event)
            except Exception as error:  # values of the user's metadata, which may raise anything
                if is_interruption(error):
                    raise
                sink.count("refused", "not JSON", f"an event cannot be written: {type(error).__name__}")
                continue
            if len(line) > LONGEST_LINE_BYTES:
                sink.count("refused", "too long", f"a line of {len(line)} bytes could not be read again")
                continue
            yield line


def _explained(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
