"""A clock that a test moves, and waiting for what another thread does."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Counts seconds, as `time.monotonic` does."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


def until(condition: Callable[[], bool]) -> None:
    """Return once something holds that another thread brings about."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0)
