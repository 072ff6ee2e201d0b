"""What agents may spend, and have spent of it: of the budgets an agent has, the one that questions are answered with.

That is one of its own project before one of all projects together, and one in total before those per month, week and
day. What was spent is the cost of the agent's priced calls since the budget's period began.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from agentgauge.engines import Engine
from agentgauge.policies.budget_rules import BudgetFigures
from agentgauge.service.budgets import uses
from agentgauge.state.agents import Agent
from agentgauge.state.budget_terms import Budget
from agentgauge.state.budgets import BudgetBook

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
    if not of_it:
        return None
    budget = min(of_it, key=_preference)
    return BudgetFigures(budget.total_usd, uses(engine, book.store, [budget], now)[budget.id].cost_usd)


def budgets_by_agent(engine: Engine, book: BudgetBook, now: datetime, project: str | None) -> dict[str, BudgetFigures]:
    """The budgets of agents by name: in a project, or, None, in all projects together. Raises `StateError`."""
    found: dict[str, Budget] = {}
    for budget in sorted(book.budgets(scope="agent"), key=_preference, reverse=True):
        if budget.project == project:
            found[budget.name] = budget
    used = uses(engine, book.store, found.values(), now)
    return {name: BudgetFigures(budget.total_usd, used[budget.id].cost_usd) for name, budget in found.items()}


def _preference(budget: Budget) -> tuple[bool, int, int]:
    return budget.project is None, _PERIODS.index(budget.period), budget.id
