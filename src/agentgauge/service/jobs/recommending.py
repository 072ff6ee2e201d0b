"""The recommendations of each day, so that they have their ids, and a date when they were first found, before anyone
asks."""

from __future__ import annotations

from datetime import datetime

from agentgauge.service.agent_budgets import budgets_by_agent
from agentgauge.service.jobs.job import Work
from agentgauge.service.recommending import current_recommendations, period_of
from agentgauge.service.window import Window
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.recommendations import RecommendationBook


def recommend(work: Work, scheduled: datetime) -> str:
    """From the last 30 days."""
    with work.engine() as engine:
        budgets = budgets_by_agent(engine, BudgetBook(work.state), scheduled, None)
        found = current_recommendations(
            engine,
            period_of(Window(), scheduled),
            work.meter.book,
            RecommendationBook(work.state),
            scheduled,
            budgets,
        )
    return f"{found.count} recommended, ${found.total_potential_savings:,.2f} in 30 days together"
