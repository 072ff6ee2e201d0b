"""What comes out of one log file: its events, and what could not be read or is not over yet."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from agentgauge.events import Event

Source = Literal["pi", "claude-code", "codex"]
SOURCES: tuple[Source, ...] = ("pi", "claude-code", "codex")


class BrokenLine(msgspec.Struct, frozen=True):
    """A line that was skipped, and where to find it. The reason names types and keys, never the line's content."""

    file: Path
    line_number: int
    """Counted from 1."""
    byte_offset: int
    """Of the line's first byte in the file."""
    reason: str


class LogReading(msgspec.Struct, frozen=True):
    """One log file, read to its end."""

    source: Source
    file: Path
    events: tuple[Event, ...]
    """In the order of time."""
    broken: tuple[BrokenLine, ...] = ()
    unsettled: int = 0
    """Events held back because the session is still being written; a later import brings them."""
    lines: int = 0
    """Lines that held anything."""
    stated_cost_usd: Decimal | None = None
    """What the log states for whole runs, where it does: the sum over turns of the last `total_cost_usd` that Claude
    Code's `result` gave each. It is part of no event's cost, and takes in turns that are not over yet."""
