"""A journal that touches no disk: the newest events of this process, in memory."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable

from agentgauge.journal import layout, lifetime
from agentgauge.journal.losses import Fate, Health, LossCounts

DEFAULT_CAPACITY = 100_000
"""Events; about 40 MB."""


class MemoryJournal:
    """As `Journal`, for ENABLE_METRICS_PERSISTENCE=false.

    Of more than `capacity` events the oldest are let go, counted in `forgotten`.
    """

    segment_id: str
    take: Callable[[], int]

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._lines: deque[bytes] = deque(maxlen=capacity)
        self._closed = False
        self._begin()
        lifetime.watch(self)

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._losses = LossCounts()
        self._not_written = 0
        self.segment_id = f"{os.urandom(6).hex()}-000000"
        self.take = itertools.count().__next__

    def append(self, payload: bytes, opening: bytes = b"", opening_crc: int = 0) -> bool:
        line = layout.frame(opening + payload)
        if self._closed:
            self.give_back()
            self.count("dropped", "journal closed", "recorded after close()")
            return False
        if len(line) > layout.LARGEST_LINE_BYTES:
            self.give_back()
            self.count("refused", "event too large", f"{len(line)} bytes; at most {layout.LARGEST_LINE_BYTES}")
            return False
        self._lines.append(line)
        return True

    def lines(self) -> bytes:
        """The lines held, framed as in a segment, oldest first."""
        return b"".join(self._lines.copy())

    @property
    def forgotten(self) -> int:
        """Events recorded that are no longer held."""
        return self.health().recorded - len(self._lines)

    def count(self, fate: Fate, reason: str, detail: str) -> None:
        self._losses.add(fate, reason, detail, told=True)
        self._losses.log_firsts()

    def give_back(self) -> None:
        with self._lock:
            self._not_written += 1

    def flush(self) -> bool:
        return True

    def settle(self) -> None:
        return

    def close(self) -> None:
        """Take no more events. What is held can still be read."""
        self._closed = True
        lifetime.forget(self)

    def after_fork(self) -> None:
        """What the parent recorded is the parent's."""
        self._lines.clear()
        self._begin()

    def health(self) -> Health:
        with self._lock:
            self._not_written += 1
            return self._losses.health(self.take() + 1 - self._not_written)
