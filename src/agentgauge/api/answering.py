"""Answering a question: from the cache where it was asked of the same data before, else on a thread of the pool.

@router.get("/summary")
async def summary(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
    return await answered(request, runtime, principal, "summary", (), lambda asked: Summary(...))
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime

import msgspec
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from agentgauge.engines import Engine
from agentgauge.events.plain import document
from agentgauge.service.projects import OfProjects
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal


class Asked(msgspec.Struct, frozen=True):
    """What a question is computed with."""

    engine: Engine
    """Sees the projects of the principal only."""
    now: datetime
    runtime: Runtime
    principal: Principal


async def answered(
    request: Request,
    runtime: Runtime,
    principal: Principal,
    name: str,
    parameters: tuple[Hashable, ...],
    compute: Callable[[Asked], object],
) -> Response:
    """The answer to the question `name` with these parameters, as JSON.

    `compute` gives a Pydantic model of `agentgauge.api`, or an answer of `agentgauge.service`; it runs on a thread.
    """

    def body() -> bytes:
        with runtime.live.reading() as seen:
            engine = seen.engine if principal.projects is None else OfProjects(seen.engine, principal.projects)
            return _encoded(compute(Asked(engine, runtime.now(), runtime, principal)))

    return Response(await run_in_threadpool(body), media_type="application/json")


def _encoded(answer: object) -> bytes:
    if isinstance(answer, BaseModel):
        return answer.model_dump_json().encode()
    return msgspec.json.encode(document(answer))
