"""What shippers of a home remember: how far segments are, what is held, what went wrong, what has gone.

Held in memory during a pass, and written as the home's status. Losing it loses no event: the server knows how far
segments are.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from agentgauge.forwarding.outgoing import Outgoing
from agentgauge.forwarding.sending import Sent
from agentgauge.forwarding.spool import Acknowledged, Gone, Status, Trouble, read_status, write_status
from agentgauge.forwarding.wire import NotNow
from agentgauge.interruption import is_interruption

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_GONE_KEPT = 100
_T = TypeVar("_T")


class Remembered:
    """Of one home, for the sender named `by` (`Wire.name`). Segments are named by their files."""

    def __init__(self, root: Path, by: str, now: Callable[[], datetime]) -> None:
        self._root = root
        self._by = by
        self._now = now
        self.status = Status()
        self.known: dict[str, int] = {}
        """How far segments were with the server when it last said so, in whichever pass."""
        self.events = 0
        """Acknowledged in this pass."""

    def begin(self) -> None:
        """Read what the last pass of any process left."""
        self.status, self.events = read_status(self._root), 0

    def change(self, **values: object) -> None:
        self.status = msgspec.structs.replace(self.status, **values)

    def save(self) -> None:
        """Raises OSError."""
        if self.status != read_status(self._root):
            write_status(self._root, self.status)

    def save_if_there_is_room(self) -> None:
        """Sending, and removing what was sent, is how a full disk gets room again."""
        try:
            self.save()
        except OSError as error:
            if is_interruption(error):
                raise

    def announce(self, name: str, sent: Sent) -> None:
        """Remember with which key a segment is sent, before it is: after a death in between a server does not tell what
        it has to one with a key for other projects.
        """
        if name not in self.status.acknowledged:
            self.change(acknowledged={**self.status.acknowledged, name: Acknowledged(sent.end, self._by)})
            self.save_if_there_is_room()

    def note(self, name: str, sent: Sent) -> None:
        """What was acknowledged."""
        self.events += sent.events
        self.known[name] = sent.end
        before = self.status.acknowledged.get(name)
        if before is not None and not sent.bytes and sent.end <= before.end:
            return
        events = sent.events + (0 if before is None else before.events)
        self.change(
            acknowledged={**self.status.acknowledged, name: Acknowledged(sent.end, self._by, events)},
            events=self.status.events + sent.events,
            bytes=self.status.bytes + sent.bytes,
        )
        self.lose(sent.losses)

    def lose(self, losses: Counter[str]) -> None:
        """Events that could not be sent, by reason."""
        self.change(losses=dict(Counter(self.status.losses) + losses))

    def hold(self, name: str, why: str) -> None:
        self.change(held={**self.status.held, name: why})

    def release(self, name: str) -> None:
        self.change(held=_without(self.status.held, name))

    def leave(self, segment: Outgoing, end: int) -> None:
        """A segment that is with the server to its `end`, before it is removed here."""
        assert segment.header is not None
        name, header = segment.path.name, segment.header
        events = self.status.acknowledged[name].events
        gone = Gone(header.journal, header.segment, end, events, self._now(), self._by)
        self.change(gone=(*self.status.gone, gone)[-_GONE_KEPT:])
        self.save_if_there_is_room()

    def forget(self, name: str) -> None:
        self.known.pop(name, None)
        self.change(acknowledged=_without(self.status.acknowledged, name), held=_without(self.status.held, name))

    def forget_all_but(self, there: set[str]) -> None:
        """Keep nothing about segments that are not there any more."""
        for name in (self.known.keys() | self.status.acknowledged.keys() | self.status.held.keys()) - there:
            self.forget(name)

    def meet(self, trouble: NotNow) -> float:
        """Why nothing more can be sent; seconds until it is tried again."""
        met = self.trouble(self.status, trouble)
        self.change(trouble=met)
        return max(0.0, (met.not_before - self._now()).total_seconds())

    def trouble(self, status: Status, trouble: NotNow) -> Trouble:
        """What it is after what `status` says; for any thread."""
        now, last = self._now(), status.trouble
        failures = 1 if last is None or last.by != self._by else last.failures + 1
        backoff = min(_FIRST_WAIT_S * 2 ** min(failures - 1, 10), _LONGEST_WAIT_S)
        wait_s = max(trouble.wait_s, backoff * random.uniform(0.5, 1))
        since, again = now if last is None else last.since, now + timedelta(seconds=wait_s)
        return Trouble(str(trouble), since, failures, again, self._by)


def _without(named: dict[str, _T], name: str) -> dict[str, _T]:
    return {other: value for other, value in named.items() if other != name}
