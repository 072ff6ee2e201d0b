"""How a budget stands, and what is asked of and told to its account: values that also cross the network.

An amount is in exactly one of: counted (from the events), charged (told, not counted yet), reserved, remaining. The
bounds of what is asked and told are checked where it is decoded.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from agentgauge.state.budget_terms import BudgetPeriod, Scope

Name = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Moment = Annotated[datetime, Meta(tz=True)]


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The budget that a program means."""

    scope: Scope
    name: Name
    project: Name | None = None
    period: BudgetPeriod = "total"
    usd: Decimal | None = None
    """What it allows where there is none yet, or where a program set it; None: one that there is."""
    since: Moment | None = None


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
    counted_at: datetime | None
    """None: its spending before this period's first charge was never counted."""

    @property
    def spent_usd(self) -> Decimal:
        return self.counted_usd + self.charged_usd

    @property
    def remaining_usd(self) -> Decimal:
        return self.limit_usd - self.spent_usd - self.reserved_usd


class Charge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one event cost."""

    segment: Annotated[str, Meta(pattern=r"^[0-9a-f]{12}-[0-9]{6,12}$")]
    n: Annotated[int, Meta(ge=0, lt=1 << 53)]
    time: Moment
    usd: Decimal
    is_priced: bool = True
    """No: nobody knows the price, and it is charged what was reserved for it."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    usd: Decimal
    """What is held: 0 of one that was settled, or had expired and was freed by a count."""
    account: Account
    """As it is with it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation would cross the limit."""

    account: Account
    leased_usd: Decimal
    """Of what is reserved, headroom that other holders have for calls that they may not make."""
    orphaned_usd: Decimal
    """Of what is reserved, what holders left that died: a count frees what of it was not spent."""
