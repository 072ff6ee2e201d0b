"""`GET /api/v1/metrics/summary`: the last day, the last month, and what waits for a decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Part, Percent, Usd
from agentgauge.api.metrics.meta import Meta
from agentgauge.api.metrics.parameters import DAYS, OfProject
from agentgauge.api.metrics.recommendations import pending_by_project
from agentgauge.api.metrics.timeseries import Work
from agentgauge.api.openapi import answer_of
from agentgauge.service.reports import overview
from agentgauge.service.reports.rows import found_by
from agentgauge.service.window import Window
from agentgauge.state.alerts import AlertBook

router = APIRouter()


class Month(Part):
    total_operations: int
    total_cost_usd: Usd
    avg_success_rate: Percent = Field(description="Of all operations together, not a mean of days.")


class SummaryData(Part):
    last_24h: Work
    last_30d_summary: Month
    active_alerts: int
    pending_recommendations: int | None = Field(
        description="Where much was recorded, as last listed: by the daily job, or for who asked for them; null: never."
    )


class SummaryMeta(Meta):
    recommendations_as_of: datetime | None = Field(description="When those that are pending were found.")
    unpriced_calls: int = Field(description="Of the month: calls whose cost is in no total, since it is not known.")


class SummaryAnswer(Part):
    success: Literal[True] = True
    data: SummaryData
    meta: SummaryMeta


@router.get("/summary", summary="Summary", responses=answer_of(SummaryAnswer, "The summary", example("summary")))
async def summary(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[OfProject, Query()]
) -> Response:
    """The last 24 hours, the last 30 days, alerts that nobody acknowledged and recommendations nobody decided about."""
    return await answered(
        request, runtime, principal, "summary", tuple(asked), lambda of: _summary(of, asked),
        topics=("alerts", "budgets", "recommendations"),
    )  # fmt: skip


def _summary(of: Asked, asked: OfProject) -> SummaryAnswer:
    filters = asked.filters(of.engine)
    day = overview(of.engine, Window(of.now - timedelta(hours=24), of.now), filters)
    month = overview(of.engine, Window(of.now - timedelta(days=DAYS), of.now), filters)
    pending = pending_by_project(of, asked.project, month.tasks + month.calls)
    known = [one for one in pending if one is not None]
    all_known = len(known) == len(pending)
    return SummaryAnswer(
        data=SummaryData(
            last_24h=Work(**Work.figures(day)),
            last_30d_summary=Month(
                total_operations=month.tasks, total_cost_usd=month.cost_usd, avg_success_rate=month.success_rate
            ),
            active_alerts=AlertBook(of.runtime.state).count(
                status="active", project=asked.project, projects=of.principal.projects
            ),
            pending_recommendations=sum(one.count for one in known) if all_known else None,
        ),
        meta=SummaryMeta(
            as_of=of.now,
            **found_by(day, month),
            recommendations_as_of=min(one.found for one in known) if all_known else None,
            unpriced_calls=month.unpriced_calls,
        ),
    )
