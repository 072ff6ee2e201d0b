"""The thread that makes the power-loss window: it flushes so many milliseconds after the first write since the last
flush.

It holds its journal weakly and polls nothing: without writes it sleeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod


class Flusher:
    def __init__(self, flush: Callable[[], object], window_ms: int) -> None:
        """`flush` is a bound method; the thread ends when its object is gone."""
        self.armed = False
        """Whether a flush is due. A writer looks at it after each write and calls `arm` where it is not set."""
        self._flush: WeakMethod[Any] = WeakMethod(flush)
        self._window_s = window_ms / 1000
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def arm(self) -> None:
        """Make a flush happen within the window: now where that is 0, or where no thread can be had any more."""
        if self._window_s == 0 or (self._thread is None and not self._start()):
            flush = self._flush()
            if flush is not None:
                flush()
            return
        self.armed = True
        self._wake.set()

    def _start(self) -> bool:
        with self._starting:
            if self._thread is not None:
                return True
            if self._stopping:
                return False
            thread = threading.Thread(target=_run, args=(self, self._wake), name="agentgauge-flusher", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down, or the process may have no more threads
                return False
            self._thread = thread
            return True

    def stop(self) -> None:
        """End the thread. What is due is the caller's to flush."""
        with self._starting:
            self._stopping = True
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread() and thread.is_alive():
            thread.join(timeout=5)

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


def _run(flusher: Flusher, wake: threading.Event) -> None:
    while True:
        wake.wait()
        wake.clear()
        if not flusher._round():  # noqa: SLF001 - the thread's own half of the class
            return
