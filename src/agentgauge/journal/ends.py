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

from agentgauge import files
from agentgauge.journal import replica
from agentgauge.journal.directory import JournalDirectory

_CHUNK = 256 << 10


class SegmentEnds:
    """Of one directory. Not safe for threads."""

    def __init__(self, directory: JournalDirectory) -> None:
        self._directory = directory
        self._ends: dict[str, int] = {}

    def look(self, covered: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
        """Bytes written of each segment that there is now, by its file's name, in the order of names.

        `covered` gives bytes of segments that need not be looked at; it is asked only where a segment is new to us.
        """
        known: Mapping[str, int] | None = None
        ends: dict[str, int] = {}
        for path in self._directory.segments():
            if path.name in self._ends:
                start = self._ends[path.name]
            else:
                known = covered() if known is None else known
                start = known.get(path.name, 0)
            if replica.is_replica(path):
                ends[path.name] = replica.read_mark(path).end
                continue
            try:
                ends[path.name] = _end_from(path, start)
            except FileNotFoundError:  # compacted meanwhile
                continue
        self._ends = ends
        return ends

    def forget(self) -> None:
        """Begin anew: bytes that were looked at may have been overwritten, and those behind them be written."""
        self._ends.clear()


def _end_from(path: Path, start: int) -> int:
    """The end of the last whole line behind `start`, which is one; `start` where there is none."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        end = position = start
        # Nearly always there is nothing new, and one byte tells.
        if files.read_at(descriptor, 1, position) in (b"", b"\0"):
            return start
        while chunk := files.read_at(descriptor, _CHUNK, position):
            end = max(end, position + chunk.rfind(b"\n") + 1) if b"\n" in chunk else end
            position += len(chunk)
            if chunk[-1] == 0:
                break
        return end
    finally:
        os.close(descriptor)
