"""A home with budgets: what is recorded in it, and what guards tell of that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.budgets import BudgetState, states
from agentgauge.settings import get_settings
from agentgauge.state.budget_account import Charge
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_terms import Budget, Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of
from agentgauge.state.kept import KeptDatabase

HOUR = timedelta(hours=1)


class Budgeted:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.meter = Meter(get_settings(root))
        self.store = KeptDatabase(state_of(self.meter.settings.home).path)
        self.accounts, self.book = BudgetAccounts(self.store), BudgetBook(self.store)
        self.now = datetime.now(UTC)

    def add(self, of: str, usd: str, **terms: object) -> Budget:
        scope, _, name = of.partition(":")
        named = {"scope": scope, "name": name, "start": self.now - 24 * HOUR, **terms}
        return self.book.create(Terms(total_usd=Decimal(usd), **named), "test", self.now)  # type: ignore[arg-type]

    def record(self, *costs: str | None, at: datetime | None = None, **scope: str) -> list[Charge]:
        """Calls of these costs, None of no known price; the charges that a guard would make of them."""
        at = at or datetime.now(UTC)
        with agentgauge.open(self.root) as gauge, gauge.scope(**scope):
            for cost in costs:
                gauge.llm_call("in-house", input_tokens=1, output_tokens=1, cost_usd=cost, at=at)
            segment = gauge.sink.segment_id if gauge.sink is not None else ""
        return [
            Charge(segment=segment, n=n, time=at, usd=Decimal(cost or 1), is_priced=cost is not None)
            for n, cost in enumerate(costs)
        ]

    def state(self, budget: Budget, now: datetime | None = None) -> BudgetState:
        with self.meter.engine() as engine:
            return states(engine, self.store, [self.book.get(budget.id)], now or datetime.now(UTC))[0]

    def used(self, budget: Budget) -> Decimal:
        return self.state(budget).used_usd
