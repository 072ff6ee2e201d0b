"""How much of what others send may be in memory at the same time; beyond it a server says when to come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agentgauge.errors import ServerBusy

_RETRY_S = 1


class Room:
    """What one request takes of it."""

    def __init__(self, waiting: WaitingBytes) -> None:
        self._waiting = waiting
        self.bytes = 0

    def take(self, more: int) -> None:
        """Raises `ServerBusy` where others hold too much. A request that is alone is never refused."""
        self._waiting.take(self, more)


class WaitingBytes:
    """Safe for several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    @contextmanager
    def room(self) -> Iterator[Room]:
        room = Room(self)
        try:
            yield room
        finally:
            with self._lock:
                self._taken -= room.bytes

    def take(self, room: Room, more: int) -> None:
        with self._lock:
            if self._taken + more > self._limit and self._taken > room.bytes:
                raise ServerBusy("more is being received than this server can hold; send it again later", _RETRY_S)
            self._taken += more
            room.bytes += more
