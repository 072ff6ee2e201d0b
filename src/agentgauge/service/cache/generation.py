"""The generation of a home's answers: a mark in the home that every process looks at, changed by invalidating.

A process keeps answers in its own memory where no other reaches them, so whoever invalidates changes the mark, and each
process drops all that it has kept when it sees another mark, within a tenth of a second.
So it does when a person is forgotten.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from agentgauge.files import make_directory, write_atomically
from agentgauge.lake.blanking import blanked_mark
from agentgauge.settings import Home

_LOOKED_SECONDS = 0.1


class Generation:
    """Of one home's answers."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._home = home
        self._path: Path = home.root / "cache-generation"
        self._clock = clock
        self._looked = -float("inf")
        self._mark = b""

    def mark(self, *, fresh: bool = False) -> bytes:
        """The mark, at most a tenth of a second old; `fresh`: as of now."""
        now = self._clock()
        if fresh or now - self._looked >= _LOOKED_SECONDS:
            self._looked = now
            try:
                changed = self._path.read_bytes()
            except FileNotFoundError:
                changed = b""
            self._mark = changed + b" " + blanked_mark(self._home)
        return self._mark

    def change(self) -> None:
        make_directory(self._path.parent)
        write_atomically(self._path, secrets.token_hex(8).encode())
