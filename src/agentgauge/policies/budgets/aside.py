"""Questions that may wait for a store, asked beside an asyncio loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


async def beside(work: Callable[[], T], undo: Callable[[T], object] = lambda _: None) -> T:
    """Do what may wait for a store in a thread, so that other tasks go on; at once where no asyncio loop runs.

    Where the task is cancelled meanwhile, the work is done all the same, and undone: by the thread, since the loop may
    have ended by then.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    done = _Done(undo)
    thread = asyncio.ensure_future(asyncio.to_thread(lambda: done.keep(work())))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        thread.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # nobody else asks for it
        done.give_up()
        raise


class _Done(Generic[T]):
    """What a thread has done: undone where nobody waits for it any more."""

    def __init__(self, undo: Callable[[T], object]) -> None:
        self._undo = undo
        self._lock = threading.Lock()
        self._results: list[T] = []
        self._is_given_up = False

    def keep(self, result: T) -> T:
        with self._lock:
            self._results.append(result)
            is_given_up = self._is_given_up
        if is_given_up:
            self.give_up()
        return result

    def give_up(self) -> None:
        with self._lock:
            self._is_given_up = True
            results, self._results = self._results, []
        for result in results:
            self._undo(result)
