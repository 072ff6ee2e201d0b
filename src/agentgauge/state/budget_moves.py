"""What becomes of a budget's account where the budget itself changes.

Its period may begin elsewhere now, or it may be of something else. Nobody has counted what that spent, and until it is
counted the account says what was told since: of a budget that begins elsewhere these are its charges of the last days,
counted or not, and what is reserved for calls that are under way.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.events.event import to_micros
from agentgauge.state.budget_ledger import held_usd, read_account, total, unseen, write_account
from agentgauge.state.budget_terms import Budget
from agentgauge.state.store import Connection

ACCOUNT_TABLES = ("budget_accounts", "budget_charges", "budget_reservations", "budget_carries")
"""All tables with rows of a budget, by its `budget_id`."""


def close_account(connection: Connection, budget_id: int) -> None:
    """Forget all that was told of a budget; the events stay."""
    for table in ACCOUNT_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE budget_id = ?", (budget_id,))  # noqa: S608 - names of ours


def move_account(connection: Connection, before: Budget, after: Budget, now: datetime) -> None:
    """Have the account follow a budget whose terms were changed just now."""
    if (before.scope, before.name, before.project) != (after.scope, after.name, after.project):
        close_account(connection, after.id)
    elif (before.start, before.period) != (after.start, after.period):
        _begin_elsewhere(connection, after, now)


def _begin_elsewhere(connection: Connection, budget: Budget, now: datetime) -> None:
    start, end = budget.counts_from(now), budget.counts_until(now)
    period = to_micros(start)
    last = (1 << 62) if end is None else to_micros(end)
    connection.execute("DELETE FROM budget_accounts WHERE budget_id = ?", (budget.id,))
    connection.execute(
        "DELETE FROM budget_charges WHERE budget_id = ? AND (event_at < ? OR event_at >= ?)", (budget.id, period, last)
    )
    connection.execute(
        "UPDATE budget_charges SET period_starts_at = ?, seen_at = NULL WHERE budget_id = ?", (period, budget.id)
    )
    connection.execute("UPDATE budget_reservations SET period_starts_at = ? WHERE budget_id = ?", (period, budget.id))
    write_account(
        connection,
        msgspec.structs.replace(
            read_account(connection, budget, start),
            charged_usd=total(told.usd for told in unseen(connection, budget.id, start)),
            reserved_usd=held_usd(connection, budget.id, start),
            counted_usd=Decimal(0),
        ),
    )
