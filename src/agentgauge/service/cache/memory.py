"""Answers in the memory of this process: the least recently given go first where there is no more room."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cachetools import TLRUCache

from agentgauge.service.cache.figures import Counter
from agentgauge.service.cache.patterns import Pattern
from agentgauge.service.cache.store import KEPT_SECONDS, Kept

MEMORY_BYTES = 32 << 20
_ENTRY_BYTES = 600
"""Of an entry beside its bodies, about."""


class MemoryStore:
    """Implements `agentgauge.service.cache.store.Store`."""

    def __init__(
        self,
        most_bytes: int = MEMORY_BYTES,
        clock: Callable[[], float] = time.time,
        evictions: Counter | None = None,
    ) -> None:
        """`clock` gives seconds since 1970. Answers that make room for others are counted in `evictions`."""
        self._evictions = evictions or Counter()
        self._kept = _Evicting(most_bytes, clock, self._evictions)
        self._lock = threading.Lock()

    @property
    def is_there(self) -> bool:
        return True

    def get(self, key: str) -> Kept | None:
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, answer: Kept) -> None:
        """One that is larger than all room is not kept."""
        if _size(answer) > self._kept.maxsize:
            return
        with self._lock:
            self._kept[key] = answer

    def drop(self, pattern: Pattern) -> int:
        with self._lock:
            matching = [key for key in self._kept if pattern.matches(key)]
            for key in matching:
                del self._kept[key]
            return len(matching)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def close(self) -> None:
        self.clear()

    @property
    def evictions(self) -> int:
        return self._evictions.value

    @property
    def bytes(self) -> int:
        with self._lock:
            self._kept.expire()
            return int(self._kept.currsize)

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)


class _Evicting(TLRUCache[str, Kept, float]):
    """Counts what goes because there was no room, which cachetools takes out by `popitem`."""

    def __init__(self, most_bytes: int, clock: Callable[[], float], evictions: Counter) -> None:
        super().__init__(most_bytes, ttu=_expires, timer=clock, getsizeof=_size)
        self._evictions = evictions

    def popitem(self) -> tuple[str, Kept]:
        self._evictions.add()
        return super().popitem()


def _expires(key: str, answer: Kept, now: float) -> float:
    return answer.made + KEPT_SECONDS


def _size(answer: Kept) -> int:
    return len(answer.body) + len(answer.packed) + _ENTRY_BYTES
