"""Accounts of budgets: what is spent and reserved in their current periods, in transactions that cannot both be granted
the same dollar.

Written once for every store. A transaction of the plain SQLite store that keeps its connection open (`kept`) takes some
tens of microseconds, which is what a guard around every call can afford. Nothing here counts events: that is
`budget_counts`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.errors import NotFound
from agentgauge.events.event import to_micros
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted
from agentgauge.state.budget_ledger import (
    NOTHING,
    Held,
    all_held,
    charge,
    held_by,
    hold,
    read_account,
    refusal,
    release,
    write_account,
)
from agentgauge.state.budget_terms import Budget, Terms, period_start
from agentgauge.state.budgets import budget_in, budget_like, change_budget, make_budget
from agentgauge.state.statements import Where, update
from agentgauge.state.store import Connection, Store


class BudgetAccounts:
    """Implements `agentgauge.policies.budgets.accounts.Accounts` but for `recount`."""

    def __init__(self, store: Store, projects: Collection[str] | None = None) -> None:
        """`projects`: budgets of others are not known here, nor those of all projects together; None: all are."""
        self._store = store
        self._projects = projects

    def open(self, wanted: Wanted, actor: str) -> Account:
        """How the budget stands; made, or changed, where `wanted` says so. Raises `NotFound`, `StateError`."""
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = _wanted(connection, wanted, actor, now)
            return read_account(connection, budget, budget.counts_from(now))

    def account(self, budget_id: int, at: datetime | None = None) -> Account:
        """How a budget stands in the period that `at` (aware; None: now) is in. Raises `NotFound`, `StateError`."""
        if not self._store.exists:
            raise NotFound(f"no budget {budget_id}", field="budget_id")
        with self._store.reading() as connection:
            budget = budget_in(connection, budget_id, self._projects)
            return read_account(connection, budget, budget.counts_from(at or self._store.time(connection)))

    def reservations(self, budget_id: int) -> tuple[Held, ...]:
        """What is held for calls that are under way, the newest first, with what expired and was not freed yet.

        Raises `StateError`.
        """
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return tuple(all_held(connection, budget_id))

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

        Asked again with the same id it is the same one. Raises `NotFound`, `StateError`.
        """
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = budget_in(connection, budget_id, self._projects)
            held = held_by(connection, budget_id, reservation_id)
            if held is not None:
                return Reservation(
                    id=reservation_id, usd=held.usd, account=read_account(connection, budget, held.start)
                )
            account = read_account(connection, budget, budget.counts_from(now))
            granted = min(usd, account.remaining_usd)
            if granted < at_least:
                return refusal(connection, account, holder, now)
            hold(
                connection,
                budget_id,
                Held(
                    id=reservation_id,
                    start=account.period_start,
                    holder=holder,
                    is_lease=at_least < usd,
                    usd=granted,
                    reserved=now,
                    expires=now + timedelta(seconds=ttl_s),
                ),
            )
            account = msgspec.structs.replace(account, reserved_usd=account.reserved_usd + granted)
            write_account(connection, account)
            return Reservation(id=reservation_id, usd=granted, account=account)

    def settle(
        self, budget_id: int, reservation_id: str, charges: Sequence[Charge], keep_usd: Decimal = NOTHING
    ) -> Reservation:
        """Charge events against a reservation, of which at most `keep_usd` stays; 0 ends it.

        What was not reserved is charged all the same: it was spent. The account is the current period's. Raises
        `NotFound`, `StateError`.
        """
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = budget_in(connection, budget_id, self._projects)
            held = held_by(connection, budget_id, reservation_id)
            kept = NOTHING
            if held is not None:
                kept = min(keep_usd, held.usd)
                release(connection, budget, held, kept)
            charge(connection, budget, charges, now)
            account = read_account(connection, budget, budget.counts_from(now))
            return Reservation(id=reservation_id, usd=kept, account=account)

    def charge(self, budget_id: int, charges: Sequence[Charge]) -> Account:
        """Charge events without a reservation. Raises `NotFound`, `StateError`."""
        with self._store.transaction() as connection:
            now = self._store.time(connection)
            budget = budget_in(connection, budget_id, self._projects)
            charge(connection, budget, charges, now)
            return read_account(connection, budget, budget.counts_from(now))

    def renew(self, holder: str, ttl_s: float, reservation_ids: Collection[str] | None = None) -> None:
        """All of a holder's reservations, or only these of them, expire so many seconds from now, expired or not.

        Raises `StateError`.
        """
        where = Where().equal(holder=holder)
        if reservation_ids is not None:
            marks = ", ".join("?" * len(reservation_ids))
            where.also(f"id IN ({marks})" if marks else "1 = 0", *reservation_ids)
        if self._projects is not None:
            own = Where().of_projects(self._projects)
            where.also(f"budget_id IN (SELECT id FROM budget_allocations {own.text})", *own.parameters)  # noqa: S608
        with self._store.transaction() as connection:
            until = to_micros(self._store.time(connection) + timedelta(seconds=ttl_s))
            update(connection, "budget_reservations", where, expires_at=until)


def _wanted(connection: Connection, wanted: Wanted, actor: str, now: datetime) -> Budget:
    """The budget that a program means. One that a program made follows the programs; what a person has set is not
    changed by one.
    """
    project = wanted.name if wanted.scope == "project" else wanted.project
    found = budget_like(connection, wanted.scope, wanted.name, project, wanted.period)
    if wanted.usd is None:
        if found is None:
            per = "in total" if wanted.period == "total" else f"per {wanted.period}"
            raise NotFound(
                f"no budget of {wanted.scope} {wanted.name!r} {per}: say usd=, or set one with "
                f"'agentgauge budget set {wanted.scope}:{wanted.name} USD'",
                field="name",
            )
        return found
    if found is None:
        start = wanted.since or period_start(wanted.period, now) or now
        terms = Terms(
            scope=wanted.scope,
            name=wanted.name,
            project=project,
            total_usd=wanted.usd,
            period=wanted.period,
            start=start,
        )
        made = make_budget(connection, terms, actor, now, "code")
        if start == now:  # there is nothing to count
            account = read_account(connection, made, start)
            write_account(connection, msgspec.structs.replace(account, counted_at=now))
        return made
    changes = {"total_usd": wanted.usd, "start": wanted.since or found.start}
    if found.set_by == "person" or all(getattr(found, name) == value for name, value in changes.items()):
        return found
    terms = Terms(**{name: getattr(found, name) for name in Terms.__struct_fields__} | changes)
    return change_budget(connection, found, terms, actor, now, "code")
