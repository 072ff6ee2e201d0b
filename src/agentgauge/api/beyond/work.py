"""`/api/v1/runs`, `/sessions`, `/tickets` and `/features`: lists, one of each, and what happened in it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.routing import Match
from starlette.types import Scope

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.lists import (
    EventsMeta,
    PageParameters,
    row_key,
    up_to_first_page,
    work_key,
    written_row_key,
    written_work_key,
)
from agentgauge.api.beyond.question import OfPart
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import link_next
from agentgauge.service.records.rows import missing_before
from agentgauge.service.records.work import Work, WorkKind, WorkOrder, list_work
from agentgauge.service.records.work_item import Step, WorkItem, course, find_work, of_work, work_item

router = APIRouter()

_Name = Annotated[
    str, Path(min_length=1, max_length=500, pattern=r"^[^\x00]+$", description="As it was recorded.", examples=["r-1"])
]
_Project = Annotated[
    str | None,
    Field(max_length=500, description="Where several projects have one of that name; empty: that of no project."),
]


class WorkList(msgspec.Struct, frozen=True):
    data: tuple[Work, ...]
    meta: EventsMeta


class Course(msgspec.Struct, frozen=True):
    data: tuple[Step, ...]
    meta: EventsMeta


class ItemParameters(OfPart):
    project: _Project = None


class WorkParameters(PageParameters):
    order: WorkOrder = Field("newest", description="`newest`: by its latest event. `dearest`: by what it cost.")


class CourseParameters(PageParameters):
    project: _Project = None
    newest_first: bool = Field(False, description="The last step first.")


class _OfSteps(APIRoute):
    """`runs/x/steps` is what happened in the run x, and `runs/x%2Fsteps` the run that is called so."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope.get("raw_path", b"").lower().endswith(b"%2fsteps"):
            return Match.NONE, {}
        return super().matches(scope)


def _add(kind: WorkKind, plural: str, what: str) -> None:
    """The three routes of one kind."""

    @router.get(
        f"/{plural}",
        name=plural,
        summary=f"{plural.capitalize()}",
        description=f"{what} Each with what it used and cost in the window, and how it ended. "
        "Without `since` it is about everything recorded.",
        responses=answer_of(WorkList, "A page of them"),
    )
    async def listed(
        request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[WorkParameters, Query()]
    ) -> Response:
        def compute(of: Asked) -> WorkList:
            page = asked.page(of.now, plural)
            part = asked.question(of, now=page.as_of)
            window = up_to_first_page(part.window, page)
            order, after = asked.order, work_key(page.after, asked.order)
            found = list_work(part.engine, kind, window, part.filters, limit=page.limit + 1, order=order, after=after)
            rows, following = page.cut(found, lambda row: written_work_key(row.key(order)))
            return WorkList(tuple(rows), EventsMeta(page.as_of, following, missing_before(part.engine, window)))

        return link_next(request, await answered(request, runtime, principal, plural, tuple(asked), compute))

    async def steps(
        request: Request,
        runtime: RuntimeOf,
        principal: Reader,
        name: _Name,
        asked: Annotated[CourseParameters, Query()],
    ) -> Response:
        def compute(of: Asked) -> Course:
            page = asked.page(of.now, plural, name)
            window, filters = asked.window(page.as_of), asked.filters()
            own = of_work(kind, find_work(of.engine, kind, name, asked.project))
            found = course(
                of.engine,
                window,
                (*own, *filters),
                limit=page.limit + 1,
                newest_first=asked.newest_first,
                after=row_key(page.after),
            )
            rows, following = page.cut(found, lambda row: written_row_key(row.key))
            return Course(tuple(rows), EventsMeta(page.as_of, following, missing_before(of.engine, window)))

        parameters = (name, *asked)
        return link_next(request, await answered(request, runtime, principal, f"{kind} steps", parameters, compute))

    router.add_api_route(
        f"/{plural}/{{name:path}}/steps",
        steps,
        methods=["GET"],
        name=f"{kind}_steps",
        summary=f"What happened in a {kind}",
        description="Tasks, model and tool calls, pipelines, debugging cycles, errors, measurements and marks, in "
        "order of time: what has a duration stands where it ended, and says when it began.",
        responses={**answer_of(Course, "A page of its course"), **errors(404, 409)},
        route_class_override=_OfSteps,
    )

    @router.get(
        f"/{plural}/{{name:path}}",
        name=kind,
        summary=f"One {kind}",
        description="Its totals, its events of each kind, and what they name.",
        responses={**answer_of(WorkItem, f"The {kind}"), **errors(404, 409)},
    )
    async def one(
        request: Request,
        runtime: RuntimeOf,
        principal: Reader,
        name: _Name,
        asked: Annotated[ItemParameters, Query()],
    ) -> Response:
        def compute(of: Asked) -> WorkItem:
            window, filters = asked.window(of.now), asked.filters()
            return work_item(of.engine, kind, name, asked.project, window=window, filters=filters)

        return await answered(request, runtime, principal, kind, (name, *asked), compute)


_add("run", "runs", "Runs of agents.")
_add("session", "sessions", "Sessions.")
_add("ticket", "tickets", "Work items: tickets, and issues of what names no ticket.")
_add("feature", "features", "Features of a product, with their uses and what people think of them.")
