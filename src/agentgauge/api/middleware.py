"""What every request goes through before its route and every answer after it, outermost first."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from agentgauge.settings.server import ServerSettings

_SMALLEST_COMPRESSED = 1024


def install(app: FastAPI, settings: ServerSettings) -> None:
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED)
