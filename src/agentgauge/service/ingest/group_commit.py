"""Group commit: whoever waits for the disk at the same time waits for one and the same sync.

A request that waited for a sync of its own would get, with fifty at once, a fiftieth of what the disk can do. Here one
thread syncs, over and over while somebody waits; those who come during a sync share the next one, since what they
wrote may have come too late for the one under way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue


class GroupCommit:
    def __init__(self, sync: Callable[[], int]) -> None:
        """`sync` blocks until everything written before it was called is on the disk; what it returns or raises, all
        who wait get.
        """
        self._sync = sync
        self._lock = threading.Lock()
        self._next: Future[int] | None = None
        self._rounds: SimpleQueue[Future[int] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="agentgauge-commit", daemon=True)
        self._thread.start()

    def synced(self) -> Future[int]:
        """Done when everything that was written before this call is on the disk. Shared: cancelling it does nothing."""
        with self._lock:
            if self._next is None:
                self._next = Future()
                self._next.set_running_or_notify_cancel()  # from here on nobody can cancel it for the others
                self._rounds.put(self._next)
            return self._next

    def close(self) -> None:
        """Finish what was asked for, and end the thread."""
        self._rounds.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (waiting := self._rounds.get()) is not None:
            with self._lock:
                self._next = None
            try:
                synced = self._sync()
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it; this thread serves the next round
                waiting.set_exception(error)
            else:
                waiting.set_result(synced)
