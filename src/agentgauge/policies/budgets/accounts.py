"""What a guard needs of whoever keeps the budgets: the state file of its home, or the server that it ships to.

    open       find a budget, or make it; how its account stands
    reserve    take something out of what is left, before it is spent; held until settled, or until it expires
    settle     what was spent of it, event by event, and how much of it is still held
    charge     what was spent without a reservation
    renew      its holder is alive

An amount is in exactly one of: counted (from the events), charged (told, not counted yet), reserved, left. A
reservation that expired, because its holder died, stays reserved until a count that began after that: what the holder
spent is in its journal, and is counted before the rest is free again.

Everything is idempotent by the ids that the caller gives: reservations by theirs, charges by those of their events.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted


class Accounts(Protocol):
    """Safe for several threads, and in a forked child. Every one passes the suite in tests/policies/budgets.

    Each raises `StateError` or `ServerUnreachable` where the budgets cannot be reached: what holds then is the guard's
    policy. `NotFound` where a budget is not, or no longer, there.
    """

    def open(self, wanted: Wanted, actor: str) -> Account: ...

    def reserve(
        self, budget_id: int, reservation_id: str, usd: Decimal, *, at_least: Decimal, holder: str, ttl_s: float
    ) -> Reservation | Refusal:
        """Up to `usd`, and not under `at_least`: a lease is given what there is headroom for."""
        ...

    def settle(self, budget_id: int, reservation_id: str, charges: Sequence[Charge], keep_usd: Decimal) -> Reservation:
        """Charge events against a reservation, of which at most `keep_usd` stays reserved; 0 ends it. What it says is
        held may be less: it had expired, and a count has freed it.
        """
        ...

    def charge(self, budget_id: int, charges: Sequence[Charge]) -> Account: ...

    def renew(self, holder: str, ttl_s: float) -> None: ...

    def recount(self, budget_id: int) -> None:
        """Have its spending counted from the events now, and wait for that."""
        ...
