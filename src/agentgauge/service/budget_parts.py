"""What a budget's amount is made of: each dollar of it is in exactly one part. And who holds what is reserved."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine
from agentgauge.service.budgets import BudgetState
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_counts import BudgetCounts
from agentgauge.state.budget_ledger import Held
from agentgauge.state.budget_terms import Budget
from agentgauge.state.store import Store


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Of the current period; all but the last two are money."""

    events_usd: Decimal
    """Counted from the events that there are."""
    carried_usd: Decimal
    """Of events that were deleted since."""
    told_usd: Decimal
    """Charged by guards: of calls that are not among the events yet, or are without a price there."""
    reserved_usd: Decimal
    remaining_usd: Decimal
    counted_at: datetime | None
    """When guards' account of it was last counted from the events; None: never in this period."""
    reservations: tuple[Held, ...]
    """The newest first, with what expired and was not freed yet."""


def parts(engine: Engine, store: Store, budget: Budget, state: BudgetState, now: datetime) -> Parts:
    """Of a budget whose state is that of `now` (aware); their sum is its total. Raises `NotFound`, `StateError`."""
    beside, accounts = BudgetCounts(store).beside([budget], now)[budget.id], BudgetAccounts(store)
    carried = sum((one.usd for one in beside.carried if engine.lacks(one.deletion)), Decimal(0))
    return Parts(
        events_usd=state.used_usd - state.told_usd - carried,
        carried_usd=carried,
        told_usd=state.told_usd,
        reserved_usd=state.reserved_usd,
        remaining_usd=state.remaining_usd,
        counted_at=accounts.account(budget.id, now).counted_at,
        reservations=accounts.reservations(budget.id),
    )
