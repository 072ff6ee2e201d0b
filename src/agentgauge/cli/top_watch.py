"""Showing what goes on: once, or on a screen of its own that is drawn anew until somebody ends it.

The events are read on a thread, so keys answer at once. A look that fails is told on the screen, which goes on with
what it had, dated.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from types import FrameType
from typing import NoReturn

import typer
from rich.console import RenderableType
from rich.live import Live

from agentgauge.cli.chart import can_draw_blocks
from agentgauge.cli.output import Screen, screen
from agentgauge.cli.top_keys import Keys
from agentgauge.cli.top_reading import Read, Reading
from agentgauge.cli.top_screen import TopScreen
from agentgauge.cli.top_tables import Order
from agentgauge.errors import AgentGaugeError

_ORDERS: dict[str, Order] = {"c": "cost", "t": "time", "l": "last"}
_LONG_SECONDS = 3600.0
"""Keys, and what has been read, end the waiting."""


def print_once(reading: Reading, zone: tzinfo) -> None:
    out = screen()
    look = TopScreen(zone, unicode=can_draw_blocks(out.encoding))
    out.print(look.frame(reading.look(), datetime.now(UTC), out.width))


def watch(reading: Reading, zone: tzinfo, interval: float) -> None:
    """Until q is pressed. Raises KeyboardInterrupt at Ctrl-C, `LakeError` and `StateError` as the first look does."""
    out = screen()
    with _signals({signal.SIGTERM: _end}), Keys() as keys, ThreadPoolExecutor(1, "agentgauge-top") as thread:
        _Watch(reading, TopScreen(zone, unicode=can_draw_blocks(out.encoding)), out, keys, thread, interval).run()


class _Watch:
    def __init__(
        self,
        reading: Reading,
        look: TopScreen,
        out: Screen,
        keys: Keys,
        thread: ThreadPoolExecutor,
        interval: float,
    ) -> None:
        self._reading, self._look, self._out, self._keys, self._thread = reading, look, out, keys, thread
        self._interval = interval
        self._order: Order = "cost"
        self._is_paused = False
        self._read: Read | None = None
        self._shown_at = datetime.now(UTC)
        self._trouble = ""
        self._looking: Future[Read] | None = None
        self._next = 0.0

    def run(self) -> None:
        self._read = self._reading.look()
        self._next = time.monotonic() + self._interval
        with Live(console=self._out, screen=True, auto_refresh=False) as live, _suspending(live, self._keys):
            live.update(self._frame(), refresh=True)
            pressed = ""
            while "q" not in pressed:
                self._begin_to_read()
                pressed = self._keys.wait(self._patience()).lower()
                self._obey(pressed)
                if self._take() or pressed:
                    live.update(self._frame(), refresh=True)

    def _patience(self) -> float:
        is_asked = self._looking is None and not self._is_paused
        return max(self._next - time.monotonic(), 0.0) if is_asked else _LONG_SECONDS

    def _take(self) -> bool:
        """Whether a look has ended meanwhile."""
        if self._looking is None or not self._looking.done():
            return False
        done, self._looking = self._looking, None
        try:
            self._read, self._trouble = done.result(), ""
        except AgentGaugeError as error:
            self._trouble = str(error)
        return True

    def _begin_to_read(self) -> None:
        if self._looking is None and not self._is_paused and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._interval
            self._looking = self._thread.submit(self._reading.look)
            self._looking.add_done_callback(lambda _: self._keys.wake())

    def _obey(self, pressed: str) -> None:
        for key in pressed:
            if key == "p":
                self._is_paused = not self._is_paused
            self._order = _ORDERS.get(key, self._order)

    def _frame(self) -> RenderableType:
        assert self._read is not None
        if not self._is_paused:
            self._shown_at = datetime.now(UTC)
        size = self._out.size
        return self._look.frame(self._read, self._shown_at, size.width, size.height, self._order, self._foot())

    def _foot(self) -> str:
        keys = f"q quit  p {'go on' if self._is_paused else 'pause'}  sorted by {self._order}: c cost  t time  l last"
        state = "PAUSED  " if self._is_paused else ""
        return f"{state}{keys}" if not self._trouble else f"{state}not read again: {self._trouble}"


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """The terminal is given back on the way out."""
    raise typer.Exit(128 + number)


@contextmanager
def _suspending(live: Live, keys: Keys) -> Iterator[None]:
    """Ctrl-Z gives the terminal back, until the program goes on."""

    def suspend(number: int, frame: FrameType | None) -> None:
        live.stop()
        keys.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        keys.take()
        live.start(refresh=True)

    with _signals({signal.SIGTSTP: suspend} if hasattr(signal, "SIGTSTP") else {}):
        yield


@contextmanager
def _signals(handlers: Mapping[int, Callable[[int, FrameType | None], object]]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
