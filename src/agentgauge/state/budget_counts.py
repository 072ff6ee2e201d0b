"""Counting budgets: what was told of them and no count has seen yet, and keeping what a count found.

A count reads one snapshot of the events. A charge whose event it found there with its price is counted from then on;
one whose event it did not find stands beside it, as does one whose price nobody knows yet. Who counts goes

    began = counts.now()          before the snapshot is opened
    counts.told([budget])         what stands beside the events
    counts.keep(budget, Count)    what was found; it says which charges came meanwhile, to be looked for there too

Money of events that are taken out of the stream is carried (`carry`): rows by the UTC day of the events, which count in
every snapshot that is without them, as the deletion's mark in the lake says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.errors import Outdated
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.budget_ledger import (
    NOTHING,
    Told,
    free_expired,
    held_usd,
    move_to_counted,
    read_account,
    total,
    unseen,
    write_account,
)
from agentgauge.state.budget_terms import Budget
from agentgauge.state.budgets import budget_in, keep_used
from agentgauge.state.columns import moment
from agentgauge.state.statements import insert
from agentgauge.state.store import Connection, Store

Identities = frozenset[tuple[str, int]]
"""Of events: (segment, n)."""
_SEEN_KEPT = timedelta(days=2)
"""How long an event that is told again is known to have been charged."""
_OLDER_SNAPSHOT = timedelta(minutes=1)
"""How old a snapshot may be that is asked after a count of a newer one: what that has seen may not be in it."""


class Carried(msgspec.Struct, frozen=True):
    """Money of events of a budget's scope that a deletion took out of the stream."""

    budget_id: int
    deletion: str
    """Its mark in the lake."""
    start: datetime
    """The UTC day of the events; of an edge, the start that it is the edge of."""
    usd: Decimal
    is_edge: bool = False
    """Of a scope whose sums outlive its events: what lay between the budget's start and the first whole sum."""

    def counts_from(self, start: datetime) -> bool:
        """Whether it is part of what was spent since `start`; the day that this is in counts whole."""
        if self.is_edge:
            return self.start == start
        return self.start >= start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


class Beside(msgspec.Struct, frozen=True):
    """What an account has of a budget's current period beside the events."""

    told: tuple[Told, ...] = ()
    """Charges that may not be in a snapshot."""
    carried: tuple[Carried, ...] = ()
    reserved_usd: Decimal = NOTHING


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What one snapshot says of a budget's period."""

    start: datetime
    usd: Decimal
    began: datetime
    """Before the snapshot was opened."""
    opened: datetime
    """After it was."""
    seen: Identities
    """Of the charges that were told: found, and priced. With those that will not come, because a repeat stands for
    them."""
    missing: Identities


