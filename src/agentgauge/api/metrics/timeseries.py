"""`GET /api/v1/metrics/aggregate/timeseries`: what happened, hour by hour up to month by month, in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.errors import about
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Milliseconds, Part, Percent, Score, Usd
from agentgauge.api.metrics.meta import Meta, how_found
from agentgauge.api.metrics.parameters import InPeriod, Period
from agentgauge.api.openapi import answer_of
from agentgauge.service.reports import over_time
from agentgauge.service.reports.totals import Totals

router = APIRouter()


class TimeseriesParameters(InPeriod):
    granularity: Literal["hour", "day", "week", "month"] = Field(
        "day", description="Of what a row is. Weeks are ISO weeks, from Monday.", examples=["day"]
    )


class Work(Part):
    """What tasks came to: the figures that rows of time and the last day have alike."""

    total_operations: int
    successful_operations: int
    failed_operations: int
    success_rate: Percent
    avg_execution_time_ms: Milliseconds
    total_tokens: int
    total_cost_usd: Usd
    avg_quality_score: Score

    @staticmethod
    def figures(totals: Totals) -> dict[str, Any]:
        return {
            "total_operations": totals.tasks,
            "successful_operations": totals.successful_tasks,
            "failed_operations": totals.failed_tasks,
            "success_rate": totals.success_rate,
            "avg_execution_time_ms": totals.task_duration.mean_ms,
            "total_tokens": totals.tokens,
            "total_cost_usd": totals.cost_usd,
            "avg_quality_score": totals.quality.mean,
        }


class _At(Part):
    timestamp: datetime = Field(description="The first moment of the row.")


class TimeseriesRow(Work, _At):
    """Fields of the last base are written first."""


class TimeseriesPeriod(Period):
    granularity: str


class TimeseriesMeta(Meta):
    unpriced_calls: int = Field(description="Calls whose cost is not known: it is in no total.")
    incomplete: tuple[datetime, ...] = Field(
        description="Timestamps of rows that the period cuts, or that are not over: their figures are of a part."
    )


class TimeseriesAnswer(Part):
    success: Literal[True] = True
    period: TimeseriesPeriod
    count: int = Field(description="Rows: all of the period, those in which nothing happened included.")
    data: tuple[TimeseriesRow, ...]
    meta: TimeseriesMeta


@router.get(
    "/aggregate/timeseries",
    summary="Time series",
    responses=answer_of(TimeseriesAnswer, "One row per hour, day, week or month", example("timeseries")),
)
async def timeseries(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[TimeseriesParameters, Query()]
) -> Response:
    """Operations, their success, time, tokens, cost and quality per bucket of UTC time.

    A row is of tasks; tokens and cost are those of all calls, inside tasks or not. The average of nothing is null, its
    count and cost are 0. Over 10,000 rows are refused.
    """
    return await answered(request, runtime, principal, "timeseries", tuple(asked), lambda of: _timeseries(of, asked))


def _timeseries(of: Asked, asked: TimeseriesParameters) -> TimeseriesAnswer:
    period, window = asked.period(of.now)
    with about("granularity"):
        found = over_time(of.engine, window, asked.granularity, "UTC", of.now, asked.filters(of.engine))
    return TimeseriesAnswer(
        period=TimeseriesPeriod(start=period.start, end=period.end, granularity=asked.granularity),
        count=len(found.rows),
        data=tuple(TimeseriesRow(timestamp=row.start, **Work.figures(row)) for row in found.rows),
        meta=TimeseriesMeta(
            **how_found(found, of.now),
            unpriced_calls=sum(row.unpriced_calls for row in found.rows),
            incomplete=tuple(row.start for row in found.rows if not row.complete),
        ),
    )
