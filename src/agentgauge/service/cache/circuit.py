"""A circuit to a server that may be away: broken by the first failure, closed again when the server answers.

While it is broken nobody waits for the server: a thread of its own asks now and then whether it is back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger("agentgauge")

PROBED_SECONDS = 1.0


class Circuit:
    def __init__(self, name: str, probe: Callable[[], object], failures: tuple[type[Exception], ...]) -> None:
        """`probe` asks the server; it raises one of `failures` while the server is away. `name` is for the log."""
        self._name = name
        self._probe = probe
        self._failures = failures
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._closed = threading.Event()
        self._closed.set()

    @property
    def is_closed(self) -> bool:
        """Whether the server may be asked."""
        return self._closed.is_set()

    def broke(self, error: Exception) -> None:
        """The server failed to answer."""
        with self._lock:
            if not self.is_closed or self._stopped.is_set():
                return
            self._closed.clear()
        logger.warning("%s is not used until it answers again: %s", self._name, error)
        threading.Thread(target=self._watch, name=f"agentgauge-{self._name}", daemon=True).start()

    def _watch(self) -> None:
        while not self._stopped.wait(PROBED_SECONDS):
            try:
                self._probe()
            except self._failures:
                continue
            self._closed.set()
            logger.info("%s is used again", self._name)
            return

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()
