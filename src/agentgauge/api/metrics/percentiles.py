"""`GET /api/v1/metrics/percentiles/{metric_name}`: how the values of a metric are distributed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from agentgauge.analysis.metrics import Per
from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.agents import chosen
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Part, in_unit
from agentgauge.api.metrics.meta import Meta, how_found
from agentgauge.api.metrics.parameters import InPeriod, Name, Period
from agentgauge.api.openapi import answer_of, errors
from agentgauge.service import reports
from agentgauge.service.wording import of_operations

router = APIRouter()

OfValues = Literal["execution_time", "cost", "quality_score", "tokens"]
"""Metrics that have single values: of operations, cost and tokens of all calls inside them, or of each call."""
MetricName = Annotated[OfValues, Path(description="Of operations: ms, USD, points of 100, tokens.")]


class OfAgent(InPeriod):
    agent_id: Name | None = Field(
        None, description="The id or the name of an agent; left out, all agents together.", examples=["1"]
    )
    per: Per = Field("operation", description="Whose cost or tokens one value is.", examples=["operation"])


def about_calls(metric_name: OfValues, per: Per) -> str | None:
    """Where no operation has a value: what may have one."""
    said = of_operations(metric_name, per)
    return None if said is None else f"{said}: per=call asks about calls"


class PercentileData(Part):
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    mean: float | None
    median: float | None
    std_dev: float | None = Field(description="Of a sample; 0 of one value.")
    count: int = Field(description="Operations, or calls, whose value is known.")


class PercentileMeta(Meta):
    unit: str
    period: Period
    min: float | None
    max: float | None
    few: bool = Field(description="Fewer than 20 values: p95 and p99 are decided by the one or two largest, if any.")
    unpriced: int = Field(description="Of cost: operations, or calls, in no figure, since their cost is not known.")
    per: Per
    hint: str | None = Field(description="Why there are no values, and what to ask about instead.")


class PercentilesAnswer(Part):
    success: Literal[True] = True
    metric: str
    agent_id: int | None = Field(description="null where all agents were asked for.")
    data: PercentileData
    meta: PercentileMeta


@router.get(
    "/percentiles/{metric_name}",
    summary="Percentiles of a metric",
    responses={
        **answer_of(PercentilesAnswer, "The distribution, in the metric's unit", example("percentiles")),
        **errors(404, 409),
    },
)
async def percentiles(
    request: Request,
    runtime: RuntimeOf,
    principal: Reader,
    metric_name: MetricName,
    asked: Annotated[OfAgent, Query()],
) -> Response:
    """Percentiles, interpolated between values; mean, spread and number of values. Of nothing they are null."""
    return await answered(
        request, runtime, principal, "percentiles", (metric_name, *asked),
        lambda of: _percentiles(of, metric_name, asked),
    )  # fmt: skip


def _percentiles(of: Asked, metric_name: OfValues, asked: OfAgent) -> PercentilesAnswer:
    period, window = asked.period(of.now)
    agent, filters = chosen(of, asked.agent_id, asked)
    answer = reports.percentiles(of.engine, metric_name, window, filters, per=asked.per)
    (found,) = answer.rows
    figures = ("p50", "p75", "p90", "p95", "p99", "mean", "median", "std_dev")
    written = {name: in_unit(getattr(found, name), answer.unit) for name in (*figures, "min", "max")}
    return PercentilesAnswer(
        metric=answer.metric,
        agent_id=None if agent is None else agent.id,
        data=PercentileData(**{name: written[name] for name in figures}, count=found.count),
        meta=PercentileMeta(
            **how_found(answer, of.now),
            unit=answer.unit,
            period=period,
            min=written["min"],
            max=written["max"],
            few=found.few,
            unpriced=found.unpriced,
            per=answer.per,
            hint=None if found.count else about_calls(metric_name, asked.per),
        ),
    )
