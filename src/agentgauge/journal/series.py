"""The segments of one process, one after the other: names, sizes, kinds, and the limits under which another one may
be had.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from pathlib import Path

import msgspec

from agentgauge.interruption import is_interruption
from agentgauge.journal import layout
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.disk import UNSUPPORTED, Disk, can_reserve
from agentgauge.journal.layout import Header
from agentgauge.journal.segment import AppendedSegment, MappedSegment, Segment

_HEADER_ROOM = 1024
_REMOVALS = 3
"""How often the directory may disappear while a segment is being made."""


class JournalFull(Exception):
    """Another segment would take the journal over its limit. What is acknowledged is kept; what is new is refused."""


class SegmentOptions(msgspec.Struct, frozen=True):
    """How segments are made."""

    max_bytes: int = 4096 << 20
    """Of the directory, all processes together."""
    first_bytes: int = layout.FIRST_SEGMENT_BYTES
    """Each next one is twice as large, up to `layout.LARGEST_SEGMENT_BYTES`."""
    appended: bool | None = None
    """True: never mapped. None: mapped where the platform and the file system reserve blocks."""
    locked: bool = False
    """A lock around each mapped write, for interpreters without a GIL."""
    version: str = ""
    """Of this package, for the header."""


class SegmentSeries:
    """Makes segments. Used by one process; a child of it makes its own."""

    def __init__(self, directory: JournalDirectory, options: SegmentOptions, disk: Disk) -> None:
        self.directory = directory
        self._options = options
        self._disk = disk
        self._host = _host_name()
        self._nonce = os.urandom(6).hex()
        self._sequence = itertools.count()
        self._bytes = options.first_bytes
        self._appended = options.appended
        self.next_id = self._name_next()

    def _name_next(self) -> str:
        return f"{self._nonce}-{next(self._sequence):06d}"

    def next(self, room: int, *, copied: bool = False) -> Segment:
        """A new segment with room for at least `room` bytes of lines; `copied` is for its header.

        Raises `JournalFull`, or OSError with what the disk said.
        """
        for _ in range(_REMOVALS):
            try:
                return self._next(room, copied)
            except FileNotFoundError:  # the directory was removed this moment
                self.directory.make()
        return self._next(room, copied)

    def _next(self, room: int, copied: bool) -> Segment:
        self._prepare()
        fitting = -(-(room + _HEADER_ROOM + layout.BLOCK) // layout.BLOCK) * layout.BLOCK
        wanted = max(self._bytes, fitting)
        smallest = max(self._options.first_bytes, fitting)
        held = self.directory.total_bytes()
        if held + smallest > self._options.max_bytes:
            raise JournalFull(
                f"the journal in {self.directory.path} holds {held} of at most {self._options.max_bytes} bytes; "
                "land it with 'agentgauge compact', send it with 'agentgauge forward' where this home ships to a "
                "server, or raise AGENTGAUGE_JOURNAL_MAX_MB"
            )
        if held + wanted > self._options.max_bytes:
            wanted = smallest
        try:
            segment = self._make(wanted, copied)
        except OSError as error:
            if wanted == smallest or is_interruption(error):
                raise
            segment = self._make(smallest, copied)  # a nearly full disk may have room for a small one
        self._bytes = min(self._bytes * 2, layout.LARGEST_SEGMENT_BYTES)
        return segment

    def _prepare(self) -> None:
        if not self.directory.path.is_dir():
            self.directory.make()
        if self._appended is None:
            self._appended = not can_reserve(self.directory.path)

    def _make(self, size: int, copied: bool) -> Segment:
        # Taken before anything can go wrong: an attempt cut short may leave a file of this name.
        name, self.next_id = self.next_id, self._name_next()
        path = Path(self.directory.path, f"{self._host}-{os.getpid()}-{name}{layout.SUFFIX}")
        if not self._appended:
            try:
                header = self._header(name, size, copied)
                return MappedSegment(path, header, self._disk, locked=self._options.locked)
            except OSError as error:
                if error.errno not in UNSUPPORTED or self._options.appended is not None:
                    raise
                self._appended = True
        return AppendedSegment(path, self._header(name, 0, copied), self._disk, limit=size)

    def _header(self, segment: str, size: int, copied: bool) -> Header:
        return Header(
            segment=segment,
            journal=self.directory.id,
            host=self._host,
            pid=os.getpid(),
            started=time.time_ns() // 1000,
            agentgauge=self._options.version,
            size=size,
            copied=copied,
        )


def _host_name() -> str:
    """For people who look at the directory; no two hosts are told apart by it."""
    if hasattr(os, "uname"):
        name = os.uname().nodename
    else:
        import socket  # deferred: slow to import, and only Windows needs it

        name = socket.gethostname()
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)[:40] or "host"
