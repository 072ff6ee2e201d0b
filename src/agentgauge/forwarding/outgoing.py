"""What of a segment is to be sent: its bytes, as they are, up to the end of the last whole line.

Nothing is looked at line by line; the server checks. Of a live segment the reserve is not read. Of a dead one, the torn
record at its end stays behind and is counted, and where its reserve tells what was dropped, NULs lead up to that line,
so that it stands on the server where it stands here.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agentgauge import files
from agentgauge.journal import layout
from agentgauge.journal.scanner import is_dead

RANGE_BYTES = 1 << 20
_MOST_BYTES = 2 * layout.LARGEST_SEGMENT_BYTES


class Outgoing(msgspec.Struct, frozen=True):
    """A segment that is here. Making it reads its header."""

    path: Path
    header: layout.Header | None
    """None where it is damaged."""
    dead: bool
    size: int

    @property
    def started(self) -> int:
        """Microseconds since 1970, for the order of segments."""
        return 0 if self.header is None else self.header.started

    def bytes_at(self, start: int, end: int) -> bytes:
        """The bytes as they are now. Raises OSError."""
        descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return files.read_at(descriptor, end - start, start)
        finally:
            os.close(descriptor)

    def content(self, start: int) -> Content:
        """What is to be sent from byte `start` on, at most two segments' worth. Raises OSError."""
        reserve = layout.reserve_offset(self.header)
        stop = self.size if reserve is None else min(self.size, reserve)
        if not self.dead:
            data = self._written(start, stop)
            return Content(start, data[: data.rfind(b"\n") + 1])
        data = self.bytes_at(start, stop) if start < stop else b""
        whole = data.rfind(b"\n") + 1
        torn = bool(data[whole:].strip(b"\0"))
        note = self.bytes_at(stop, self.size) if stop < self.size else b""
        note = note[: note.find(b"\n") + 1]
        if not layout.is_whole(note) or start >= stop + len(note):
            return Content(start, data[:whole], torn=torn)
        return Content(start, data[:whole] + bytes(max(0, stop - start - whole)) + note[max(0, start - stop) :], torn)

    def _written(self, start: int, stop: int) -> bytes:
        """What a live segment holds by now: up to the NULs that are not written yet."""
        parts = []
        position, most = start, min(stop, start + _MOST_BYTES)
        while position < most:
            part = self.bytes_at(position, min(most, position + RANGE_BYTES))
            parts.append(part)
            position += len(part)
            if not part or part[-1] == 0:
                break
        return b"".join(parts)


class Content(msgspec.Struct):
    """Bytes of a segment from `start` on, which end with a whole line."""

    start: int
    data: bytes
    torn: bool = False
    """A record was cut short behind them, and the segment is dead."""

    @property
    def end(self) -> int:
        return self.start + len(self.data)

    def piece(self, at: int) -> bytes:
        """A range of about `RANGE_BYTES` from byte `at` of the segment: whole lines, or NULs."""
        position = at - self.start
        if len(self.data) - position <= RANGE_BYTES:
            return self.data[position:]
        end = self.data.rfind(b"\n", position, position + RANGE_BYTES) + 1
        if end:
            return self.data[position:end]
        piece = self.data[position : position + RANGE_BYTES]
        return piece if not piece.strip(b"\0") else self.data[position : self.data.index(b"\n", position) + 1]

    def put(self, start: int, data: bytes) -> None:
        """Have other bytes at byte `start` of the segment."""
        position = start - self.start
        self.data = self.data[:position] + data + self.data[position + len(data) :]


def outgoing(path: Path) -> Outgoing:
    """Raises OSError. Whether it is dead is asked first: what is read of a dead one is all there will be."""
    dead = is_dead(path)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        return Outgoing(path, layout.read_header(files.read_at(descriptor, layout.BLOCK, 0)), dead, size)
    finally:
        os.close(descriptor)


def events_in(lines: bytes) -> int:
    """How many of these lines are events."""
    return lines.count(b"\n") - lines.count(layout.LOSS_OPENING) - lines.startswith(layout.HEADER_OPENING)