class BudgetCounts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> datetime:
        """The clock of the accounts. Raises `StateError`."""
        if not self._store.exists:
            return datetime.now(UTC)
        with self._store.reading() as connection:
            return self._store.time(connection)

    def beside(self, budgets: Iterable[Budget], now: datetime) -> Mapping[int, Beside]:
        """Of each budget, by its id, in the period that `now` (aware) is in. Raises `StateError`."""
        starts = {budget.id: budget.counts_from(now) for budget in budgets}
        if not starts or not self._store.exists:
            return dict.fromkeys(starts, Beside())
        with self._store.reading() as connection:
            told = _told_lately(connection, starts, now)
            carried = _carried(connection, starts)
            return {
                id_: Beside(tuple(told[id_]), tuple(carried[id_]), held_usd(connection, id_, start))
                for id_, start in starts.items()
            }

    def is_counted_since(self, budget: Budget, began: datetime) -> bool:
        """Whether a budget's period of now was counted in a snapshot that was opened later. Raises `StateError`."""
        with self._store.reading() as connection:
            account = read_account(connection, budget, budget.counts_from(self._store.time(connection)))
            return account.counted_at is not None and account.counted_at >= began

    def unseen(self, budget_id: int, start: datetime) -> tuple[Told, ...]:
        """The charges of a period that no count has seen yet. Raises `StateError`."""
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return tuple(unseen(connection, budget_id, start))

    def keep(self, budget: Budget, count: Count) -> tuple[Told, ...]:
        """Keep a count, and free what expired before it began.

        Where charges came that it did not look for nothing is kept: they are returned. Raises `Outdated` where the
        budget was changed meanwhile, or counted in a snapshot that may be newer, `NotFound` and `StateError`.
        """
        with self._store.transaction() as connection:
            known = unseen(connection, budget.id, count.start)
            if unlooked := tuple(one for one in known if one.identity not in count.seen | count.missing):
                return unlooked
            _check_current(connection, budget, count)
            for segment, n in count.seen & {one.identity for one in known}:
                connection.execute(
                    "UPDATE budget_charges SET seen_at = ? WHERE budget_id = ? AND segment = ? AND n = ?",
                    (to_micros(count.opened), budget.id, segment, n),
                )
            _drop_old(connection, budget.id, count)
            free_expired(connection, budget.id, count.began)
            account = read_account(connection, budget, count.start)
            write_account(
                connection,
                msgspec.structs.replace(
                    account,
                    counted_usd=count.usd,
                    counted_at=count.began,
                    charged_usd=total(one.usd for one in known if one.identity not in count.seen),
                    reserved_usd=held_usd(connection, budget.id, count.start),
                ),
            )
            connection.execute(
                "UPDATE budget_accounts SET snapshot_at = ? WHERE budget_id = ? AND period_starts_at = ?",
                (to_micros(count.opened), budget.id, to_micros(count.start)),
            )
            keep_used(connection, budget.id, count.usd, count.began)
            return ()

    def landed(self, budget_id: int, start: datetime, seen: Identities, opened: datetime) -> None:
        """Count these charges alone, whose events a snapshot has that was opened at `opened`: they are about to be
        deleted, and no later count would find them. Raises `StateError`.
        """
        if not seen:
            return
        with self._store.transaction() as connection:
            moved = total(one.usd for one in unseen(connection, budget_id, start) if one.identity in seen)
            for segment, n in seen:
                connection.execute(
                    "UPDATE budget_charges SET seen_at = ? WHERE budget_id = ? AND segment = ? AND n = ?",
                    (to_micros(opened - _OLDER_SNAPSHOT) - 1, budget_id, segment, n),
                )
            # What counts meanwhile, in a snapshot that may be older, is told to count again by `snapshot_at`.
            connection.execute(
                "UPDATE budget_accounts SET snapshot_at = ? WHERE budget_id = ? AND period_starts_at = ?",
                (to_micros(opened), budget_id, to_micros(start)),
            )
            move_to_counted(connection, budget_id, start, moved)

    def carry(self, rows: Iterable[Carried]) -> None:
        """Keep the money of events that are about to be deleted. Raises `StateError`."""
        with self._store.transaction() as connection:
            for row in rows:
                insert(
                    connection,
                    "budget_carries",
                    budget_id=row.budget_id,
                    deletion=row.deletion,
                    from_at=to_micros(row.start),
                    is_edge=int(row.is_edge),
                    carried_usd=plain_digits(row.usd),
                )


def _check_current(connection: Connection, budget: Budget, count: Count) -> None:
    if budget_in(connection, budget.id).version != budget.version:
        raise Outdated(f"budget {budget.id} was changed while it was counted: count it again")
    row = connection.execute(
        "SELECT snapshot_at FROM budget_accounts WHERE budget_id = ? AND period_starts_at = ?",
        (budget.id, to_micros(count.start)),
    ).fetchone()
    newest = None if row is None else moment(row[0])
    if newest is not None and newest > count.began:
        raise Outdated(f"budget {budget.id} was counted by another process meanwhile: count it again")


def _drop_old(connection: Connection, budget_id: int, count: Count) -> None:
    """Charges that nobody tells again any more: those seen long ago, and those of periods that are over."""
    old = to_micros(count.began - _SEEN_KEPT)
    connection.execute("DELETE FROM budget_charges WHERE budget_id = ? AND seen_at < ?", (budget_id, old))
    connection.execute(
        "DELETE FROM budget_charges WHERE budget_id = ? AND period_starts_at < ? AND charged_at < ?",
        (budget_id, to_micros(count.start), old),
    )


def _told_lately(connection: Connection, starts: Mapping[int, datetime], now: datetime) -> Mapping[int, list[Told]]:
    rows = connection.execute(
        "SELECT budget_id, period_starts_at, segment, n, event_at, cost_usd, charged_at FROM budget_charges "
        "WHERE seen_at IS NULL OR seen_at >= ?",
        (to_micros(now - _OLDER_SNAPSHOT),),
    ).fetchall()
    found: dict[int, list[Told]] = defaultdict(list)
    for id_, start, segment, n, event_at, usd, charged_at in rows:
        if id_ in starts and start == to_micros(starts[id_]):
            found[id_].append(Told(segment, n, from_micros(event_at), Decimal(usd), from_micros(charged_at)))
    return found


def _carried(connection: Connection, starts: Mapping[int, datetime]) -> Mapping[int, list[Carried]]:
    rows = connection.execute(
        "SELECT budget_id, deletion, from_at, is_edge, carried_usd FROM budget_carries ORDER BY budget_id, from_at"
    ).fetchall()
    found: dict[int, list[Carried]] = defaultdict(list)
    for id_, deletion, start, is_edge, usd in rows:
        one = Carried(id_, deletion, from_micros(start), Decimal(usd), bool(is_edge))
        if id_ in starts and one.counts_from(starts[id_]):
            found[id_].append(one)
    return found
