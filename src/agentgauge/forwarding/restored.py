"""Whether a server still has what it acknowledged: one that was restored from an older backup does not.

What it lacks of segments that are here is sent again without this. What was removed here cannot be: that is found out,
and said.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgauge.forwarding.spool import Gone, Status
from agentgauge.forwarding.wire import Wire

_REMEMBERED = timedelta(days=60)
"""A server may forget how far a segment was after 90 days."""


def lost_on_the_server(wire: Wire, status: Status, now: datetime) -> list[Gone]:
    """Segments that it acknowledged to their ends and lacks now. Asks about the last alone where that is there, and
    about none that was sent with another key, which may have been for other projects.

    Raises `NotNow`.
    """
    recent = [gone for gone in status.gone if gone.by == wire.name and now - _REMEMBERED < gone.time]
    lost: list[Gone] = []
    for gone in reversed(recent):
        if wire.mark(gone.journal, gone.segment) >= gone.end:
            break
        lost.append(gone)
    return lost
