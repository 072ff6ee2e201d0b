"""Reports that relate one thing to another: what differs, what rises with what, why it changed, what outcomes cost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.question import By, InWindow, OfConditions, OfPart, Word, Words, dimensions, naming
from agentgauge.api.openapi import answer_of
from agentgauge.engines.time_buckets import Width
from agentgauge.service import reports
from agentgauge.service.compared_windows import PREVIOUS, parse_compared
from agentgauge.service.explain_wording import Told, told
from agentgauge.service.recorded import check_recorded
from agentgauge.service.reports.compare import UnitsComparison
from agentgauge.service.reports.correlate import MOST_METRICS, Correlations
from agentgauge.service.reports.economics import Economics
from agentgauge.service.reports.insights import Insights

router = APIRouter()

_INSIGHT_DAYS = "30d"
_OF_UNITS = (
    "success, cost, duration, tokens, quality, cost_per_success, error_rate, satisfaction, attributes.<key> or the "
    "name of a measurement."
)
_Compared = Annotated[str, Field(min_length=1, max_length=128)]


class CompareParameters(OfPart):
    by: Word = Field(
        description="What tells the arms apart: model, temperature, config, run, ...; any column of the events or key "
        "of attributes.",
        examples=["model"],
    )
    metric: Word = Field("success", description=_OF_UNITS)
    unit: Word = Field("issue", description="What counts as one: issue, run, session, ticket, user, team, trace, ...")
    paired: bool = Field(False, description="Compare units that both arms have, each with itself.")
    arm: Words = Field((), description="Only this arm and others so named.")


class CorrelateParameters(OfPart):
    metric: Words = Field(
        description=f"2 to {MOST_METRICS} of {_OF_UNITS}", examples=[["cost", "quality"]], min_length=2
    )
    unit: Word | None = Field(None, description="Over units of work: issue, run, session, ...; left out, issues.")
    bucket: Width | None = Field(None, description="Over time instead.")


class ExplainParameters(OfConditions):
    metric: Word = Field(
        "cost", description="cost, tokens, success_rate, execution_time, quality_score, ..., as in trends."
    )
    window: _Compared = Field("7d", description="The later window: 7d, yesterday, 2026-11-01, 2026-11-01..2026-11-07.")
    against: _Compared = Field(
        PREVIOUS, description="The earlier one, in the same forms, or previous: as long, and before."
    )
    by: By = ()


@router.get(
    "/comparisons",
    summary="Whether models, configurations or experiments differ",
    responses=answer_of(UnitsComparison, "The arms, and each pair of them"),
)
async def comparisons(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[CompareParameters, Query()]
) -> Response:
    """A unit of work counts once, however many calls it took. p-values are adjusted for the number of pairs, intervals
    are 95 %. `no difference shown` is not proof of none."""

    def compute(of: Asked) -> UnitsComparison:
        part = asked.question(of)
        return reports.compare(
            part.engine,
            part.window,
            by=asked.by,
            metric=asked.metric,
            unit=asked.unit,
            paired=asked.paired,
            arms=asked.arm,
            filters=part.filters,
        )

    return await answered(request, runtime, principal, "comparisons", tuple(asked), compute)


@router.get(
    "/correlations",
    summary="Which metrics rise and fall together",
    responses=answer_of(Correlations, "Each pair of metrics"),
)
async def correlations(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[CorrelateParameters, Query()]
) -> Response:
    """By rank, over units of work or over time; p-values are adjusted for the number of pairs. A correlation is no
    cause."""

    def compute(of: Asked) -> Correlations:
        part = asked.question(of)
        return reports.correlate(
            part.engine,
            part.window,
            asked.metric,
            unit=asked.unit,
            bucket=asked.bucket,
            zone=asked.tz,
            now=part.now,
            filters=part.filters,
        )

    return await answered(request, runtime, principal, "correlations", tuple(asked), compute)


@router.get("/explain", summary="Why a figure changed", responses=answer_of(Told, "The change, in parts and in words"))
async def explain(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[ExplainParameters, Query()]
) -> Response:
    """Two windows of time: the change of cost or tokens is taken apart into volume, calls, retries, models, tokens per
    call, cache and prices, that of any other metric into what changed within groups and how their mix did. Parts add up
    to the change exactly."""

    def compute(of: Asked) -> Told:
        zone, filters = asked.zone(), asked.filters()
        with naming("window"):
            later, earlier = parse_compared(asked.window, asked.against, zone, of.now)
        with naming("where"):
            check_recorded(of.engine, later, filters)
        found = reports.explain(
            of.engine,
            later,
            earlier,
            book=of.runtime.meter.book,
            now=of.now,
            metric=asked.metric,
            by=dimensions(asked.by),
            filters=filters,
        )
        return told(found, zone)

    return await answered(request, runtime, principal, "explain", tuple(asked), compute)


@router.get("/insights", summary="What stands out", responses=answer_of(Insights, "The fastest, cheapest and best"))
async def insights(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[InWindow, Query()]
) -> Response:
    """The fastest, cheapest and best agents, the best hours, and operations that get worse: of 30 days, unless `since`
    says otherwise. Averages of fewer than 5 tasks are marked as of few samples, and come last."""

    def compute(of: Asked) -> Insights:
        return reports.insights(of.engine, asked.window(of.now, since=_INSIGHT_DAYS), asked.tz)

    return await answered(request, runtime, principal, "insights", tuple(asked), compute)


@router.get("/economics", summary="What outcomes cost", responses=answer_of(Economics, "One row per kind of outcome"))
async def economics(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[InWindow, Query()]
) -> Response:
    """What a resolved issue, a green pipeline, a merged change cost. Failed work is part of the price: what was spent
    on units of work with a success, on those without, and elsewhere sum to everything that was spent."""

    def compute(of: Asked) -> Economics:
        return reports.economics(of.engine, asked.window(of.now))

    return await answered(request, runtime, principal, "economics", tuple(asked), compute)
