"""Reports of what was used, what it cost and how long it took: each as `agentgauge.service.reports` answers it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.question import By, Exact, OfPart, Word, dimensions, naming
from agentgauge.api.openapi import answer_of
from agentgauge.engines.time_buckets import Width
from agentgauge.service import reports
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.components import Component
from agentgauge.service.reports.flame import Flame
from agentgauge.service.reports.latency import Latency
from agentgauge.service.reports.over_time import Bucket
from agentgauge.service.reports.overview import Overview
from agentgauge.service.reports.rows import Rows
from agentgauge.service.reports.tools import Tool

router = APIRouter()


class ExactParameters(OfPart):
    exact: Exact = False


class BreakdownParameters(ExactParameters):
    by: By = ("model",)


class OverTimeParameters(ExactParameters):
    bucket: Width = Field("day", description="The width of a bucket, by the clocks of the zone.")
    by: By = ()


class FlameParameters(OfPart):
    operation: Word | None = Field(
        None, description="The name of the tasks to look into; left out, all that is inside nothing."
    )


@router.get("/overview", summary="Everything together", responses=answer_of(Overview, "The figures of the window"))
async def overview(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[ExactParameters, Query()]
) -> Response:
    """What was used, what it cost and how well it went. Without `since` it is about everything recorded."""

    def compute(of: Asked) -> Overview:
        part = asked.question(of)
        return reports.overview(part.engine, part.window, part.filters, exact=asked.exact)

    return await answered(request, runtime, principal, "overview", tuple(asked), compute)


@router.get("/breakdown", summary="The same per group", responses=answer_of(Rows[Group], "Groups, the dearest first"))
async def breakdown(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[BreakdownParameters, Query()]
) -> Response:
    """What each model, agent, role, project, user, ... used and cost, or each combination of several."""

    def compute(of: Asked) -> Rows[Group]:
        by = dimensions(asked.by)
        part = asked.question(of, by)
        return reports.breakdown(part.engine, part.window, by, part.filters, exact=asked.exact)

    return await answered(request, runtime, principal, "breakdown", tuple(asked), compute)


@router.get("/over-time", summary="The course over time", responses=answer_of(Rows[Bucket], "Buckets, in order"))
async def over_time(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[OverTimeParameters, Query()]
) -> Response:
    """The same in each bucket of time, those without events included; with `by` of each group in each bucket."""

    def compute(of: Asked) -> Rows[Bucket]:
        by = dimensions(asked.by)
        part = asked.question(of, by)
        return reports.over_time(
            part.engine, part.window, asked.bucket, asked.tz, part.now, part.filters, by=by, exact=asked.exact
        )

    return await answered(request, runtime, principal, "over-time", tuple(asked), compute)


@router.get("/tools", summary="Tools", responses=answer_of(Rows[Tool], "Tools, the most called first"))
async def tools(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[ExactParameters, Query()]
) -> Response:
    """How often each tool was called, how often it failed and how long it took."""

    def compute(of: Asked) -> Rows[Tool]:
        part = asked.question(of)
        return reports.tools(part.engine, part.window, part.filters, exact=asked.exact)

    return await answered(request, runtime, principal, "tools", tuple(asked), compute)


@router.get("/latency", summary="Durations", responses=answer_of(Rows[Latency], "Tasks, model calls and tool calls"))
async def latency(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[ExactParameters, Query()]
) -> Response:
    """How long tasks, model calls and tool calls took."""

    def compute(of: Asked) -> Rows[Latency]:
        part = asked.question(of)
        return reports.latency(part.engine, part.window, part.filters, exact=asked.exact)

    return await answered(request, runtime, principal, "latency", tuple(asked), compute)


@router.get("/components", summary="Parts of operations", responses=answer_of(Rows[Component], "Timed parts"))
async def components(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[OfPart, Query()]
) -> Response:
    """How long the parts of operations took, as `add_component_timing` records them."""

    def compute(of: Asked) -> Rows[Component]:
        part = asked.question(of)
        return reports.components(part.engine, part.window, part.filters)

    return await answered(request, runtime, principal, "components", tuple(asked), compute)


@router.get("/flame", summary="What ran inside what", responses=answer_of(Flame, "One tree of all"))
async def flame(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[FlameParameters, Query()]
) -> Response:
    """Where time goes: tasks, what they contain, and model and tool calls, as one tree. Conditions choose where trees
    begin, and all that is inside comes along."""

    def compute(of: Asked) -> Flame:
        part = asked.question(of)
        with naming("operation"):
            return reports.flame(part.engine, part.window, asked.operation, part.filters)

    return await answered(request, runtime, principal, "flame", tuple(asked), compute)
