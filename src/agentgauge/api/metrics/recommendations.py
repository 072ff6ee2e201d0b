"""`/api/v1/metrics/recommendations`: what to do about cost, and deciding about it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Amount, Part, Usd
from agentgauge.api.metrics.parameters import OfProject, Period, RowId
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Key, Limit, Page, link_next
from agentgauge.policies.findings import FindingType, Priority
from agentgauge.service.found_recommendations import found_lately, kept_under, projects_asked
from agentgauge.service.recommending import (
    Pending,
    Recommendation,
    decide,
    listed,
    pending_as_listed,
    pending_now,
)
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.recommendations import Decided, RecommendationBook, Status

router = APIRouter(prefix="/recommendations")

FOUND_MEANWHILE = 20_000
"""Tasks and calls of which recommendations are found within a second, for who asks for something else."""
_MOST_PRESSING = {"high": 0, "medium": 1, "low": 2}


class RecommendationParameters(OfProject):
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None


class RecommendationRowMeta(Part):
    id: int | None = Field(description="To accept or dismiss it by; null where it could not be kept.")
    status: Status
    project: str | None = Field(description="Of whose events it is; null: of all together.")
    first_found: datetime | None
    model: str | None
    operation: str | None
    alternative: str | None = Field(description="The model to take instead.")
    estimated_savings_low: Usd = Field(description="Limits of 95 %; null where they are not known.")
    estimated_savings_high: Usd


class RecommendationRow(Part):
    type: FindingType
    priority: Priority
    agent: str | None = Field(description="null where it is about all agents.")
    agent_role: str | None
    current_budget: Usd = Field(description="null, as what follows, where the agent has no budget.")
    recommended_budget: Usd
    reason: str
    estimated_savings: Amount = Field(description="USD per 30 days.")
    meta: RecommendationRowMeta


class RecommendationsMeta(Part):
    as_of: datetime = Field(description="When this was found.")
    way: str
    period: Period
    unpriced_calls: int = Field(description="Calls whose cost is not known: no saving is computed of it.")
    accepted: int
    dismissed: int = Field(description="How many of what was found had been dismissed.")
    not_kept: str | None = Field(description="Why rows have no id, where they have none.")
    next_cursor: str | None


class RecommendationsAnswer(Part):
    success: Literal[True] = True
    count: int = Field(description="All that nothing was decided about, those on other pages included.")
    total_potential_savings: Amount = Field(description="The sum of all rows, USD per 30 days.")
    data: tuple[RecommendationRow, ...]
    meta: RecommendationsMeta


class RecommendationAnswer(Part):
    success: Literal[True] = True
    data: RecommendationRow


@router.get(
    "/cost",
    summary="Cost recommendations",
    responses=answer_of(
        RecommendationsAnswer, "What nothing was decided about, the most pressing first", example("recommendations")
    ),
)
async def cost_recommendations(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[RecommendationParameters, Query()]
) -> Response:
    """What the last 30 days recommend: budgets to cut, pause or raise, agents to review, cheaper models, caches,
    retries to stop, models without a price.

    Where much was recorded they are up to five minutes old, as `meta.as_of` says; `Cache-Control: no-cache` finds them
    anew. What was decided about them is seen at once.
    """
    fresh = "no-cache" in request.headers.get("cache-control", "")
    return link_next(
        request,
        await answered(
            request, runtime, principal, "recommendations", tuple(asked),
            lambda of: _recommendations(of, asked, fresh=fresh), topics=("recommendations", "budgets"),
        ),
    )  # fmt: skip


_DECIDED = {**answer_of(RecommendationAnswer, "As it was decided", example("recommendation")), **errors(404)}


@router.put("/{recommendation_id}/accept", summary="Accept a recommendation", responses=_DECIDED)
def accept_recommendation(runtime: RuntimeOf, principal: Admin, recommendation_id: RowId) -> Response:
    """Say that it is followed: what it saves is measured from now on, and it is not listed again."""
    return _decided(runtime, principal, recommendation_id, "accepted")


@router.put("/{recommendation_id}/dismiss", summary="Dismiss a recommendation", responses=_DECIDED)
def dismiss_recommendation(runtime: RuntimeOf, principal: Admin, recommendation_id: RowId) -> Response:
    """Say that it is not followed: it is not listed again."""
    return _decided(runtime, principal, recommendation_id, "dismissed")


def _decided(runtime: Runtime, principal: Principal, id_: int, status: Decided) -> Response:
    row = decide(RecommendationBook(runtime.state), id_, status, runtime.now(), principal.projects)
    runtime.audit.note(principal, f"recommendation.{status}", f"recommendation {id_}")
    answer = RecommendationAnswer(data=_row(row.project, row))
    return Response(answer.model_dump_json(), media_type="application/json")


def pending_by_project(of: Asked, project: str | None, rows: int) -> tuple[Pending | None, ...]:
    """How many wait for a decision, of each project that is asked about: as found lately, else as found now, unless
    that would have to read many `rows`, the tasks and calls of 30 days: then as last listed. None where they never
    were.
    """
    book, runs = RecommendationBook(of.runtime.state), JobRuns(of.runtime.state)

    def of_one(one: str | None) -> Pending | None:
        found = of.runtime.findings.at_hand(kept_under(of.runtime, one))
        if found is None and rows > FOUND_MEANWHILE:
            return pending_as_listed(book, runs, of.now, one)
        return pending_now(found or found_lately(of.runtime, of.engine, of.now, one), book, one)

    return tuple(map(of_one, projects_asked(of.principal, project)))


def _recommendations(of: Asked, asked: RecommendationParameters, *, fresh: bool) -> RecommendationsAnswer:
    asked.filters(of.engine)
    page = Page.asked(asked.cursor, asked.limit, of.now, "recommendations", *tuple(asked)[:-2])
    by_project = {
        one: found_lately(of.runtime, of.engine, of.now, one, fresh=fresh)
        for one in projects_asked(of.principal, asked.project)
    }
    book = RecommendationBook(of.runtime.state)
    listings = {project: listed(found, book, of.now, project) for project, found in by_project.items()}
    every = sorted(((project, row) for project, found in listings.items() for row in found.pending), key=_key)
    rows, following = page.of(every, _key)
    first = next(iter(by_project.values()))
    return RecommendationsAnswer(
        count=len(every),
        total_potential_savings=sum((row.estimated_savings for _, row in every), Decimal(0)),
        data=tuple(_row(project, row) for project, row in rows),
        meta=RecommendationsMeta(
            as_of=first.period.end,
            way=first.way,
            period=Period(start=first.period.start, end=first.period.end),
            unpriced_calls=sum(found.unpriced_calls for found in by_project.values()),
            accepted=sum(len(found.accepted) for found in listings.values()),
            dismissed=sum(found.dismissed for found in listings.values()),
            not_kept=next((found.not_kept for found in listings.values() if found.not_kept), None),
            next_cursor=following,
        ),
    )


def _key(found: tuple[str | None, Recommendation]) -> Key:
    """The most pressing first, then the most saved, and then what names it."""
    project, row = found
    named = (row.type, row.agent, row.operation, row.model, row.alternative, project)
    return (_MOST_PRESSING[row.priority], -float(row.estimated_savings), *(name or "" for name in named))


def _row(project: str | None, row: Recommendation) -> RecommendationRow:
    return RecommendationRow(
        type=row.type,
        priority=row.priority,
        agent=row.agent,
        agent_role=row.agent_role,
        current_budget=row.current_budget,
        recommended_budget=row.recommended_budget,
        reason=row.reason,
        estimated_savings=row.estimated_savings,
        meta=RecommendationRowMeta(
            id=row.id,
            status=row.status,
            project=project,
            first_found=row.first_found,
            model=row.model,
            operation=row.operation,
            alternative=row.alternative,
            estimated_savings_low=row.saving.low,
            estimated_savings_high=row.saving.high,
        ),
    )
