"""How often topics of state changed, told within microseconds: for an event loop, which must not wait for a database.

Only an SQLite file can be asked so: on a connection of its own that waits for no lock. A server's database is across a
network, and is asked on a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from agentgauge.state.changes import changes_of


class ChangesAtHand:
    """For one thread at a time."""

    def __init__(self, path: Path | None) -> None:
        """`path`: the file; None where state is in a server's database."""
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def counts(self, topics: Sequence[str]) -> tuple[int, ...] | None:
        """As `Store.changes`; None where the store is to be asked instead, since this would wait or cannot know."""
        if self._path is None:
            return None
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{quote(str(self._path))}?mode=ro",
                    uri=True, timeout=0, isolation_level=None, check_same_thread=False,
                )  # fmt: skip
            return changes_of(self._connection, topics)
        except sqlite3.Error:  # no file yet, or it is locked this moment: the store says so, or waits
            return None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
