"""What agents may spend, and have spent of it: of the budgets an agent has, the one that questions are answered with.

That is one of its own project before one of all projects together, and one in total before those per month, week and
day. What was spent is the cost of the agent's priced calls since the budget's period began.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.policies.budget_rules import BudgetFigures
from agentgauge.state.agents import Agent
from agentgauge.state.budgets import Budget, BudgetBook

_PERIODS = ("total", "month", "week", "day")


def budget_of(
    engine: Engine, book: BudgetBook, agent: Agent, now: datetime, projects: Collection[str] | None = None
) -> BudgetFigures | None:
    """An agent's budget, of those that are of `projects` (None: all); None where it has none. Raises `StateError`."""
    of_it = [
        budget
        for budget in book.budgets(scope="agent", name=agent.name, projects=projects)
        if budget.project in (None, agent.project)
    ]
    return _figures(engine, min(of_it, key=_preference), now) if of_it else None


def budgets_by_agent(engine: Engine, book: BudgetBook, now: datetime, project: str | None) -> dict[str, BudgetFigures]:
    """The budgets of agents by name: in a project, or, None, in all projects together. Raises `StateError`."""
    found: dict[str, Budget] = {}
    for budget in sorted(book.budgets(scope="agent"), key=_preference, reverse=True):
        if budget.project == project:
            found[budget.name] = budget
    return {name: _figures(engine, budget, now) for name, budget in found.items()}


def _preference(budget: Budget) -> tuple[bool, int, int]:
    return budget.project is None, _PERIODS.index(budget.period), budget.id


def _figures(engine: Engine, budget: Budget, now: datetime) -> BudgetFigures:
    of_project = () if budget.project is None else (Filter("project", "=", budget.project),)
    query = Query(
        start=budget.counts_from(now),
        filters=(Filter("agent", "=", budget.name), *of_project),
        measures=(Measure("cost"),),
    )
    used: Decimal | None = engine.aggregate(query).records()[0]["cost_usd"]
    return BudgetFigures(budget.total_usd, used or Decimal(0))
