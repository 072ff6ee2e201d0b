"""A store whose clock is set by hand."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from agentgauge.state.store import Connection, Store


class Clocked:
    """Implements `agentgauge.state.store.Store` by another, but for the time."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        self.now = now

    @property
    def exists(self) -> bool:
        return self._store.exists

    def transaction(self) -> AbstractContextManager[Connection]:
        return self._store.transaction()

    def reading(self) -> AbstractContextManager[Connection]:
        return self._store.reading()

    def changes(self, *topics: str) -> tuple[int, ...]:
        return self._store.changes(*topics)

    def time(self, connection: Connection) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> datetime:
        self.now += time
        return self.now
