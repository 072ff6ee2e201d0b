"""How well the cache does, counted since the process began."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec


class CacheFigures(msgspec.Struct, frozen=True):
    hits: int = 0
    """Answers that were not computed: found here, found in Redis, or waited for while another thread computed them."""
    misses: int = 0
    """Answers that were computed."""
    failures: int = 0
    """Redis could not be asked, or held something that is no answer. No request failed of it."""
    evictions: int = 0
    """Answers dropped from this process to make room for others."""
    entries: int = 0
    """In this process now."""
    bytes: int = 0
    """That they take in this process now, about."""
    shared: bool | None = None
    """Whether Redis is asked now; None: there is none."""


class Counter:
    """Safe for threads."""

    def __init__(self, also: Callable[[], object] = lambda: None) -> None:
        """`also` is told of each: it counts for all processes of a server."""
        self._lock = threading.Lock()
        self._also = also
        self.value = 0

    def add(self) -> None:
        with self._lock:
            self.value += 1
        self._also()
