"""How well the cache does, counted since the process began."""

from __future__ import annotations

import threading

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

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self, number: int = 1) -> None:
        with self._lock:
            self.value += number
