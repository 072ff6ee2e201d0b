"""Counts of a fixed window, in this process: the store of rate limits where there is no Redis.

`limits` brings one too, which looks through all of its counts at every hit (a task of the event loop each time); this
one drops those that are over when they outnumber what it keeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from limits.aio.storage import Storage

_MOST = 20_000
"""Counts beyond which those that are over are dropped. One address or key has a few."""


class Counters(Storage):
    """Implements `limits.aio.storage.Storage`. Of one event loop; costs a dictionary's look-up."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}
        """Count, and when it ends."""

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = self._clock()
        count, end = self._counts.get(key, (0, 0.0))
        if end <= now:
            self._make_room(now)
            count, end = 0, now + expiry
        self._counts[key] = (count + amount, end)
        return count + amount

    async def get(self, key: str) -> int:
        count, end = self._counts.get(key, (0, 0.0))
        return count if end > self._clock() else 0

    async def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, self._clock()))[1]

    async def clear(self, key: str) -> None:
        self._counts.pop(key, None)

    async def reset(self) -> int | None:
        dropped = len(self._counts)
        self._counts.clear()
        return dropped

    async def check(self) -> bool:
        return True

    def _make_room(self, now: float) -> None:
        if len(self._counts) < _MOST:
            return
        self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
        if len(self._counts) >= _MOST:  # that many addresses within a minute: the oldest are forgotten
            for key in list(self._counts)[: _MOST // 2]:
                del self._counts[key]
