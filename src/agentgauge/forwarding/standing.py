"""How shipping stands: what waits in a home, what has gone, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from agentgauge.forwarding.outgoing import events_in, outgoing
from agentgauge.forwarding.spool import Spool, read_spool
from agentgauge.journal.directory import JournalDirectory


class Standing(msgspec.Struct, frozen=True):
    endpoint: str | None
    """The server; None where the home shipped once and was told to stop."""
    since: datetime
    """When it began to ship, or stopped."""
    waiting_events: int
    """Still here, and not with the server."""
    waiting_bytes: int
    sent_events: int
    """Acknowledged since the home ships."""
    last_success: datetime | None
    trouble: str | None
    """Why nothing was taken when it was last tried; None where everything was."""
    trouble_since: datetime | None
    held: dict[str, str]
    """Segment files that wait for somebody to do something, and for what."""
    losses: dict[str, int]
    """Events that could not be sent, by reason."""
    lost_there: int
    """Events that the server had acknowledged, and lacks now, which are not here any more."""


def standing(root: Path) -> Standing | None:
    """None where the home never shipped. Reads what waits; nothing is written or asked of the server."""
    spool = read_spool(root)
    if spool is None:
        return None
    waiting = list(_waiting(root, spool)) if spool.target.endpoint is not None else []
    status, trouble = spool.status, spool.status.trouble
    return Standing(
        endpoint=spool.target.endpoint,
        since=spool.target.since,
        waiting_events=sum(events for events, _ in waiting),
        waiting_bytes=sum(size for _, size in waiting),
        sent_events=status.events,
        last_success=status.last_success,
        trouble=None if trouble is None else trouble.reason,
        trouble_since=None if trouble is None else trouble.since,
        held=status.held,
        losses=status.losses,
        lost_there=status.lost_there,
    )


def problems(found: Standing) -> Iterator[str]:
    """What somebody should know of or do, each in a sentence."""
    waiting = f"{found.waiting_events:,} events wait here" if found.waiting_events != 1 else "1 event waits here"
    if found.endpoint is not None and found.trouble is not None:
        since = f"{found.trouble_since:%Y-%m-%d %H:%M} UTC"
        yield f"nothing is sent since {since}: {found.trouble}; {waiting}"
    for reason in sorted(set(found.held.values())):
        files = [name for name, why in found.held.items() if why == reason]
        named = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more segments"
        yield f"{named} cannot be sent: {reason}"
    if found.losses:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in sorted(found.losses.items()))
        yield f"{sum(found.losses.values()):,} damaged or refused records were not sent: {reasons}"
    if found.lost_there:
        yield (
            f"{found.lost_there:,} events that {found.endpoint or 'the server'} had acknowledged are not there any "
            "more, nor here: it was restored from an older backup, or its data was removed"
        )


def _waiting(root: Path, spool: Spool) -> Iterator[tuple[int, int]]:
    """Events and bytes of each segment that the server does not have."""
    for path in JournalDirectory(root).segments():
        if not spool.is_local(path):
            with suppress(OSError):  # shipped meanwhile; one that cannot be read is held
                data = outgoing(path).content(spool.start(path.name)).data
                yield events_in(data), len(data)
