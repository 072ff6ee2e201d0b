"""`GET /api/v1/metrics/aggregate/by-role/{role}`: a role, and each of its agents."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.errors import about
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Milliseconds, Part, Percent, Score, Usd
from agentgauge.api.metrics.meta import Meta, how_found
from agentgauge.api.metrics.parameters import InPeriod, Name, Period
from agentgauge.api.openapi import answer_of, errors
from agentgauge.service import reports

router = APIRouter()


class RoleSummary(Part):
    total_agents: int
    total_tasks: int
    total_cost_usd: Usd
    avg_cost_per_agent: Usd


class RoleMember(Part):
    agent_name: str | None = Field(description="null of what names no agent.")
    total_tasks: int
    success_rate: Percent
    avg_execution_time_ms: Milliseconds
    total_cost_usd: Usd
    avg_quality_score: Score


class RoleData(Part):
    role: str
    period: Period
    summary: RoleSummary
    agents: tuple[RoleMember, ...]


class RoleMeta(Meta):
    unpriced_calls: int = Field(description="Calls whose cost is not known: it is in no figure.")


class RoleAnswer(Part):
    success: Literal[True] = True
    data: RoleData
    meta: RoleMeta


@router.get(
    "/aggregate/by-role/{role:path}",
    summary="One role and its agents",
    responses={**answer_of(RoleAnswer, "The role's figures, and its agents', the dearest first", example("by_role")),
               **errors(404)},
)  # fmt: skip
async def by_role(
    request: Request,
    runtime: RuntimeOf,
    principal: Reader,
    role: Annotated[Name, Path(description="The role.", examples=["developer"])],
    asked: Annotated[InPeriod, Query()],
) -> Response:
    """Tasks and cost of all agents in a role together, and of each. A role that nothing was recorded of is a 404."""
    return await answered(request, runtime, principal, "by-role", (role, *asked), lambda of: _by_role(of, role, asked))


def _by_role(of: Asked, role: str, asked: InPeriod) -> RoleAnswer:
    period, window = asked.period(of.now)
    filters = asked.filters(of.engine)
    with about("role"):
        found = reports.role(of.engine, window, role, filters)
    return RoleAnswer(
        data=RoleData(
            role=found.role,
            period=period,
            summary=RoleSummary(
                total_agents=found.agent_count,
                total_tasks=found.tasks,
                total_cost_usd=found.cost_usd,
                avg_cost_per_agent=found.cost_per_agent_usd,
            ),
            agents=tuple(
                RoleMember(
                    agent_name=member.agent,
                    total_tasks=member.tasks,
                    success_rate=member.success_rate,
                    avg_execution_time_ms=member.task_duration.mean_ms,
                    total_cost_usd=member.cost_usd,
                    avg_quality_score=member.quality.mean,
                )
                for member in found.agents
            ),
        ),
        meta=RoleMeta(**how_found(found, of.now), unpriced_calls=found.unpriced_calls),
    )
