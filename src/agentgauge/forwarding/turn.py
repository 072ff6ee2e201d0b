"""Whose turn it is to ship a home: a lock that is held during one pass, so that others go on when its holder dies.

It saves work and nothing depends on it: two that ship at once send the same bytes to the same places.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentgauge import files
from agentgauge.forwarding.spool import folder_of

_LOOK_S = 0.05
_held: set[int] = set()


class OthersTurn(Exception):
    """Another process, or thread, ships this home."""


@contextmanager
def turn(root: Path, patience_s: float = 0) -> Iterator[None]:
    """Ship in this block, alone. Raises `OthersTurn` where another does for longer than that; OSError."""
    files.make_directory(folder_of(root))
    descriptor = os.open(folder_of(root) / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    _held.add(descriptor)
    try:
        until = time.monotonic() + patience_s
        while not files.lock(descriptor, blocking=False):
            if time.monotonic() >= until:
                raise OthersTurn
            time.sleep(_LOOK_S)
        try:
            yield
        finally:
            if descriptor in _held:
                files.unlock(descriptor)
    finally:
        if descriptor in _held:
            _held.discard(descriptor)
            os.close(descriptor)


def let_go_in_child() -> None:
    """In a forked child: what a thread of the parent holds is the parent's, and must not outlive it here."""
    while _held:
        os.close(_held.pop())
