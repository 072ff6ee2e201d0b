"""Who asks, and what of the runtime they may reach: the dependencies that every route declares."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import LOCAL, Principal, Scope


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def principal_of(request: Request) -> Principal:
    """Who asks."""
    return LOCAL


def requires(scope: Scope) -> Any:
    """A dependency that lets only those pass who have the scope."""

    async def check(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        return principal

    return Depends(check)


RuntimeOf = Annotated[Runtime, Depends(runtime_of)]
Reader = Annotated[Principal, requires("read")]
Sender = Annotated[Principal, requires("ingest")]
Admin = Annotated[Principal, requires("admin")]
