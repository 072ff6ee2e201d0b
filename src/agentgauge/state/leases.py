"""Leases: which one of several processes does something, until it says that it no longer does, or stops renewing.

Times are those of one clock for all, `Store.time`: the clocks of servers that share a PostgreSQL database differ, and
one that is ahead would take a lease away from a holder that has it still. A holder whose renewing fails has to stop
before `until`, by how long it took since it asked. `term` rises with every change of holder: what is written under an
older term is out of date.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.store import Connection, Store


class Lease(msgspec.Struct, frozen=True):
    name: str
    holder: str
    """Unique among processes, those that are gone included: host, process and a random word."""
    term: int
    """Counts holders, from 1."""
    until: datetime


class LeaseBook:
    def __init__(self, store: Store, clock: Callable[[Connection], datetime] | None = None) -> None:
        """`clock`, within a transaction; the store's where None."""
        self._store = store
        self._clock = clock or store.time

    def take(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Have the lease for so long from now, where nobody else has it; None where somebody has. Whoever has it
        renews it by this. One that would go on for over twice as long was given by a clock that was ahead, and is had
        by nobody. Raises `StateError`.
        """
        with self._store.transaction() as connection:
            now = self._clock(connection)
            held = _held(connection, name)
            if held is not None and held.holder != holder and now < held.until <= now + timedelta(seconds=2 * seconds):
                return None
            changes = held is None or held.holder != holder
            lease = Lease(name, holder, (held.term if held else 0) + changes, now + timedelta(seconds=seconds))
            connection.execute(
                "INSERT INTO leases (name, holder, term, until_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET holder = excluded.holder, term = excluded.term, until_at = excluded.until_at",
                (name, holder, lease.term, to_micros(lease.until)),
            )
            return lease

    def renew(self, lease: Lease, seconds: float) -> Lease | None:
        """Have it for so long from now; None where another took it since. Raises `StateError`."""
        with self._store.transaction() as connection:
            until = self._clock(connection) + timedelta(seconds=seconds)
            renewed = connection.execute(
                "UPDATE leases SET until_at = ? WHERE name = ? AND holder = ? AND term = ?",
                (to_micros(until), lease.name, lease.holder, lease.term),
            )
            return msgspec.structs.replace(lease, until=until) if renewed.rowcount else None

    def release(self, lease: Lease) -> None:
        """Let others have it at once; nothing where another has it already. Raises `StateError`."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE leases SET until_at = 0 WHERE name = ? AND holder = ? AND term = ?",
                (lease.name, lease.holder, lease.term),
            )

    def held(self, name: str) -> Lease | None:
        """Who has it now; None where nobody does. Raises `StateError`."""
        if not self._store.exists:
            return None
        with self._store.reading() as connection:
            held = _held(connection, name)
            return held if held is not None and held.until > self._clock(connection) else None


def _held(connection: Connection, name: str) -> Lease | None:
    row = connection.execute("SELECT name, holder, term, until_at FROM leases WHERE name = ?", (name,)).fetchone()
    return None if row is None else Lease(row[0], row[1], row[2], from_micros(row[3]))
