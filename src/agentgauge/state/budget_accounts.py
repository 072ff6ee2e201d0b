"""Accounts of budgets: what is spent and reserved in their current periods, in transactions that cannot both be granted
the same dollar.

Written once for every store. A transaction of the plain SQLite store that keeps its connection open (`kept`) takes some
tens of microseconds, which is what a guard around every call can afford. Nothing here counts events: who does tells
`counted`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.errors import Conflict, NotFound
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted
from agentgauge.state.budget_terms import Budget, Terms, period_start
from agentgauge.state.budgets import budget_in, budget_like, change_budget, make_budget
from agentgauge.state.columns import micros, moment
from agentgauge.state.statements import Where, update
from agentgauge.state.store import Connection, Store

NOTHING = Decimal(0)
_SEEN_KEPT = timedelta(days=2)
"""How long an event that is told again is known to have been charged."""
Identities = frozenset[tuple[str, int]]
"""Of events: (segment, n)."""


class BudgetAccounts:
    """Implements `agentgauge.policies.budgets.accounts.Accounts` but for `recount`."""

    def __init__(self, store: Store, projects: Collection[str] | None = None) -> None:
        """`projects`: of budgets of others nothing is known here, as of those of all together; None: of all."""
        self._store = store
        self._projects = projects

    def open(self, wanted: Wanted, actor: str) -> Account:
        """How the budget stands; made, or changed, where `wanted` says so. Raises `NotFound`, `StateError`."""
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = _wanted(connection, wanted, actor, now)
            return _read(connection, budget, budget.counts_from(now))

    def account(self, budget_id: int, at: datetime | None = None) -> Account:
        """How a budget stands in the period that `at` (aware; None: now) is in. Raises `NotFound`, `StateError`."""
        with self._store.transaction() as connection:
            budget = budget_in(connection, budget_id, self._projects)
            return _read(connection, budget, budget.counts_from(at or self._store.time(connection)))

    def reserve(
        self,
        budget_id: int,
        reservation_id: str,
        usd: Decimal,
        *,
        at_least: Decimal,
        holder: str,
        ttl_s: float,
    ) -> Reservation | Refusal:
        """Reserve `usd`, or what is left of it and not under `at_least`; one for less than it asked is a lease.

        Asked again with the same id it is the same one. Raises `NotFound`, `Conflict` for an id of another budget's,
        `StateError`.
        """
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = budget_in(connection, budget_id, self._projects)
            account = _read(connection, budget, budget.counts_from(now))
            held = _held(connection, budget_id, reservation_id)
            if held is not None:
                return Reservation(id=reservation_id, usd=held[1], account=account)
            granted = min(usd, account.remaining_usd)
            if granted < at_least:
                return _refusal(connection, account, holder, to_micros(now))
            connection.execute(
                "INSERT INTO budget_reservations (id, budget_id, period_start, holder, is_lease, usd, expires_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    reservation_id,
                    budget_id,
                    to_micros(account.period_start),
                    holder,
                    int(at_least < usd),
                    plain_digits(granted),
                    to_micros(now + timedelta(seconds=ttl_s)),
                ),
            )
            account = msgspec.structs.replace(account, reserved_usd=account.reserved_usd + granted)
            _write(connection, account)
            return Reservation(id=reservation_id, usd=granted, account=account)

    def settle(
        self, budget_id: int, reservation_id: str, charges: Sequence[Charge], keep_usd: Decimal = NOTHING
    ) -> Reservation:
        """Charge events against a reservation, of which at most `keep_usd` stays; 0 ends it.

        What was not reserved is charged all the same: it was spent. Raises as `reserve`.
        """
        with self._store.transaction() as connection:
            budget = budget_in(connection, budget_id, self._projects)
            kept = NOTHING
            held = _held(connection, budget_id, reservation_id)
            if held is not None:
                start, kept = held[0], min(keep_usd, held[1])
                account = _read(connection, budget, start)
                _write(connection, msgspec.structs.replace(account, reserved_usd=account.reserved_usd - held[1] + kept))
                if kept:
                    connection.execute(
                        "UPDATE budget_reservations SET usd = ? WHERE id = ?", (plain_digits(kept), reservation_id)
                    )
                else:
                    connection.execute("DELETE FROM budget_reservations WHERE id = ?", (reservation_id,))
            now = self._store.time(connection)
            _charge(connection, budget, charges, now)
            return Reservation(id=reservation_id, usd=kept, account=_read(connection, budget, budget.counts_from(now)))

    def charge(self, budget_id: int, charges: Sequence[Charge]) -> Account:
        """Charge events without a reservation. Raises `NotFound`, `StateError`."""
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = budget_in(connection, budget_id, self._projects)
            _charge(connection, budget, charges, now)
            return _read(connection, budget, budget.counts_from(now))

    def renew(self, holder: str, ttl_s: float, reservation_ids: Collection[str] | None = None) -> None:
        """All of a holder's reservations, expired or not, or these of them, expire so many seconds from now. Raises
        `StateError`.
        """
        where = Where().equal(holder=holder)
        if reservation_ids is not None:
            if not reservation_ids:
                return
            where.also(f"id IN ({', '.join('?' * len(reservation_ids))})", *reservation_ids)
        if self._projects is not None:
            own = Where().of_projects(self._projects)
            where.also(f"budget_id IN (SELECT id FROM budget_allocations {own.text})", *own.parameters)  # noqa: S608
        with self._store.transaction() as connection:
            until = to_micros(self._store.time(connection) + timedelta(seconds=ttl_s))
            update(connection, "budget_reservations", where, expires_at=until)

    def unseen(self, budget_id: int, start: datetime) -> Identities:
        """Identities, (segment, n), of the charges that no count has seen yet. Raises `StateError`."""
        if not self._store.exists:
            return frozenset()
        with self._store.reading() as connection:
            return frozenset((segment, n) for segment, n, _ in _unseen(connection, budget_id, to_micros(start)))

    def counted(
        self,
        budget_id: int,
        start: datetime,
        usd: Decimal,
        began: datetime,
        *,
        seen: Identities,
        missing: Identities,
    ) -> Identities:
        """What the events say was spent in the period from `start`, in a count that began to read them at `began`.

        `seen` are those of its `unseen` charges whose events it has counted, `missing` those it has not. Where there
        are others by now nothing is kept: they are returned, to be looked for. Raises `NotFound`, `StateError`.
        """
        with self._store.transaction() as connection:
            budget, period = budget_in(connection, budget_id, self._projects), to_micros(start)
            known = _unseen(connection, budget_id, period)
            unlooked = frozenset((segment, n) for segment, n, _ in known) - seen - missing
            if unlooked:
                return unlooked
            now = to_micros(began)
            for segment, n in seen:
                connection.execute(
                    "UPDATE budget_charges SET seen_at = ? WHERE budget_id = ? AND segment = ? AND n = ?",
                    (now, budget_id, segment, n),
                )
            connection.execute(
                "DELETE FROM budget_charges WHERE budget_id = ? AND seen_at < ?",
                (budget_id, to_micros(began - _SEEN_KEPT)),
            )
            connection.execute(
                "DELETE FROM budget_reservations WHERE budget_id = ? AND period_start = ? AND expires_at < ?",
                (budget_id, period, now),
            )
            reserved = connection.execute(
                "SELECT usd FROM budget_reservations WHERE budget_id = ? AND period_start = ?", (budget_id, period)
            ).fetchall()
            _write(
                connection,
                msgspec.structs.replace(
                    _read(connection, budget, start),
                    counted_usd=usd,
                    counted_at=began,
                    charged_usd=sum((cost for segment, n, cost in known if (segment, n) not in seen), NOTHING),
                    reserved_usd=sum((Decimal(row[0]) for row in reserved), NOTHING),
                ),
            )
            return frozenset()


def _wanted(connection: Connection, wanted: Wanted, actor: str, now: datetime) -> Budget:
    """The budget that a program means. One that a program made follows the programs; what a person has set is not
    changed by one.
    """
    found = budget_like(connection, wanted.scope, wanted.name, wanted.project, wanted.period)
    if wanted.usd is None:
        if found is None:
            raise NotFound(
                f"no budget of {wanted.scope} {wanted.name!r} per {wanted.period}: say usd=, or set one with "
                "'agentgauge budget set'",
                field="name",
            )
        return found
    if found is None:
        start = wanted.since or period_start(wanted.period, now) or now
        terms = Terms(
            scope=wanted.scope,
            name=wanted.name,
            project=wanted.project,
            total_usd=wanted.usd,
            period=wanted.period,
            start=start,
        )
        made = make_budget(connection, terms, actor, now, "code")
        if start == now:  # there is nothing to count
            _write(connection, msgspec.structs.replace(_read(connection, made, start), counted_at=now))
        return made
    changes = {"total_usd": wanted.usd, "start": wanted.since or found.start}
    if found.set_by == "person" or all(getattr(found, name) == value for name, value in changes.items()):
        return found
    terms = Terms(**{name: getattr(found, name) for name in Terms.__struct_fields__} | changes)
    return change_budget(connection, found, terms, actor, now, "code")


def _read(connection: Connection, budget: Budget, start: datetime) -> Account:
    row = connection.execute(
        "SELECT counted_usd, charged_usd, reserved_usd, counted_at FROM budget_accounts "
        "WHERE budget_id = ? AND period_start = ?",
        (budget.id, to_micros(start)),
    ).fetchone()
    counted, charged, reserved, counted_at = row or ("0", "0", "0", None)
    return Account(
        budget_id=budget.id,
        scope=budget.scope,
        name=budget.name,
        project=budget.project,
        period=budget.period,
        period_start=start,
        period_end=budget.counts_until(start),
        limit_usd=budget.total_usd,
        counted_usd=Decimal(counted),
        charged_usd=Decimal(charged),
        reserved_usd=Decimal(reserved),
        counted_at=moment(counted_at),
    )


def _write(connection: Connection, account: Account) -> None:
    connection.execute(
        "INSERT INTO budget_accounts (budget_id, period_start, counted_usd, counted_at, charged_usd, reserved_usd) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (budget_id, period_start) DO UPDATE SET counted_usd = "
        "excluded.counted_usd, counted_at = excluded.counted_at, charged_usd = excluded.charged_usd, reserved_usd = "
        "excluded.reserved_usd",
        (
            account.budget_id,
            to_micros(account.period_start),
            plain_digits(account.counted_usd),
            micros(account.counted_at),
            plain_digits(account.charged_usd),
            plain_digits(account.reserved_usd),
        ),
    )


def _held(connection: Connection, budget_id: int, reservation_id: str) -> tuple[datetime, Decimal] | None:
    """The period that a reservation is in, and what it holds; None where there is none. Raises `Conflict`."""
    row = connection.execute(
        "SELECT budget_id, period_start, usd FROM budget_reservations WHERE id = ?", (reservation_id,)
    ).fetchone()
    if row is None:
        return None
    if row[0] != budget_id:
        raise Conflict("a reservation of this id is another budget's: give each an id of its own")
    return from_micros(row[1]), Decimal(row[2])


def _charge(connection: Connection, budget: Budget, charges: Sequence[Charge], now: datetime) -> None:
    """Each in the period of its own time. Not what was charged before, or happened before the budget began."""
    added: dict[datetime, Decimal] = {}
    for each in charges:
        if each.time < budget.start:
            continue
        start = budget.counts_from(each.time)
        is_new = connection.execute(
            "INSERT INTO budget_charges (budget_id, segment, n, period_start, usd, is_priced, charged_at, seen_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (budget_id, segment, n) DO NOTHING",
            (
                budget.id,
                each.segment,
                each.n,
                to_micros(start),
                plain_digits(each.usd),
                int(each.is_priced),
                to_micros(now),
            ),
        ).rowcount
        if is_new:
            added[start] = added.get(start, NOTHING) + each.usd
    for start, usd in added.items():
        account = _read(connection, budget, start)
        _write(connection, msgspec.structs.replace(account, charged_usd=account.charged_usd + usd))


def _unseen(connection: Connection, budget_id: int, period: int) -> list[tuple[str, int, Decimal]]:
    rows = connection.execute(
        "SELECT segment, n, usd FROM budget_charges WHERE budget_id = ? AND period_start = ? AND seen_at IS NULL",
        (budget_id, period),
    ).fetchall()
    return [(segment, n, Decimal(usd)) for segment, n, usd in rows]


def _refusal(connection: Connection, account: Account, holder: str, now: int) -> Refusal:
    leased = orphaned = NOTHING
    for usd, whose, is_lease, expires in connection.execute(
        "SELECT usd, holder, is_lease, expires_at FROM budget_reservations WHERE budget_id = ? AND period_start = ?",
        (account.budget_id, to_micros(account.period_start)),
    ).fetchall():
        if expires < now:
            orphaned += Decimal(usd)
        elif is_lease and whose != holder:
            leased += Decimal(usd)
    return Refusal(account=account, leased_usd=leased, orphaned_usd=orphaned)
