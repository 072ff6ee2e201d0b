"""Which processes still write: what tells work that goes on from work that was cut off.

A process holds the lock of the segment that it writes to, and the lock dies with it, however it ended. What was sent by
others, or told afterwards, says nothing of who did it, so of that nothing is known here.

Costs a listing of two directories and about 15 us per segment of the journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from agentgauge.journal import replica
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import is_dead
from agentgauge.settings import Home


class Writers(msgspec.Struct, frozen=True):
    """As they were at one moment. A process is known by its series: the `<nonce>` of its segments `<nonce>-<seq>`."""

    living: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    """On other machines, which ship their journals here."""

    def is_writing(self, segment: str | None, arrived: datetime | None = None) -> bool | None:
        """Whether the process that recorded an event still runs; None where that cannot be known, as of what was
        imported or received.
        """
        if segment is None or arrived is not None:
            return None
        series = _series_of(segment)
        if series in self.living:
            return True
        return None if series in self.elsewhere else False


def look_at_writers(home: Home) -> Writers:
    living = frozenset(_living(home))
    marks = replica.mark_path(JournalDirectory(home.root).path / "any.seg").parent
    elsewhere = (path.stem for path in marks.glob("*.mark")) if marks.is_dir() else ()
    return Writers(living, frozenset(_series_of(name.rpartition("@")[2]) for name in elsewhere))


def _living(home: Home) -> Iterator[str]:
    for path in JournalDirectory(home.root).segments():
        if replica.is_replica(path):
            continue
        try:
            gone = is_dead(path)
        except FileNotFoundError:  # landed and removed meanwhile
            continue
        if not gone:
            yield _series_of("-".join(path.stem.rsplit("-", 2)[-2:]))


def _series_of(segment: str) -> str:
    return segment.partition("-")[0]
