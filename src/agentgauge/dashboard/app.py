"""The application with its pages: what `agentgauge serve` answers with."""

from __future__ import annotations

import threading

from fastapi import FastAPI

from agentgauge.api.app import create_app as create_api
from agentgauge.api.errors import answer_by
from agentgauge.charts.building import is_built
from agentgauge.dashboard import failures
from agentgauge.dashboard.live import router as live
from agentgauge.dashboard.rendering import prepare
from agentgauge.dashboard.router import router
from agentgauge.dashboard.sign_in import router as sign_in
from agentgauge.service.runtime import Runtime
from agentgauge.settings.server import ServerSettings


def create_app(settings: ServerSettings, runtime: Runtime | None = None) -> FastAPI:
    """The API of one process, and the dashboard at `/`.

    The parts of charts are made in the background, where they are not there yet.
    """
    app = create_api(settings, runtime)
    for part in (router, live, sign_in):
        app.router.routes.extend(part.routes)  # shared by all applications of a process, as the API's are
    answer_by(app, failures.answer)
    if not is_built():
        threading.Thread(target=prepare, name="agentgauge-charts", daemon=True).start()
    return app
