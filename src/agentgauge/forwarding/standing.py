"""How shipping stands: what waits in a home, what has gone, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from agentgauge.forwarding.outgoing import events_in, outgoing
from agentgauge.forwarding.spool import Spool, is_served, read_spool
from agentgauge.forwarding.wire import NotNow, Wire
from agentgauge.journal import layout
from agentgauge.journal.directory import JournalDirectory
from agentgauge.server_client import ServerClient
from agentgauge.settings import Settings

_COUNTED_BYTES = 8 * layout.LARGEST_SEGMENT_BYTES
"""So much of what waits is read to count events. The rest is reckoned from it by size."""


class Trial(msgspec.Struct, frozen=True):
    """What the server that the environment names answered just now."""

    endpoint: str
    trouble: str | None
    """Why it would take nothing; None where it takes what is sent with the key of the environment."""

    @property
    def words(self) -> str:
        """What it would do with what is sent."""
        if self.trouble is not None:
            return f"{self.endpoint} would take nothing"
        return f"{self.endpoint} answers, and takes what is sent"


class Standing(msgspec.Struct, frozen=True):
    endpoint: str | None
    """The server; None where the home does not ship yet, or was told to stop."""
    since: datetime | None
    """When it began to ship, or stopped; None where it never did."""
    waiting_events: int
    """Still here, and not with the server."""
    waiting_bytes: int
    waiting_about: bool
    """There is too much to read: both are reckoned from the sizes of files."""
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
    shipped_to: str | None = None
    """The last server, where the home was told to stop."""
    asked: Trial | None = None
    """Where the environment names a server, and it was asked."""

    @property
    def waiting(self) -> str:
        """How many events wait, in words."""
        about = "about " if self.waiting_about else ""
        return "1 event" if self.waiting_events == 1 else f"{about}{self.waiting_events:,} events"


_NOT_YET = Standing(None, None, 0, 0, False, 0, None, None, None, {}, {}, 0)


def standing(root: Path) -> Standing | None:
    """None where the home never shipped. Reads some 64 MiB of what waits at most; writes nothing, asks no server."""
    spool = read_spool(root)
    if spool is None:
        return None
    events, size, about = _waiting(root, spool) if spool.target.endpoint is not None else (0, 0, False)
    status, trouble = spool.status, spool.status.trouble
    return Standing(
        endpoint=spool.target.endpoint,
        since=spool.target.since,
        waiting_events=events,
        waiting_bytes=size,
        waiting_about=about,
        sent_events=status.events,
        last_success=status.last_success,
        trouble=None if trouble is None else trouble.reason,
        trouble_since=None if trouble is None else trouble.since,
        held=status.held,
        losses=status.losses,
        lost_there=status.lost_there,
        shipped_to=spool.target.shipped_to,
    )


def asked_standing(settings: Settings) -> Standing | None:
    """As `standing`, of the home of these settings, and what the server that they name answers, within seconds. None
    where they name none, and the home never shipped.
    """
    root, endpoint = settings.home.root, settings.endpoint
    found = standing(root)
    if endpoint is None or is_served(root):
        return found
    trouble, client = None, ServerClient(endpoint, settings.api_key)
    try:
        Wire(client, settings.api_key).check()
    except NotNow as met:
        trouble = str(met)
    finally:
        client.close()
    return msgspec.structs.replace(found or _NOT_YET, asked=Trial(endpoint, trouble))


def problems(found: Standing) -> Iterator[str]:
    """What somebody should know of or do, each in a sentence."""
    waiting = f"{found.waiting} {'waits' if found.waiting_events == 1 else 'wait'} here"
    asked = found.asked
    if asked is not None and asked.trouble is not None and asked.trouble != found.trouble:
        yield f"nothing would be sent now: {asked.trouble}"
    if found.endpoint is not None and found.trouble is not None:
        since = f"{found.trouble_since:%Y-%m-%d %H:%M} UTC"
        yield f"nothing has been sent since {since}: {found.trouble}; {waiting}"
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


def _waiting(root: Path, spool: Spool) -> tuple[int, int, bool]:
    """Events and bytes that the server does not have, and whether they are reckoned."""
    events = counted = reckoned = 0
    for path in JournalDirectory(root).segments():
        if spool.is_local(path):
            continue
        start = spool.start(path.name)
        with suppress(OSError):  # shipped meanwhile; one that cannot be read is held
            if counted < _COUNTED_BYTES:
                data = outgoing(path).content(start).data
                events, counted = events + events_in(data), counted + len(data)
            else:
                reckoned += max(0, path.stat().st_size - start)
    return events + events * reckoned // max(counted, 1), counted + reckoned, reckoned > 0
