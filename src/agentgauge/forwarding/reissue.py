"""What a server does not have of a segment, as another segment.

Needed where a segment cannot go on under its name: its header is damaged; another machine, cloned from this one, has
gone on with it; what the server has of it was sent for other projects, or to another server. Events keep their
identity, and the header says that they were in another segment first: whoever lands it looks each of them up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from agentgauge import files
from agentgauge.events.codec import SCHEMA_VERSION
from agentgauge.forwarding.sending import Held
from agentgauge.journal import layout
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.layout import Header, LossLine
from agentgauge.journal.scanner import Loss, scan


def reissue(path: Path, start: int, directory: JournalDirectory) -> int:
    """Write what a dead segment holds from byte `start` on to a new one, and remove it; events that were damaged.

    After a crash in between both are there, and the same events are sent twice, to be landed once.

    Raises `Held`, OSError.
    """
    scanned = scan(path, start, dead=True)
    if scanned.newest_schema > SCHEMA_VERSION:
        raise Held("a newer agentgauge wrote it: update the one that sends it")
    lines = scanned.lines + b"".join(_told(scanned.losses))
    if lines:
        segment = f"{os.urandom(6).hex()}-000000"
        header = Header(segment, directory.id, "", 0, time.time_ns() // 1000, "", size=0, copied=True)
        place = path.with_name(f"{path.name.rsplit('-', 2)[0]}-{segment}{layout.SUFFIX}")
        with files.appearing(place) as made:
            made.write_bytes(layout.header_line(header) + lines)
    path.unlink(missing_ok=True)
    files.sync_directory(path.parent)
    return sum(loss.count for loss in scanned.losses if loss.time is None)


def _told(losses: tuple[Loss, ...]) -> Iterator[bytes]:
    """What the recorder said of its losses, as it said it."""
    for loss in losses:
        if loss.time is not None:
            yield layout.loss_line(LossLine(loss.reason, loss.count, loss.time, loss.detail))
