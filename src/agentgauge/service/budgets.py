"""What of a budget is used: the cost of all priced calls in its scope since its current period began."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.state.budgets import Budget

_COLUMNS = {"ticket": "work_item"}
"""Columns of events that are not called as the scope is."""


def spent(engine: Engine, budget: Budget, now: datetime) -> Decimal:
    """USD in the period that `now` (aware) is in, until then; calls without a price are not in it."""
    of_project = () if budget.project is None else (Filter("project", "=", budget.project),)
    query = Query(
        start=budget.counts_from(now),
        filters=(Filter(_COLUMNS.get(budget.scope, budget.scope), "=", budget.name), *of_project),
        measures=(Measure("cost"),),
    )
    used: Decimal | None = engine.aggregate(query).records()[0]["cost_usd"]
    return used or Decimal(0)
