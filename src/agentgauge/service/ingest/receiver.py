"""The receiver: what arrives over the network goes into the same journal as what is recorded here.

    received = receiver.receive(events, principal)     checked and appended; what breaks a rule is said, item by item
    receiver.commit()                                  on the disk: only now may it be acknowledged

Requests that arrive together share one sync of the disk.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agentgauge.events import Event
from agentgauge.recorder import Gauge
from agentgauge.service.security.principal import Principal


class Rejected(msgspec.Struct, frozen=True):
    index: int
    """Of the item in its batch, from 0."""
    reason: str
    """What was wrong and what to do, without the values that were sent."""


class Received(msgspec.Struct, frozen=True):
    accepted: int
    rejected: tuple[Rejected, ...] = ()


class Receiver:
    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def receive(self, events: Iterable[Event], principal: Principal) -> Received:
        """Check and append. Events need not have a project: a principal of one project gives it."""
        accepted = 0
        for event in events:
            self._gauge.record(event)
            accepted += 1
        return Received(accepted)

    def commit(self) -> None:
        """Return once everything received before the call is on the disk."""
        sink = self._gauge.sink
        if sink is not None:
            sink.flush()

    def close(self) -> None:
        self._gauge.close()
