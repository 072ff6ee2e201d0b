"""Turns: what takes much of a machine, SQL of people and exports, a few at a time in each process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agentgauge.errors import ServerBusy

_AT_ONCE = 2
_RETRY_AFTER_S = 5


class Turns:
    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._at_once = at_once

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a turn. Raises `ServerBusy` where all are held: nobody waits in a queue that nothing bounds."""
        if not self._free.acquire(blocking=False):
            raise ServerBusy(
                f"{self._at_once} statements or exports are running already: try again in a moment", _RETRY_AFTER_S
            )
        try:
            yield
        finally:
            self._free.release()
