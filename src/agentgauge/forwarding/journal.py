"""The journal of a home that ships: as any other, and after each flush its forwarder is woken.

Nothing is added to what recording does. The thread that ships is started by the one that flushes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from agentgauge.forwarding.forwarder import Forwarder
from agentgauge.journal.flusher import Flusher
from agentgauge.journal.writer import Journal


class ForwardedJournal(Journal):
    forwarder: Forwarder | None = None
    """Set once it is open."""

    def _begin(self) -> None:
        super()._begin()
        self._flusher = Flusher(self._flush_when_due, self._flush_ms, begun=self._wake)

    def _flush_when_due(self) -> None:
        super()._flush_when_due()
        self._wake()

    def _wake(self) -> None:
        if self.forwarder is not None:
            self.forwarder.wake()

    def close(self) -> None:
        """As of any journal, and then what it held is sent, in 2 s or later."""
        if not self._closed:
            super().close()
            if self.forwarder is not None:
                self.forwarder.finish()

    def __del__(self, _is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        forwarder, self.forwarder = self.forwarder, None  # nobody waits for garbage
        super().__del__(_is_ending)
        if forwarder is not None:
            forwarder.wake()
