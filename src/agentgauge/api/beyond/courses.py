"""Reports of one metric's values and its course: distributions, outliers, trends, anomalies and forecasts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.analysis.metrics import Per
from agentgauge.analysis.outliers import Method
from agentgauge.analysis.seasonality import Width
from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.question import (
    By,
    Exact,
    Metric,
    Moment,
    OfPart,
    Question,
    Word,
    Words,
    dimensions,
    naming,
)
from agentgauge.api.openapi import answer_of
from agentgauge.engines import Filter
from agentgauge.errors import QueryError
from agentgauge.service import reports
from agentgauge.service.horizon import day_of, days_until
from agentgauge.service.reports.anomalies import LEAST_ALPHA, METRICS, Anomalies
from agentgauge.service.reports.forecast import Forecast
from agentgauge.service.reports.outliers import Outliers
from agentgauge.service.reports.percentiles import Percentiles
from agentgauge.service.reports.trends import LOOKBACK_DAYS, MOST_DAYS, Trends, lookback

router = APIRouter()

_DAYS_AHEAD = 30
_Each = Annotated[Word | None, Field(description="Each operation, agent, model, ... by itself.", examples=["agent"])]
_PerWhat = Annotated[Per, Field(description="Whose cost or tokens one value is.")]
_Agent = Annotated[Word | None, Field(description="Only of this agent.")]
_Role = Annotated[Word | None, Field(description="Only of this role.")]


class PercentileParameters(OfPart):
    metric: Metric
    by: By = ()
    per: _PerWhat = "operation"
    exact: Exact = False


class OfAgentOrRole(OfPart):
    agent: _Agent = None
    role: _Role = None

    def filters(self) -> tuple[Filter, ...]:
        named = (("agent", self.agent), ("role", self.role))
        return (*super().filters(), *(Filter(name, "=", value) for name, value in named if value is not None))


class OutlierParameters(OfAgentOrRole):
    metric: Metric
    by: Word = Field("operation", description="What is measured against its own kind only; none: all together.")
    method: Method = Field("robust", description="Median and MAD, or mean and standard deviation.")
    threshold: float | None = Field(
        None, gt=0, le=1e6, allow_inf_nan=False, description="Scores beyond it are outliers; left out 3.5, of z 3."
    )
    per: _PerWhat = "operation"
    limit: int = Field(20, ge=1, le=1000, description="How many are listed, the farthest first.")


class TrendParameters(OfAgentOrRole):
    metric: Metric
    lookback: int = Field(LOOKBACK_DAYS, ge=1, le=MOST_DAYS, description="Whole days before today.")
    by: _Each = None
    per: _PerWhat = "operation"
    better: Literal["lower", "higher"] | None = Field(
        None, description="Which way is better, of what the meter cannot know."
    )


class AnomalyParameters(OfPart):
    metric: Words = Field(METRICS, description="What is looked at, as in trends; or `operations`, which are counted.")
    bucket: Width = Field("hour", description="What one figure is of.")
    by: _Each = None
    alpha: float | None = Field(
        None, ge=LEAST_ALPHA, lt=1, description="How many quiet buckets may alarm; left out, one in four weeks."
    )


class ForecastParameters(OfPart):
    metric: Word = Field("cost", description="cost, tokens or operations.")
    days: int | None = Field(None, ge=1, le=366, description=f"Days ahead, today included; left out, {_DAYS_AHEAD}.")
    until: Moment | None = Field(None, description="The last day instead, such as 2026-12-31, or month-end.")
    budget: Decimal | None = Field(
        None, gt=0, le=10**12, description="Also say when so many dollars are used up.", examples=["500"]
    )
    budget_since: Moment | None = Field(None, description="Its first day; left out, this month's first.")

    def of_past(self) -> OfPart:
        """What is learnt from; `until` is not its end."""
        return OfPart(since=self.since, until=None, tz=self.tz, where=self.where)


@router.get("/percentiles", summary="Distributions", responses=answer_of(Percentiles, "One distribution per group"))
async def percentiles(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[PercentileParameters, Query()]
) -> Response:
    """How the values of a metric are distributed: p50 to p99, mean, spread and extremes."""

    def compute(of: Asked) -> Percentiles:
        by = dimensions(asked.by)
        part = asked.question(of, by)
        with naming("metric"):
            return reports.percentiles(
                part.engine, asked.metric, part.window, part.filters, by=by, per=asked.per, exact=asked.exact
            )

    return await answered(request, runtime, principal, "percentiles of any", tuple(asked), compute)


@router.get("/outliers", summary="Single values far from the others", responses=answer_of(Outliers, "The farthest"))
async def outliers(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[OutlierParameters, Query()]
) -> Response:
    """Operations, calls or measurements whose value is far from the others of their kind."""

    def compute(of: Asked) -> Outliers:
        by = None if asked.by == "none" else asked.by
        part = asked.question(of, () if by is None else (by,))
        with naming("metric"):
            return reports.outliers(
                part.engine,
                asked.metric,
                part.window,
                method=asked.method,
                threshold=asked.threshold,
                by=by,
                filters=part.filters,
                limit=asked.limit,
                per=asked.per,
            )

    return await answered(request, runtime, principal, "outliers of any", tuple(asked), compute)


@router.get("/trends", summary="Better or worse from day to day", responses=answer_of(Trends, "Trends and shifts"))
async def trends(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[TrendParameters, Query()]
) -> Response:
    """Whether a metric gets better or worse, and where its level shifted: over the figures of whole days, seven of them
    with values at least. `since` and `until` ask for other days than the last ones."""

    def compute(of: Asked) -> Trends:
        part = asked.question(of, () if asked.by is None else (asked.by,))
        last_days = asked.since is None and asked.until is None
        window = lookback(asked.lookback, asked.tz, part.now) if last_days else part.window
        with naming("metric"):
            return reports.trends(
                part.engine,
                asked.metric,
                window,
                zone=asked.tz,
                now=part.now,
                by=asked.by,
                filters=part.filters,
                per=asked.per,
                lower_is_better=None if asked.better is None else asked.better == "lower",
            )

    return await answered(request, runtime, principal, "trends of any", tuple(asked), compute)


@router.get("/anomalies", summary="Unusual hours and days", responses=answer_of(Anomalies, "The newest first"))
async def anomalies(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[AnomalyParameters, Query()]
) -> Response:
    """Hours or days that are not as the same of earlier weeks let expect. Six weeks of history come before what can be
    looked at; without `since` it is the last 7 days of hours, or 28 of days."""

    def compute(of: Asked) -> Anomalies:
        part = asked.question(of, () if asked.by is None else (asked.by,))
        with naming("metric"):
            return reports.anomalies(
                part.engine,
                part.window,
                zone=asked.tz,
                now=part.now,
                metrics=asked.metric,
                bucket=asked.bucket,
                by=asked.by,
                alpha=asked.alpha,
                filters=part.filters,
            )

    return await answered(request, runtime, principal, "anomalies", tuple(asked), compute)


@router.get("/forecast", summary="What coming days will cost", responses=answer_of(Forecast, "The coming days"))
async def forecast(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[ForecastParameters, Query()]
) -> Response:
    """From complete days: 7 for a forecast, 28 for intervals. `since` is the first day to learn from."""

    def compute(of: Asked) -> Forecast:
        part = asked.of_past().question(of)
        budget_since = None
        if asked.budget_since is not None:
            with naming("budget_since"):
                budget_since = day_of(asked.budget_since, part.zone, part.now)
        return reports.forecast(
            part.engine,
            part.window,
            zone=asked.tz,
            now=part.now,
            metric=asked.metric,
            days=_days_ahead(asked, part),
            filters=part.filters,
            budget_usd=asked.budget,
            budget_since=budget_since,
        )

    return await answered(request, runtime, principal, "forecast", tuple(asked), compute)


def _days_ahead(asked: ForecastParameters, part: Question) -> int:
    if asked.budget is None and asked.budget_since is not None:
        raise QueryError("budget_since is a budget's first day: say how much with budget", field="budget")
    if asked.until is None:
        return asked.days or _DAYS_AHEAD
    if asked.days is not None:
        raise QueryError("days and until both say how far: give one of them", field="until")
    with naming("until"):
        return days_until(asked.until, part.zone, part.now)
