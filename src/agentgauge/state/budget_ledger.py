"""The rows of budgets' accounts: statements that are run inside somebody's transaction.

budget_accounts      sums of a budget's period: what `read_account` says, without looking at what it is the sum of
budget_charges       events that were told, each in the period of its own time
budget_reservations  what is held for calls that are under way
budget_carries       money of events that were taken out of the stream (`budget_counts`)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.budget_account import Account, Charge, Refusal
from agentgauge.state.budget_terms import Budget
from agentgauge.state.columns import micros, moment
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection

NOTHING = Decimal(0)


class Told(msgspec.Struct, frozen=True):
    """A charge that no count has seen yet."""

    segment: str
    n: int
    time: datetime
    """Of its event."""
    usd: Decimal
    charged: datetime

    @property
    def identity(self) -> tuple[str, int]:
        return self.segment, self.n


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation."""

    id: str
    start: datetime
    """Of the period that it is in."""
    holder: str
    is_lease: bool
    usd: Decimal
    reserved: datetime
    expires: datetime


def read_account(connection: Connection, budget: Budget, start: datetime) -> Account:
    """How a budget stands in the period that begins at `start`."""
    row = connection.execute(
        "SELECT counted_usd, charged_usd, reserved_usd, counted_at FROM budget_accounts "
        "WHERE budget_id = ? AND period_starts_at = ?",
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


def write_account(connection: Connection, account: Account) -> None:
    connection.execute(
        "INSERT INTO budget_accounts (budget_id, period_starts_at, counted_usd, counted_at, charged_usd, reserved_usd) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (budget_id, period_starts_at) DO UPDATE SET "
        "counted_usd = excluded.counted_usd, counted_at = excluded.counted_at, charged_usd = excluded.charged_usd, "
        "reserved_usd = excluded.reserved_usd",
        (
            account.budget_id,
            to_micros(account.period_start),
            plain_digits(account.counted_usd),
            micros(account.counted_at),
            plain_digits(account.charged_usd),
            plain_digits(account.reserved_usd),
        ),
    )


def charge(connection: Connection, budget: Budget, charges: Sequence[Charge], now: datetime) -> None:
    """Each in the period of its own time. Not what was charged before, or happened before the budget began."""
    added: dict[datetime, Decimal] = {}
    for each in charges:
        if each.time < budget.start:
            continue
        start = budget.counts_from(each.time)
        is_new = connection.execute(
            "INSERT INTO budget_charges (budget_id, segment, n, event_at, period_starts_at, cost_usd, is_priced, "
            "charged_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (budget_id, segment, n) DO NOTHING",
            (
                budget.id,
                each.segment,
                each.n,
                to_micros(each.time),
                to_micros(start),
                plain_digits(each.usd),
                int(each.is_priced),
                to_micros(now),
            ),
        ).rowcount
        if is_new:
            added[start] = added.get(start, NOTHING) + each.usd
    for start, usd in added.items():
        account = read_account(connection, budget, start)
        write_account(connection, msgspec.structs.replace(account, charged_usd=account.charged_usd + usd))


def move_to_counted(connection: Connection, budget_id: int, start: datetime, usd: Decimal) -> None:
    """So much of what was charged is counted from now on."""
    of_period = (budget_id, to_micros(start))
    row = connection.execute(
        "SELECT counted_usd, charged_usd FROM budget_accounts WHERE budget_id = ? AND period_starts_at = ?", of_period
    ).fetchone()
    if row is not None:
        counted, charged = Decimal(row[0]) + usd, Decimal(row[1]) - usd
        connection.execute(
            "UPDATE budget_accounts SET counted_usd = ?, charged_usd = ? WHERE budget_id = ? AND period_starts_at = ?",
            (plain_digits(counted), plain_digits(charged), *of_period),
        )


def unseen(connection: Connection, budget_id: int, start: datetime) -> list[Told]:
    """The charges of a period that no count has seen yet."""
    rows = connection.execute(
        "SELECT segment, n, event_at, cost_usd, charged_at FROM budget_charges "
        "WHERE budget_id = ? AND period_starts_at = ? AND seen_at IS NULL",
        (budget_id, to_micros(start)),
    ).fetchall()
    return [
        Told(segment, n, from_micros(event_at), Decimal(usd), from_micros(charged_at))
        for segment, n, event_at, usd, charged_at in rows
    ]


def hold(connection: Connection, budget_id: int, held: Held) -> None:
    """Keep a reservation; its account is the caller's to write."""
    insert(
        connection,
        "budget_reservations",
        budget_id=budget_id,
        id=held.id,
        period_starts_at=to_micros(held.start),
        holder=held.holder,
        is_lease=int(held.is_lease),
        held_usd=plain_digits(held.usd),
        reserved_at=to_micros(held.reserved),
        expires_at=to_micros(held.expires),
    )


def release(connection: Connection, budget: Budget, held: Held, kept: Decimal) -> None:
    """Keep only so much of a reservation; none ends it."""
    account = read_account(connection, budget, held.start)
    write_account(connection, msgspec.structs.replace(account, reserved_usd=account.reserved_usd - held.usd + kept))
    where = Where().equal(budget_id=budget.id, id=held.id)
    if kept:
        update(connection, "budget_reservations", where, held_usd=plain_digits(kept))
    else:
        connection.execute(f"DELETE FROM budget_reservations {where.text}", where.parameters)  # noqa: S608 - ours


def held_by(connection: Connection, budget_id: int, reservation_id: str) -> Held | None:
    """The reservation of that id; None where it has ended."""
    found = _held(connection, Where().equal(budget_id=budget_id, id=reservation_id))
    return found[0] if found else None


def all_held(connection: Connection, budget_id: int, start: datetime | None = None) -> list[Held]:
    """The reservations of a budget, the newest first: of a period, or of all."""
    where = Where().equal(budget_id=budget_id, period_starts_at=None if start is None else to_micros(start))
    return _held(connection, where)


def _held(connection: Connection, where: Where) -> list[Held]:
    columns = "id, period_starts_at, holder, is_lease, held_usd, reserved_at, expires_at"
    rows = select(connection, columns, "budget_reservations", where, "reserved_at DESC, id")
    return [
        Held(
            id=id_,
            start=from_micros(start),
            holder=holder,
            is_lease=bool(is_lease),
            usd=Decimal(usd),
            reserved=from_micros(reserved),
            expires=from_micros(expires),
        )
        for id_, start, holder, is_lease, usd, reserved, expires in rows
    ]


def refusal(connection: Connection, account: Account, holder: str, now: datetime) -> Refusal:
    """Why nothing is left: who else has headroom, and what of the reservations is dead holders'."""
    leased = orphaned = NOTHING
    for held in all_held(connection, account.budget_id, account.period_start):
        if held.expires < now:
            orphaned += held.usd
        elif held.is_lease and held.holder != holder:
            leased += held.usd
    return Refusal(account=account, leased_usd=leased, orphaned_usd=orphaned)


def free_expired(connection: Connection, budget_id: int, before: datetime) -> None:
    """End the reservations that expired before `before`; the accounts are the caller's to write."""
    connection.execute(
        "DELETE FROM budget_reservations WHERE budget_id = ? AND expires_at < ?", (budget_id, to_micros(before))
    )


def held_usd(connection: Connection, budget_id: int, start: datetime) -> Decimal:
    """What a period's reservations hold together."""
    return total(held.usd for held in all_held(connection, budget_id, start))


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)
