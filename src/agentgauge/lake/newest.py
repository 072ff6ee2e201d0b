"""The newest version of each of a home's tables, found without reading the tables.

A directory of this machine is asked whether the log entry that follows the last one seen is there: a few microseconds
per table. An object store is asked through delta-rs, which takes tens of milliseconds, and only for the table of
events: the others change with it, or no answer depends on them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from agentgauge.lake.table import LakeTable
from agentgauge.lake.tables import Tables
from agentgauge.settings import Home

_ENTRY = re.compile(r"(\d{20})\.json")
_LISTED_AFTER_SECONDS = 3600
"""A log keeps its entries for a day: after so long without a look, the following one may have gone already."""
_NONE = -1


class NewestVersions:
    """Of one home. Not safe for threads."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.monotonic) -> None:
        tables = Tables(home)
        every = {
            "events": tables.events,
            "losses": tables.losses,
            "sources": tables.sources,
            "daily": tables.daily,
            "repriced": tables.repriced,
            **tables.rollups,
        }
        self._remote = tables.events if home.lake_is_remote else None
        self._logs = {} if home.lake_is_remote else {name: _Log(_log_of(home, table)) for name, table in every.items()}
        self._clock = clock
        self._looked = -float("inf")

    @property
    def is_quick(self) -> bool:
        """Whether a look takes well under a millisecond."""
        return self._remote is None

    def look(self) -> dict[str, int]:
        """Versions by table, -1 where a table does not exist. Raises `LakeError` where an object store cannot be
        asked."""
        if self._remote is not None:
            self._remote.load()
            return {"events": self._remote.version}
        now = self._clock()
        anew = now - self._looked > _LISTED_AFTER_SECONDS
        self._looked = now
        return {name: log.newest(anew=anew) for name, log in self._logs.items()}


def _log_of(home: Home, table: LakeTable) -> Path:
    return Path(table.storage.uri("_delta_log"))


class _Log:
    """The transaction log of one table, a directory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = _NONE

    def newest(self, *, anew: bool) -> int:
        if anew:
            self._version = self._listed()
        while (self._path / f"{self._version + 1:020}.json").exists():
            self._version += 1
        return self._version

    def _listed(self) -> int:
        try:
            names = [entry.name for entry in self._path.iterdir()]
        except FileNotFoundError:
            return _NONE
        return max((int(found[1]) for name in names if (found := _ENTRY.fullmatch(name))), default=_NONE)
