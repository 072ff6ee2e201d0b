"""`/api/v1/operations`: single operations with what the calls inside them used, and one with what ran inside it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.lists import EventsMeta, PageParameters, row_key, written_row_key
from agentgauge.api.metrics.parameters import Parameters
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import link_next
from agentgauge.service.records.operations import Operation, OperationParts, list_operations, one_operation
from agentgauge.service.records.rows import missing_before

router = APIRouter()


class OperationList(msgspec.Struct, frozen=True):
    data: tuple[Operation, ...]
    meta: EventsMeta


@router.get("/operations", summary="Operations", responses=answer_of(OperationList, "A page of them"))
async def operations(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[PageParameters, Query()]
) -> Response:
    """Finished pieces of an agent's work, the newest first, each with the tokens and the money of the calls inside."""

    def compute(of: Asked) -> OperationList:
        page = asked.page(of.now, "operations")
        part = asked.question(of, now=page.as_of)
        found = list_operations(part.engine, part.window, part.filters, limit=page.limit + 1, after=row_key(page.after))
        rows, following = page.cut(found, lambda row: written_row_key(row.key))
        return OperationList(tuple(rows), EventsMeta(page.as_of, following, missing_before(part.engine, part.window)))

    return link_next(request, await answered(request, runtime, principal, "operations", tuple(asked), compute))


@router.get(
    "/operations/{operation_id}",
    summary="One operation",
    responses={**answer_of(OperationParts, "The operation and its parts"), **errors(404)},
)
async def operation(
    request: Request,
    runtime: RuntimeOf,
    principal: Reader,
    operation_id: Annotated[str, Path(min_length=1, max_length=500, pattern=r"^[^\x00]+$", description="Its `id`.")],
    asked: Annotated[Parameters, Query()],
) -> Response:
    """What ran inside it, and inside that, in order of time: tasks, calls, timings of components, errors."""

    def compute(of: Asked) -> OperationParts:
        return one_operation(of.engine, operation_id)

    return await answered(request, runtime, principal, "operation", (operation_id,), compute)
