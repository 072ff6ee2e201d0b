"""The application with its pages: what `agentgauge serve` answers with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from agentgauge.api.app import create_app as create_api
from agentgauge.api.errors import answer_by
from agentgauge.dashboard import failures, unfinished, warming
from agentgauge.dashboard.live import router as live
from agentgauge.dashboard.router import router
from agentgauge.dashboard.sign_in import router as sign_in
from agentgauge.service.runtime import Runtime
from agentgauge.settings.server import ServerSettings

_Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def create_app(settings: ServerSettings, runtime: Runtime | None = None) -> FastAPI:
    """The API of one process, and the dashboard at `/`.

    What pages need is loaded in the background.
    """
    app = create_api(settings, runtime)
    for part in (router, live, sign_in):
        app.router.routes.extend(part.routes)  # shared by all applications of a process, as the API's are
    answer_by(app, failures.answer)
    app.router.lifespan_context = _until_pages_are_made(app.router.lifespan_context)
    warming.begin()
    return app


def _until_pages_are_made(lifespan: _Lifespan) -> _Lifespan:
    """No connection waits for a page that was sent unfinished, and yet it is made of what ends with the application."""

    @asynccontextmanager
    async def longer(app: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(app) as state:
            yield state
            await unfinished.finished()

    return longer
