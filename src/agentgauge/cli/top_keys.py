"""Keys that are pressed while a screen is shown, without Enter, and being woken for them or for something else.

Where standard input is no terminal, or the platform has no termios, there are no keys: Ctrl-C ends it all the same.
"""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import Any, Self

try:
    import termios
    import tty
except ImportError:  # Windows
    _HAS_TERMIOS = False
else:
    _HAS_TERMIOS = True


class Keys:
    """A context: inside, the terminal gives each key at once and shows none; after it, it is as it was."""

    def __init__(self) -> None:
        self.are_read = _HAS_TERMIOS and sys.stdin.isatty()
        self._before: list[Any] | None = None
        self._woken, self._wake = os.pipe()

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()
        os.close(self._wake)
        os.close(self._woken)

    def take(self) -> None:
        if self.are_read:
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin.fileno())

    def give_back(self) -> None:
        """The terminal as it was before."""
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
            self._before = None

    def wake(self) -> None:
        """End the waiting; from any thread."""
        os.write(self._wake, b"!")

    def wait(self, seconds: float) -> str:
        """What was pressed meanwhile, at most so long; empty where nothing was, or it was woken."""
        if sys.platform == "win32":  # select takes sockets only
            time.sleep(seconds)
            return ""
        watched = [self._woken, *([sys.stdin.fileno()] if self.are_read else [])]
        ready, _, _ = select.select(watched, [], [], max(seconds, 0.0))
        if self._woken in ready:
            os.read(self._woken, 4096)
        if len(watched) > 1 and watched[1] in ready:
            pressed = os.read(watched[1], 64)
            if not pressed:  # the terminal went away
                return "q"
            return pressed.decode(errors="ignore")
        return ""
