"""Overwriting what segments of running processes still hold of events that have landed and are now to be forgotten.

A reader may be scanning these very bytes, for a version of the table in which they have not landed. So a mark is set
before the first byte goes; a reader that finds the mark changed reads again.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from agentgauge.files import sync_file, write_atomically
from agentgauge.journal.directory import JournalDirectory
from agentgauge.lake.plan import PlanDirectory
from agentgauge.settings import Home


def blanked_mark(home: Home) -> bytes:
    """Changes whenever bytes of the journal are about to be overwritten."""
    try:
        return (home.root / "blanked").read_bytes()
    except FileNotFoundError:
        return b""


def blank_landed_bytes(home: Home) -> None:
    """Overwrite with NULs the landed bytes of segments that still exist: their owners never write there again."""
    plan = next(PlanDirectory(home.root / "plans").newest_first(), None)
    covered = plan.covered if plan else {}
    write_atomically(home.root / "blanked", secrets.token_hex(8).encode())
    for path in JournalDirectory(home.root).segments():
        start, end = _end_of_header(path), covered.get(path.name, 0)
        if end > start:
            _blank(path, start, end)


def _blank(path: Path, start: int, end: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(end - start))
    sync_file(path)


def _end_of_header(path: Path) -> int:
    with path.open("rb") as file:
        return len(file.readline())
