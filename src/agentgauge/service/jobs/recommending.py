"""The recommendations of each day, of all projects together and of each, so that they have their ids, and a date when
they were first found, before anyone asks."""

from __future__ import annotations

from datetime import datetime

from agentgauge.engines import Engine, Query
from agentgauge.service.agent_budgets import budgets_by_agent
from agentgauge.service.jobs.job import Work
from agentgauge.service.projects import OfProjects
from agentgauge.service.recommending import Recommendations, current_recommendations, period_of
from agentgauge.service.window import Window
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.recommendations import RecommendationBook


def recommend(work: Work, scheduled: datetime) -> str:
    """From the last 30 days."""
    with work.engine() as engine:
        found = recommended(work, engine, scheduled)
        projects = [project for project, _ in engine.aggregate(Query(group=("project",))).rows if project is not None]
        for project in projects:
            recommended(work, OfProjects(engine, [project]), scheduled, project)
    return f"{found.count} recommended, ${found.total_potential_savings:,.2f} in 30 days together"


def recommended(work: Work, engine: Engine, now: datetime, project: str | None = None) -> Recommendations:
    """With the budgets of agents. `engine` sees that project alone; None: all. Raises `StateError`."""
    return current_recommendations(
        engine,
        period_of(Window(), now),
        work.meter.book,
        RecommendationBook(work.state),
        now,
        budgets_by_agent(engine, BudgetBook(work.state), now, project),
        project=project,
    )
