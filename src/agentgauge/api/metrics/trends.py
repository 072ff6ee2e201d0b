"""`GET /api/v1/metrics/trends/{metric_name}`: whether a metric gets better or worse from day to day."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from agentgauge.analysis.metrics import NAMED, is_ratio
from agentgauge.analysis.trend import Direction
from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.errors import about
from agentgauge.api.metrics.agents import chosen
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Number, Part, in_unit
from agentgauge.api.metrics.parameters import Name, OfProject, Period
from agentgauge.api.openapi import answer_of, errors
from agentgauge.service import reports
from agentgauge.service.reports.trends import FEWEST_DAYS, LOOKBACK_DAYS, MOST_DAYS, lookback
from agentgauge.service.reports.trends import Trend as Found

router = APIRouter()


class TrendParameters(OfProject):
    agent_id: Name | None = Field(
        None, description="The id or the name of an agent; left out, all agents together.", examples=["1"]
    )
    lookback_days: int = Field(
        LOOKBACK_DAYS, ge=1, le=MOST_DAYS, description="Whole days before today, by UTC.", examples=[LOOKBACK_DAYS]
    )
    better: Literal["lower", "higher"] | None = Field(
        None, description="Which way is better, of what the meter cannot know.", examples=["higher"]
    )


class TrendData(Part):
    metric: str
    trend: Direction
    slope: Number = Field(description="Of the least-squares line, per day; null of insufficient data, as what follows.")
    r_squared: Number = Field(description="Of that line.")
    p_value: Number = Field(description="Of that line, were days independent of each other.")
    data_points: int = Field(description="Days with values.")
    period: Period


class TrendMeta(Part):
    as_of: datetime = Field(description="When this was computed.")
    way: str
    agent_id: int | None
    slope_unit: str = Field(description="Per day.")
    lower_is_better: bool
    decided_by: Literal["rank trend"] = "rank trend"
    rank_p_value: Number = Field(
        description="It decides, at 0.05: unlike `p_value` it allows for days that resemble the day before."
    )
    values: int = Field(description="Operations, calls or measurements on these days.")
    empty_days: int
    incomplete_days: int
    fewest_days: int = Field(description="Days below which data are insufficient.")
    unpriced_calls: int = Field(description="Calls whose cost is not known: it is in no figure.")
    missing_before: datetime | None


class TrendAnswer(Part):
    success: Literal[True] = True
    data: TrendData
    meta: TrendMeta


@router.get(
    "/trends/{metric_name:path}",
    summary="Trend of a metric",
    responses={**answer_of(TrendAnswer, "The trend", example("trends")), **errors(404, 409)},
)
async def trends(
    request: Request,
    runtime: RuntimeOf,
    principal: Reader,
    metric_name: Annotated[
        Name,
        Path(
            description=f"One of {', '.join(NAMED)}, a numeric column, `attributes.<key>`, or a measurement's name.",
            examples=["execution_time", "cost", "success_rate", "quality_score"],
        ),
    ],
    asked: Annotated[TrendParameters, Query()],
) -> Response:
    """Over daily figures: means per operation; of rates, the share over all of a day's operations.

    `improving` and `degrading` know which way is better. Fewer than 7 days with values are `insufficient_data`.
    """
    return await answered(
        request, runtime, principal, "trends", (metric_name, *asked), lambda of: _trends(of, metric_name, asked)
    )


def _trends(of: Asked, metric_name: str, asked: TrendParameters) -> TrendAnswer:
    window = lookback(asked.lookback_days, "UTC", of.now)
    agent, filters = chosen(of, asked.agent_id, asked)
    with about("metric_name", tuple(NAMED)):
        answer = reports.trends(
            of.engine,
            metric_name,
            window,
            zone="UTC",
            now=of.now,
            filters=filters,
            lower_is_better=None if asked.better is None else asked.better == "lower",
        )
    found: Found = answer.trends[0]
    unit = "percent" if is_ratio(answer.metric) else answer.unit
    return TrendAnswer(
        data=TrendData(
            metric=answer.metric,
            trend=found.trend,
            slope=in_unit(found.slope, unit),
            r_squared=found.r_squared,
            p_value=found.p_value,
            data_points=found.data_points,
            period=Period(start=answer.period.start, end=answer.period.end),
        ),
        meta=TrendMeta(
            as_of=of.now,
            way=answer.way,
            agent_id=None if agent is None else agent.id,
            slope_unit=unit,
            lower_is_better=answer.lower_is_better,
            rank_p_value=found.p_adjusted,
            values=found.values,
            empty_days=found.empty_days,
            incomplete_days=found.incomplete_days,
            fewest_days=FEWEST_DAYS,
            unpriced_calls=found.unpriced_calls,
            missing_before=answer.missing_before,
        ),
    )
