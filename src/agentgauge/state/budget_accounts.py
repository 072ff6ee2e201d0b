"""Accounts of budgets: what is spent and reserved in their current periods, in transactions that cannot both be granted
the same dollar.

Written once for every store. A transaction of the plain SQLite store that keeps its connection open (`kept`) takes some
tens of microseconds, which is what a guard around every call can afford. Nothing here counts events: who does tells
`counted`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from agentgauge.state.budgets import BudgetPeriod, Scope

SetBy = Literal["person", "code"]
NOTHING = Decimal(0)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The budget that a program means."""

    scope: Scope
    name: str
    project: str | None = None
    period: BudgetPeriod = "total"
    usd: Decimal | None = None
    """What it allows where there is none yet, or where a program set it; None: one that there is."""
    since: datetime | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands in one period."""

    budget_id: int
    scope: Scope
    name: str
    project: str | None
    period: BudgetPeriod
    period_start: datetime
    """Nothing before it counts: the start of the period, or of the budget where that is later."""
    period_end: datetime | None
    limit_usd: Decimal
    counted_usd: Decimal
    """From the events, at `counted_at`."""
    charged_usd: Decimal
    """Told since, and in no count yet."""
    reserved_usd: Decimal
    orphaned_usd: Decimal
    """Of what is reserved, what holders left that died: a count frees what of it was not spent."""
    counted_at: datetime | None
    """None: its spending before this period's first charge was never counted."""

    @property
    def spent_usd(self) -> Decimal:
        return self.counted_usd + self.charged_usd

    @property
    def remaining_usd(self) -> Decimal:
        return self.limit_usd - self.spent_usd - self.reserved_usd


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What one event cost."""

    segment: str
    n: int
    time: datetime
    usd: Decimal
    is_priced: bool = True
    """No: nobody knows the price, and it is charged what was reserved for it."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    usd: Decimal
    account: Account
    """With it reserved."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation would cross the limit."""

    asked_usd: Decimal
    account: Account
    leased_usd: Decimal
    """Of what is reserved, headroom that other processes hold for calls they may not make."""
