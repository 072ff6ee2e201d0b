"""Reading back what a gauge recorded."""

from __future__ import annotations

from pathlib import Path

from agentgauge.events import Event
from agentgauge.events.codec import decode_line
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import is_dead, scan


def events(home: Path) -> list[Event]:
    """Every event in the journal of `home`, in the order of recording by each process."""
    found = [scan(path, dead=is_dead(path)) for path in JournalDirectory(home).segments()]
    return [decode_line(line) for part in found for line in part.lines.splitlines()]


def only(home: Path) -> Event:
    (event,) = events(home)
    return event
