"""How far each segment has been written: told again and again, at the price of what is new.

A mapped segment is allocated beforehand, so its size says nothing. What was seen is remembered, and a look reads only
past it: up to the NULs that are not yet written, or to the end of the file. Ends are those of whole lines, so that
every process that looks at the same bytes finds the same ends, wherever it began.

Costs about 10 us per segment in which nothing is new, and what reading costs for new bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from agentgauge import files
from agentgauge.journal import layout, replica
from agentgauge.journal.directory import JournalDirectory

_CHUNK = 256 << 10


class SegmentEnds:
    """Of one directory. Not safe for threads."""

    def __init__(self, directory: JournalDirectory) -> None:
        self._directory = directory
        self._seen: dict[str, _Seen] = {}

    def look(self, covered: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
        """Bytes written of each segment that holds lines now, by its file's name, in the order of names.

        `covered` gives bytes of segments that need not be looked at; it is asked only where a segment is new to us.
        """
        known: Mapping[str, int] | None = None
        found: dict[str, _Seen] = {}
        for path in self._directory.segments():
            try:
                seen = self._seen.get(path.name)
                if seen is None:
                    known = covered() if known is None else known
                    start = _end_of_header(path)
                    seen = _Seen(start, max(start, known.get(path.name, 0)))
                # Who reads the replica waits until its mark is synced; who wants to know its name does not.
                is_replica = replica.is_replica(path)
                end = replica.read_mark(path, synced=False).end if is_replica else _end_from(path, seen.end)
            except FileNotFoundError:  # compacted meanwhile
                continue
            found[path.name] = _Seen(seen.start, end)
        self._seen = found
        return {name: seen.end for name, seen in found.items() if seen.end > seen.start}

    def start(self, segment: str) -> int:
        """Where the lines of a segment that was looked at begin, behind its header."""
        return self._seen[segment].start

    def forget(self) -> None:
        """Begin anew: bytes that were looked at may have been overwritten, and those behind them be written."""
        self._seen.clear()


class _Seen(NamedTuple):
    """Bytes of a segment between which there are lines."""

    start: int
    end: int


def _end_of_header(path: Path) -> int:
    with path.open("rb") as file:
        return len(file.readline(layout.BLOCK))


def _end_from(path: Path, start: int) -> int:
    """The end of the last whole line behind `start`, which is one; `start` where there is none."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        # Nearly always there is nothing new, and one byte tells.
        if files.read_at(descriptor, 1, start) in (b"", b"\0"):
            return start
        end = position = start
        while chunk := files.read_at(descriptor, _CHUNK, position):
            if b"\n" in chunk:
                end = position + chunk.rindex(b"\n") + 1
            position += len(chunk)
            if chunk[-1] == 0:
                break
        return end
    finally:
        os.close(descriptor)
