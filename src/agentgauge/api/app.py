"""The application: routers put together around one runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

import agentgauge
from agentgauge.api import errors, middleware, openapi
from agentgauge.api.admin.router import router as admin
from agentgauge.api.beyond.router import router as beyond
from agentgauge.api.ingest.router import router as ingest
from agentgauge.api.metrics.router import router as metrics
from agentgauge.api.operations.router import router as operations
from agentgauge.api.routing import include
from agentgauge.api.sign_in.router import router as sign_in
from agentgauge.service.runtime import Runtime
from agentgauge.settings.server import ServerSettings


def create_app(settings: ServerSettings, runtime: Runtime | None = None) -> FastAPI:
    """The application of one process.

    Its runtime is made when it starts, unless it is given, and closed when it ends.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.runtime = runtime or Runtime(settings)
        try:
            yield
        finally:
            await app.state.runtime.gate.close()
            app.state.runtime.close()

    app = FastAPI(
        title="agentgauge",
        version=agentgauge.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would send keys where a Host header says, and from TLS to none behind a proxy
        generate_unique_id_function=openapi.operation_id,
        # Requests are measured by `operations.measured`; FastAPI would look for a tracer at each of them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    errors.install(app)
    openapi.install(app, settings.security.oidc)
    middleware.install(app, settings)
    # Routes are tried one after the other, and what takes events is asked for most.
    app.router.routes.extend(_routes())
    return app


@cache
def _routes() -> list[BaseRoute]:
    """What all applications of a process share: reading the signatures of every endpoint takes a tenth of a second."""
    router = APIRouter(generate_unique_id_function=openapi.operation_id)
    include(router, ingest, metrics, beyond, operations, admin, sign_in)
    return router.routes
