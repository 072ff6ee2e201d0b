"""Interrupting the main thread at any one of the moments at which CPython runs the handlers of signals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Alarm(TimeoutError):
    """What the program's own handler raises."""


@contextmanager
def raising(handler: Callable[[int, FrameType | None], object] | None = None) -> Iterator[None]:
    """Inside, SIGINT is handled by `handler`, which otherwise raises `Alarm`."""

    def alarm(number: int, frame: FrameType | None) -> None:
        raise Alarm("the step took too long")

    before = signal.signal(signal.SIGINT, handler or alarm)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted_at(moment: int, action: Callable[[], object]) -> bool:
    """Run `action` and interrupt it behind the call of that number; False where it makes fewer.

    Raises AssertionError where it was interrupted and `Alarm` did not come out of it; but what arrives in a destructor
    or in the callback of a weak reference the interpreter itself keeps from the caller.
    """
    left = moment
    kept: list[object] = []

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if event in ("call", "c_return"):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)

    hook, sys.unraisablehook = sys.unraisablehook, kept.append
    with raising():
        sys.setprofile(count)
        try:
            action()
        except Alarm:
            return True
        finally:
            sys.setprofile(None)
            sys.unraisablehook = hook
    assert left > 0 or kept, f"interrupted at {moment}, but the caller never saw it"
    return left <= 0
