"""How a budget's account stood when it was last asked about, in picodollars."""

from __future__ import annotations

from datetime import datetime

import msgspec

from agentgauge.events.event import to_micros
from agentgauge.policies.budgets.amounts import pico_of
from agentgauge.state.budget_account import Account


class Standing(msgspec.Struct, frozen=True):
    budget_id: int
    limit: int
    spent: int
    reserved: int
    starts: int
    """Microseconds since 1970: nothing before it counts in this period."""
    ends: int | None
    """From here on another period counts; None: there is no other."""
    counted_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> Standing:
        return cls(
            budget_id=account.budget_id,
            limit=pico_of(account.limit_usd),
            spent=pico_of(account.counted_usd) + pico_of(account.charged_usd),
            reserved=pico_of(account.reserved_usd),
            starts=to_micros(account.period_start),
            ends=None if account.period_end is None else to_micros(account.period_end),
            counted_at=account.counted_at,
        )

    @property
    def remaining(self) -> int:
        """Neither spent nor reserved."""
        return self.limit - self.spent - self.reserved

    def covers(self, micros: int) -> bool:
        """Whether what happened at a time counts in this period."""
        return self.starts <= micros and (self.ends is None or micros < self.ends)
