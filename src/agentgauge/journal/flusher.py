"""The thread that makes the power-loss window: it flushes so many milliseconds after the first write since the last
flush.

It holds its journal weakly and polls nothing: without writes it sleeps. A writer wakes it by one C call, which an
exception from a signal's handler cannot leave half done.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any
from weakref import WeakMethod

from agentgauge.interruption import is_interruption

_PATIENCE_S = 5
"""How long `stop` waits for a flush that is under way."""


class Flusher:
    def __init__(
        self, flush: Callable[[], object], window_ms: int, *, begun: Callable[[], object] | None = None
    ) -> None:
        """`flush` is a bound method; the thread ends when its object is gone. `begun`, another, is called by the thread
        when it begins: what goes on beside recording can be started there.
        """
        self.armed = False
        """Whether a flush is due. A writer looks at it after each write and calls `arm` where it is not set."""
        self._flush: WeakMethod[Any] = WeakMethod(flush)
        self._begun: WeakMethod[Any] | None = None if begun is None else WeakMethod(begun)
        self._window_s = window_ms / 1000
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._stopping = False
        self._running = False
        self._thread_id = 0
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._starting = threading.Lock()

    def arm(self) -> None:
        """Make a flush happen within the window: now where that is 0, or where no thread can be had any more."""
        if self._window_s == 0 or not (self._running or self._start()):
            flush = self._flush()
            if flush is not None:
                flush()
            return
        self.armed = True
        self._wake.put(None)

    def _start(self) -> bool:
        """Start the thread, which is missing or has died; whether there is one now."""
        with self._starting:
            if self._running:
                return True
            if self._stopping:
                return False
            self._running = True
            try:
                # One C call; a `threading.Thread` waits in its `start`, and an interruption there leaves it locked.
                _thread.start_new_thread(_run, (self, self._wake))
            except RuntimeError as error:  # the interpreter is shutting down, or the process may have no more threads
                if is_interruption(error):
                    raise
                self._running = False
                return False
            return True

    def stop(self) -> None:
        """End the thread. What is due is the caller's to flush."""
        with self._starting:
            self._stopping = True
            running = self._running
        self._wake.put(None)
        if running and self._thread_id != threading.get_ident():
            with suppress(Empty):
                while self._running:
                    self._ended.get(timeout=_PATIENCE_S)

    def _begin(self) -> None:
        begun = None if self._begun is None else self._begun()
        if begun is not None:
            begun()

    def _round(self) -> bool:
        """One flush; False where there is nobody left to flush for."""
        if self._stopping:
            return False
        time.sleep(self._window_s)
        flush = self._flush()
        if flush is None or self._stopping:
            return False
        self.armed = False  # before the flush: a write from here on is in the next round
        flush()
        return True


def _run(flusher: Flusher, wake: SimpleQueue[None]) -> None:
    flusher._thread_id = threading.get_ident()  # noqa: SLF001 - the thread's own half of the class, here and below
    try:
        flusher._begin()  # noqa: SLF001
        while True:
            wake.get()
            while not wake.empty():  # what woke it more than once is flushed at once
                wake.get()
            if not flusher._round():  # noqa: SLF001
                return
    finally:
        flusher._running = flusher.armed = False  # noqa: SLF001 - the next write starts another, should this have died
        flusher._ended.put(None)  # noqa: SLF001
