"""`GET /api/v1/metrics/outliers/{metric_name}`: single operations whose value is far from the others'."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.agents import chosen
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Part, in_unit, rounded
from agentgauge.api.metrics.parameters import Period
from agentgauge.api.metrics.percentiles import MetricName, OfAgent, OfValues, about_calls
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Key, Limit, Page, link_next
from agentgauge.events.event import to_micros
from agentgauge.service import reports
from agentgauge.service.reports.outliers import Outlier

router = APIRouter()

MOST_PAGED = 10_000
"""The farthest that pages go through: more outliers than that are none."""


class OutlierParameters(OfAgent):
    z_threshold: float = Field(
        3.0, gt=0, le=1e6, allow_inf_nan=False, description="Standard deviations from the mean.", examples=[3.0]
    )
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None


class RecordedAs(Part):
    segment: str
    n: int = Field(description="With `segment` it names the event from the moment that it was recorded.")


class OutlierRow(Part):
    id: int | None = Field(description="The event's id; null until it has landed in the lake, which takes moments.")
    agent_name: str | None
    operation_type: str | None
    value: float | None
    z_score: float | None
    deviation_from_mean: float | None
    timestamp: datetime
    meta: RecordedAs


class OutlierMeta(Part):
    as_of: datetime = Field(description="When this was computed.")
    way: str
    exact: bool
    missing_before: datetime | None
    period: Period
    agent_id: int | None
    unit: str
    values: int = Field(description="All values that were looked at.")
    mean: float | None
    std_dev: float | None
    too_few: bool = Field(description="No value of so few can have such a score.")
    hint: str | None = Field(description="Why there are no values, and what to ask about instead.")
    next_cursor: str | None


class OutliersAnswer(Part):
    success: Literal[True] = True
    metric: str
    z_threshold: float
    count: int = Field(description="All that were found, those on other pages included.")
    data: tuple[OutlierRow, ...]
    meta: OutlierMeta


@router.get(
    "/outliers/{metric_name}",
    summary="Outliers of a metric",
    responses={
        **answer_of(OutliersAnswer, "Outliers, the farthest first", example("outliers")),
        **errors(404, 409),
    },
)
async def outliers(
    request: Request,
    runtime: RuntimeOf,
    principal: Reader,
    metric_name: MetricName,
    asked: Annotated[OutlierParameters, Query()],
) -> Response:
    """Operations whose value is more than `z_threshold` sample standard deviations from the mean of all."""
    return link_next(
        request,
        await answered(
            request, runtime, principal, "outliers", (metric_name, *asked), lambda of: _outliers(of, metric_name, asked)
        ),
    )


def _outliers(of: Asked, metric_name: OfValues, asked: OutlierParameters) -> OutliersAnswer:
    page = Page.asked(asked.cursor, asked.limit, of.now, "outliers", metric_name, *tuple(asked)[:-2])
    period, window = asked.period(page.as_of)
    agent, filters = chosen(of, asked.agent_id, asked)
    found = reports.outliers(
        of.engine, metric_name, window, threshold=asked.z_threshold, filters=filters, limit=MOST_PAGED, per=asked.per
    )
    rows, following = page.of(found.outliers, _key)
    baseline = found.baselines[0] if found.baselines else None
    return OutliersAnswer(
        metric=found.metric,
        z_threshold=found.threshold,
        count=found.count,
        data=tuple(_row(row, found.unit) for row in rows),
        meta=OutlierMeta(
            as_of=page.as_of,
            way=found.way,
            exact=found.exact,
            missing_before=found.missing_before,
            period=period,
            agent_id=None if agent is None else agent.id,
            unit=found.unit,
            values=0 if baseline is None else baseline.baseline.n,
            mean=in_unit(math.nan if baseline is None else baseline.baseline.centre, found.unit),
            std_dev=in_unit(math.nan if baseline is None else baseline.baseline.std_dev, found.unit),
            too_few=baseline is None or baseline.too_few,
            hint=about_calls(metric_name, asked.per) if baseline is None else None,
            next_cursor=following,
        ),
    )


def _row(row: Outlier, unit: str) -> OutlierRow:
    return OutlierRow(
        id=row.id,
        agent_name=row.agent,
        operation_type=row.operation,
        value=in_unit(row.value, unit),
        z_score=rounded(row.score),
        deviation_from_mean=in_unit(row.deviation, unit),
        timestamp=row.time,
        meta=RecordedAs(segment=row.segment, n=row.n),
    )


def _key(row: Outlier) -> Key:
    return (-abs(row.score), to_micros(row.time), row.segment, row.n)
