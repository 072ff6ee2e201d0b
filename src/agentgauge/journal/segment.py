"""One segment file being written: mapped where blocks can be reserved, appended to where they cannot.

Both keep the same promises and pass the same tests. `write` takes one whole line (or several) and either stores all
of it or nothing: ValueError says that it does not fit or that the segment is closed, OSError that the disk refused it.

A mapped write is one C call: under the GIL it is atomic, without it `locked` puts a lock around it. Bytes stored are
in the kernel's page cache when it returns, so they outlive the process. An appended write is one `write(2)`, with
the same effect.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from agentgauge import files
from agentgauge.journal import layout
from agentgauge.journal.disk import Disk
from agentgauge.journal.layout import Header

_STEP = 64 << 10


class Segment(Protocol):
    path: Path
    id: str

    @property
    def write(self) -> Callable[[bytes], object]: ...

    def note_loss(self, line: bytes) -> bool:
        """Write, over the one before, a line that says what is being dropped; False where there is no place for it."""
        ...

    def sync(self) -> None:
        """Block until what was written, and the file's name, are on the disk."""
        ...

    def stop(self) -> None:
        """Take no more writes. What was written stays; later writes raise ValueError."""
        ...

    def lines(self) -> bytes:
        """Everything written behind the header. Only after `stop`."""
        ...

    def is_unlinked(self) -> bool:
        """Whether the file was removed, or its home moved away, under us."""
        ...

    def close(self) -> None:
        """Stop, give back what was not used, and let the lock go. What is to survive power loss is synced before."""
        ...

    def abandon(self) -> None:
        """Let go without touching the file: it is our parent's, whose lock must stay."""
        ...


def _born(path: Path, create: Callable[[Path], int], fill: Callable[[int], None]) -> int:
    """Make a segment file: locked and filled before it has the name that readers look for. The open descriptor."""
    # Windows cannot rename an open file; there it may be seen empty for a moment, which reads as an empty segment.
    early = path if sys.platform == "win32" else path.with_suffix(layout.BIRTH_SUFFIX)
    descriptor = -1
    try:
        descriptor = create(early)
        files.lock(descriptor, blocking=False)
        fill(descriptor)
        if early is not path:
            files.rename(early, path)
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        with suppress(OSError):
            early.unlink()
        raise
    return descriptor


class _File:
    """What both kinds share: a locked, named, open file."""

    def __init__(self, path: Path, header: Header, disk: Disk) -> None:
        self.path = path
        self.id = header.segment
        self._disk = disk
        self._header = layout.header_line(header)
        self._descriptor = -1
        self._named = False

    def sync(self) -> None:
        self._disk.sync(self._descriptor)
        if not self._named and not self.is_unlinked():
            try:
                self._disk.sync_directory(self.path.parent)
            except FileNotFoundError:
                return  # removed this moment: whoever holds the segment asks `is_unlinked`
            self._named = True

    def is_unlinked(self) -> bool:
        # Not by its number of links: a backup made of hard links keeps one.
        try:
            named = os.stat(self.path)  # noqa: PTH116 - beside fstat
        except (FileNotFoundError, NotADirectoryError):
            return True
        except PermissionError:  # the process has given up the right to look there
            return os.fstat(self._descriptor).st_nlink == 0
        return not os.path.samestat(named, os.fstat(self._descriptor))

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class MappedSegment(_File):
    """Blocks reserved, mapped shared, written by copying.

    `header.size` bytes, of which the last block is the reserve.
    """

    def __init__(self, path: Path, header: Header, disk: Disk, *, locked: bool = False) -> None:
        super().__init__(path, header, disk)
        self._reserve = header.size - layout.BLOCK
        self._used = len(self._header)
        self._noted = b""
        self._guard = threading.Lock() if locked else None

        def fill(descriptor: int) -> None:
            disk.allocate(descriptor, header.size)
            self._map = disk.map(descriptor, self._reserve)
            self._map.write(self._header)

        self._descriptor = _born(path, disk.create_for_mapping, fill)
        self.write: Callable[[bytes], object] = self._map.write if self._guard is None else self._write_locked

    def _write_locked(self, data: bytes) -> object:
        assert self._guard is not None
        with self._guard:
            return self._map.write(data)

    def note_loss(self, line: bytes) -> bool:
        # In the reserve's own block, which was allocated when there was room.
        self._disk.pwrite(self._descriptor, line.ljust(max(len(line), len(self._noted)), b"\0"), self._reserve)
        self._noted = line
        return True

    def stop(self) -> None:
        if self._guard is not None:
            with self._guard:
                self._stop()
        else:
            self._stop()

    def _stop(self) -> None:
        if self._map.closed:
            return
        self._used = self._map.tell()
        self._map.close()
        # Another thread may have stored a line between the two calls; after the second none can.
        while self._used < self._reserve:
            step = files.read_at(self._descriptor, min(_STEP, self._reserve - self._used), self._used)
            written = len(step.rstrip(b"\0"))
            self._used += written
            if written < len(step) or not step:
                break

    def lines(self) -> bytes:
        start = len(self._header)
        return files.read_at(self._descriptor, self._used - start, start)

    def close(self) -> None:
        if self._descriptor < 0:
            return
        try:
            self.stop()
            if self._used + len(self._noted) <= self._reserve:
                if self._noted:
                    self._disk.pwrite(self._descriptor, self._noted, self._used)
                    self.sync()
                self._disk.truncate(self._descriptor, self._used + len(self._noted))
        finally:
            self._let_go()

    def abandon(self) -> None:
        self._map.close()
        self._let_go()


class AppendedSegment(_File):
    """Written with one `write(2)` per line, in append mode; `limit` bytes at most."""

    def __init__(self, path: Path, header: Header, disk: Disk, *, limit: int) -> None:
        super().__init__(path, header, disk)
        self._limit = limit
        self._size = 0
        self._open = True
        # Held over the system call: a short write is taken back, which must not take back another thread's line.
        self._guard = threading.RLock()
        self._descriptor = _born(path, disk.create, self._append_header)

    def _append_header(self, descriptor: int) -> None:
        self._append(descriptor, self._header)

    def write(self, data: bytes) -> object:
        with self._guard:
            if not self._open or self._size + len(data) > self._limit:
                raise ValueError("the segment is full or closed")
            self._append(self._descriptor, data)
        return None

    def _append(self, descriptor: int, data: bytes) -> None:
        whole = self._size + len(data)
        try:
            written = self._disk.write(descriptor, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, f"wrote {written} of {len(data)} bytes", os.fspath(self.path))
        except BaseException:
            if os.fstat(descriptor).st_size == whole:  # a signal's handler raised behind the write
                self._size = whole
            else:
                self._disk.truncate(descriptor, self._size)
            raise
        self._size = whole

    def note_loss(self, line: bytes) -> bool:
        return False

    def stop(self) -> None:
        with self._guard:
            self._open = False

    def lines(self) -> bytes:
        start = len(self._header)
        return files.read_at(self._descriptor, self._size - start, start)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self._let_go()

    def abandon(self) -> None:
        self._open = False
        self._let_go()
