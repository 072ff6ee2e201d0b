"""What this process has spent of one budget that its account does not know of yet. Arithmetic alone, in picodollars;
not safe for threads, whoever uses it has a lock.
"""

from __future__ import annotations

from agentgauge.policies.budgets.standing import Standing
from agentgauge.state.budget_account import Charge

MOST_UNTOLD = 10_000
"""Charges kept for a store that is out of reach; of the others the next count learns."""
Told = list[tuple[Charge, int]]
"""Charges, each with what it takes away of this period."""


class Untold:
    __slots__ = ("_forgotten", "_forgotten_at", "_pending", "cost")

    def __init__(self) -> None:
        self.cost = 0
        """In this period, with what is being told now, and with what was forgotten until a count knows it."""
        self._pending: Told = []
        self._forgotten = 0
        self._forgotten_at = 0.0

    def __bool__(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._pending)

    def add(self, charge: Charge, cost: int, now: float) -> None:
        self.cost += cost
        self._pending.append((charge, cost))
        if len(self._pending) > MOST_UNTOLD:
            self._forgotten += self._pending.pop(0)[1]
            self._forgotten_at = now

    def take(self) -> Told:
        """All that is to be told: `told` or `put_back` follows."""
        taken, self._pending = self._pending, []
        return taken

    def put_back(self, taken: Told) -> None:
        self._pending[:0] = taken

    def told(self, taken: Told) -> None:
        self.cost -= sum(cost for _, cost in taken)

    def counted(self, standing: Standing) -> None:
        """A count that is younger than what was forgotten knows it."""
        if self._forgotten and standing.counted_at and standing.counted_at.timestamp() > self._forgotten_at:
            self.cost -= self._forgotten
            self._forgotten = 0
