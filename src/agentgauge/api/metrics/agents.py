"""`GET /api/v1/metrics/aggregate/by-agent/{agent_id}`: one agent's tasks, time, cost, quality and budget; and how a
question names an agent.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.errors import about
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import MeanTokens, Milliseconds, Part, Percent, Score, Usd
from agentgauge.api.metrics.meta import Meta, how_found
from agentgauge.api.metrics.parameters import InPeriod, Name, OfProject, Period
from agentgauge.api.openapi import answer_of, errors
from agentgauge.engines import Filter
from agentgauge.service import reports
from agentgauge.service.agent_budgets import budget_of
from agentgauge.service.agent_ids import agent_meant, filters_of
from agentgauge.state.agents import Agent, AgentBook
from agentgauge.state.budgets import BudgetBook

router = APIRouter()


def agent_of(of: Asked, text: str, asked: OfProject) -> Agent:
    """The agent that a parameter `agent_id` means. Raises `NotFound` and `Ambiguous`."""
    asked.filters(of.engine)
    with about("agent_id"):
        return agent_meant(of.engine, AgentBook(of.runtime.state), text, asked.project, of.principal.projects)


def chosen(of: Asked, agent_id: str | None, asked: OfProject) -> tuple[Agent | None, tuple[Filter, ...]]:
    """The agent of a question that may name one, and what events meet that it is about."""
    if agent_id is None:
        return None, asked.filters(of.engine)
    agent = agent_of(of, agent_id, asked)
    return agent, filters_of(agent)


class AgentTasks(Part):
    total: int
    successful: int
    failed: int
    success_rate: Percent


class AgentPerformance(Part):
    avg_execution_time_ms: Milliseconds
    median_execution_time_ms: Milliseconds
    p95_execution_time_ms: Milliseconds
    total_tokens: int
    avg_tokens_per_task: MeanTokens


class AgentCost(Part):
    total_usd: Usd
    avg_per_task_usd: Usd
    budget_allocated_usd: Usd = Field(description="null, as what follows, where the agent has no budget.")
    budget_remaining_usd: Usd
    budget_utilization_percent: Percent


class AgentQuality(Part):
    avg_score: Score
    median_score: Score
    min_score: Score
    max_score: Score


class AgentData(Part):
    agent_id: int
    agent_name: str
    agent_role: str | None = Field(description="The role of most of its events in the period.")
    period: Period
    tasks: AgentTasks
    performance: AgentPerformance
    cost: AgentCost
    quality: AgentQuality


class AgentMeta(Meta):
    project: str | None
    roles: tuple[str, ...] = Field(description="All roles it had in the period, that of the most events first.")
    few_tasks: bool = Field(description="Fewer than 20 tasks: the p95 is that of the one or two slowest.")
    unpriced_calls: int = Field(description="Calls whose cost is not known: it is in no figure.")


class AgentAnswer(Part):
    success: Literal[True] = True
    data: AgentData
    meta: AgentMeta


@router.get(
    "/aggregate/by-agent/{agent_id:path}",
    summary="One agent",
    responses={**answer_of(AgentAnswer, "The agent's figures", example("by_agent")), **errors(404, 409)},
)
async def by_agent(
    request: Request,
    runtime: RuntimeOf,
    principal: Reader,
    agent_id: Annotated[Name, Path(description="The agent's id, or its name.", examples=["1", "coder"])],
    asked: Annotated[InPeriod, Query()],
) -> Response:
    """What an agent did, how long it took, what it cost and how good it was.

    An agent that nothing was recorded of is a 404. A name that agents of several projects have is a 409 that names
    their ids: ask by id, or add `project`.
    """
    return await answered(
        request, runtime, principal, "by-agent", (agent_id, *asked), lambda of: _by_agent(of, agent_id, asked),
        topics=("budgets",),
    )  # fmt: skip


def _by_agent(of: Asked, agent_id: str, asked: InPeriod) -> AgentAnswer:
    period, window = asked.period(of.now)
    agent = agent_of(of, agent_id, asked)
    found = reports.agent(of.engine, window, agent.name, filters_of(agent)[1:])
    budget = budget_of(of.engine, BudgetBook(of.runtime.state), agent, of.now, of.principal.projects)
    return AgentAnswer(
        data=AgentData(
            agent_id=agent.id,
            agent_name=agent.name,
            agent_role=found.role,
            period=period,
            tasks=AgentTasks(
                total=found.tasks,
                successful=found.successful_tasks,
                failed=found.failed_tasks,
                success_rate=found.success_rate,
            ),
            performance=AgentPerformance(
                avg_execution_time_ms=found.task_duration.mean_ms,
                median_execution_time_ms=found.task_duration.median_ms,
                p95_execution_time_ms=found.task_duration.p95_ms,
                total_tokens=found.tokens,
                avg_tokens_per_task=found.tokens_per_task,
            ),
            cost=AgentCost(
                total_usd=found.cost_usd,
                avg_per_task_usd=found.cost_per_task_usd,
                budget_allocated_usd=None if budget is None else budget.total,
                budget_remaining_usd=None if budget is None else budget.total - budget.used,
                budget_utilization_percent=None if budget is None else budget.utilization,
            ),
            quality=AgentQuality(
                avg_score=found.quality.mean,
                median_score=found.quality.median,
                min_score=found.quality.min,
                max_score=found.quality.max,
            ),
        ),
        meta=AgentMeta(
            **how_found(found, of.now),
            project=agent.project,
            roles=found.roles,
            few_tasks=found.few_tasks,
            unpriced_calls=found.unpriced_calls,
        ),
    )
