"""`GET /api/v1/metrics/insights/performance`: what stands out among agents, hours and operations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Amount, Milliseconds, Number, Part, Score, in_unit
from agentgauge.api.metrics.parameters import InPeriod, Period
from agentgauge.api.openapi import answer_of
from agentgauge.service import reports
from agentgauge.service.projects import OfProjects
from agentgauge.service.reports.insights import DegradingOperation, Insights

router = APIRouter()

MOST_LISTED = 50
"""Entries of one list; `meta.shortened` says of which lists these are not all."""
_UNITS = {"execution_time": "ms", "success_rate": "percent", "quality_score": "0-100", "cost": "USD"}


class FastestAgent(Part):
    agent: str
    avg_time_ms: Milliseconds


class CostEfficientAgent(Part):
    agent: str
    cost_per_task_usd: Amount


class BestAgent(Part):
    agent: str
    avg_quality_score: Score


class PeakHour(Part):
    hour: int = Field(ge=0, le=23, description="By UTC.")
    avg_time_ms: Milliseconds
    operations: int


class OperationTrend(Part):
    metric: str
    trend: str
    slope: Number = Field(description="Per day, in ms, percent, points of 100 or USD.")


class DegradingRow(Part):
    operation_type: str
    trend: OperationTrend


class InsightsData(Part):
    fastest_agents_by_operation: dict[str, FastestAgent]
    most_cost_efficient: tuple[CostEfficientAgent, ...] = Field(description="The cheapest task first.")
    highest_quality: tuple[BestAgent, ...] = Field(description="The highest first.")
    peak_performance_hours: tuple[PeakHour, ...] = Field(description="The fastest first.")
    degrading_operations: tuple[DegradingRow, ...] = Field(description="The least likely by chance first.")


class FewSamples(Part):
    """What is the mean of fewer than five values: it stands behind all others of its list."""

    fastest_agents_by_operation: tuple[str, ...]
    most_cost_efficient: tuple[str, ...]
    highest_quality: tuple[str, ...]
    peak_performance_hours: tuple[int, ...]


class InsightsMeta(Part):
    as_of: datetime = Field(description="When this was computed.")
    way: str
    period: Period
    few_samples: FewSamples
    cost_not_known: tuple[str, ...] = Field(description="Agents with no call that has a price.")
    trends_tried: int = Field(description="Trends of operations that were tested; p-values allow for their number.")
    shortened: dict[str, int] = Field(description="How many entries a list has in all that is not shown whole.")


class InsightsAnswer(Part):
    success: Literal[True] = True
    data: InsightsData
    meta: InsightsMeta


@router.get(
    "/insights/performance",
    summary="Performance insights",
    responses=answer_of(InsightsAnswer, "What stands out", example("insights")),
)
async def performance_insights(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[InPeriod, Query()]
) -> Response:
    """The fastest agent of each operation, the cheapest and the best agents, the best hours of the day, and operations
    that get worse from day to day.
    """
    return await answered(request, runtime, principal, "insights", tuple(asked), lambda of: _insights(of, asked))


def _insights(of: Asked, asked: InPeriod) -> InsightsAnswer:
    period, window = asked.period(of.now)
    asked.filters(of.engine)
    engine = of.engine if asked.project is None else OfProjects(of.engine, [asked.project])
    found = reports.insights(engine, window, "UTC")
    priced = [row for row in found.most_cost_efficient if row.cost_per_task_usd is not None]
    return InsightsAnswer(
        data=InsightsData(
            fastest_agents_by_operation={
                operation: FastestAgent(agent=row.agent, avg_time_ms=row.avg_time_ms)
                for operation, row in list(found.fastest_agents_by_operation.items())[:MOST_LISTED]
            },
            most_cost_efficient=tuple(
                CostEfficientAgent(agent=row.agent, cost_per_task_usd=row.cost_per_task_usd)
                for row in priced[:MOST_LISTED]
                if row.cost_per_task_usd is not None
            ),
            highest_quality=tuple(
                BestAgent(agent=row.agent, avg_quality_score=row.avg_quality_score)
                for row in found.highest_quality[:MOST_LISTED]
            ),
            peak_performance_hours=tuple(
                PeakHour(hour=row.hour, avg_time_ms=row.avg_time_ms, operations=row.operations)
                for row in found.peak_performance_hours
            ),
            degrading_operations=tuple(map(_degrading, found.degrading_operations[:MOST_LISTED])),
        ),
        meta=InsightsMeta(
            as_of=of.now,
            way=found.way,
            period=period,
            few_samples=_few(found),
            cost_not_known=tuple(row.agent for row in found.most_cost_efficient if row.cost_per_task_usd is None),
            trends_tried=found.trends_tried,
            shortened=_shortened(
                fastest_agents_by_operation=found.fastest_agents_by_operation,
                most_cost_efficient=priced,
                highest_quality=found.highest_quality,
                degrading_operations=found.degrading_operations,
            ),
        ),
    )


def _degrading(row: DegradingOperation) -> DegradingRow:
    trend = row.trend
    slope = in_unit(trend.slope, _UNITS[trend.metric])
    return DegradingRow(
        operation_type=row.operation_type, trend=OperationTrend(metric=trend.metric, trend=trend.trend, slope=slope)
    )


def _few(found: Insights) -> FewSamples:
    return FewSamples(
        fastest_agents_by_operation=tuple(
            name for name, row in found.fastest_agents_by_operation.items() if row.few_samples
        )[:MOST_LISTED],
        most_cost_efficient=tuple(row.agent for row in found.most_cost_efficient if row.few_samples)[:MOST_LISTED],
        highest_quality=tuple(row.agent for row in found.highest_quality if row.few_samples)[:MOST_LISTED],
        peak_performance_hours=tuple(row.hour for row in found.peak_performance_hours if row.few_samples),
    )


def _shortened(**lists: Iterable[object]) -> dict[str, int]:
    counts = {name: len(list(rows)) for name, rows in lists.items()}
    return {name: count for name, count in counts.items() if count > MOST_LISTED}
