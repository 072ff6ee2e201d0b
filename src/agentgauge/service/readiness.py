"""Whether a server can do its work now: keep what it is sent, reach its state, read its lake.

It is looked at most once a second, whoever asks, and takes some 10 ms then. Where a look takes long, as with an object
store that does not answer, others wait five seconds for it at most: else they would hold all threads. What is wrong is
said without paths, since anybody may ask; the log has more, once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from agentgauge.journal.directory import JournalDirectory
from agentgauge.lake.tables import Tables
from agentgauge.settings import Settings
from agentgauge.state.schema import migrations

if TYPE_CHECKING:
    from agentgauge.state.sql import SqlStore

logger = logging.getLogger("agentgauge.server")

_LOOKED_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_PROBE_BYTES = 4096
OK = "ok"
SLOW = "unknown: looking at the journal, the state and the lake takes too long"


class Readiness(msgspec.Struct, frozen=True):
    """`ok` of each part, or what is wrong with it."""

    journal: str
    state: str
    lake: str

    @property
    def is_ready(self) -> bool:
        return self.journal == self.state == self.lake == OK


class ReadinessProbe:
    """For all threads of a process."""

    def __init__(
        self,
        settings: Settings,
        state: SqlStore,
        clock: Callable[[], float] = time.monotonic,
        *,
        patience_s: float = _PATIENCE_SECONDS,
    ) -> None:
        """`clock` counts seconds."""
        self._home = settings.home
        self._journal_max_bytes = settings.journal_max_bytes
        self._state = state
        self._clock = clock
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._found: Readiness | None = None
        self._looked = 0.0

    def look(self) -> Readiness:
        """How things are, or were within the last second."""
        if not self._lock.acquire(timeout=self._patience_s):
            return Readiness(journal=SLOW, state=SLOW, lake=SLOW)
        try:
            if self._found is None or self._clock() - self._looked >= _LOOKED_SECONDS:
                self._found = Readiness(
                    journal=self._told("journal", self._journal),
                    state=self._told("state", self._state_schema),
                    lake=self._told("lake", self._lake),
                )
                self._looked = self._clock()
            return self._found
        finally:
            self._lock.release()

    def _told(self, part: str, check: Callable[[], str]) -> str:
        before = OK if self._found is None else getattr(self._found, part)
        try:
            found, detail = check(), ""
        except OSError as error:
            found, detail = "cannot be used", error.strerror or str(error)
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the part is not in order; it is told
            found, detail = "cannot be read", str(error).partition("\n")[0]
        if found != before:
            level = logging.INFO if found == OK else logging.ERROR
            logger.log(level, "%s: %s%s", part, found, detail and f": {detail}")
        return found

    def _journal(self) -> str:
        directory = JournalDirectory(self._home.root)
        if directory.total_bytes() >= self._journal_max_bytes:
            return "full: it is to be compacted"
        _write_and_remove(directory)
        return OK

    def _state_schema(self) -> str:
        version, newest = self._state.version(), migrations()[-1].version
        return OK if version == newest else f"schema version {version}, not {newest}"

    def _lake(self) -> str:
        Tables(self._home).events.load()
        return OK


def _write_and_remove(directory: JournalDirectory) -> None:
    """Room for an event: on a full disk a file can be made, and nothing written to it."""
    probe = directory.path / f".ready-{time.monotonic_ns()}"
    try:
        probe.write_bytes(bytes(_PROBE_BYTES))
    finally:
        probe.unlink(missing_ok=True)
