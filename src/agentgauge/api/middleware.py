"""What every request goes through before its route and every answer after it, outermost first:

proxies      who asked, where a proxy that is trusted says it asks for somebody
head         HEAD is asked as GET, and answered without a body
measured     requests are counted and timed
envelope     the request's id, headers for browsers, errors of no class
bodies       too large ones are refused
origins      pages of other origins may ask where they are named
gzip
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from agentgauge.api.body_limit import BodyLimit
from agentgauge.api.envelope import Envelope
from agentgauge.api.head import HeadAsGet
from agentgauge.api.operations.measured import Measured
from agentgauge.settings.server import ServerSettings

_SMALLEST_COMPRESSED = 1024
_NOT_COMPRESSED = ("application/vnd.apache.parquet", "text/event-stream")
"""Packed already, and sent bit by bit. Starlette looks through its own fifteen kinds for each request; none of the
others is answered with."""
_CORS_METHODS = ("GET", "POST", "PUT", "DELETE")
_CORS_HEADERS = ("Authorization", "Cache-Control", "Content-Type", "If-None-Match", "X-API-Key", "X-Request-ID")
_CORS_SHOWN = (
    "Agentgauge-As-Of", "ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Cache", "X-Request-ID",
)  # fmt: skip


def install(app: FastAPI, settings: ServerSettings) -> None:
    """Put the layers around an app, the innermost first."""
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED, exclude_content_types=_NOT_COMPRESSED)
    if settings.security.cors_origins:
        # Without credentials: a page of another origin brings a key, never a person's cookie.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.security.cors_origins,
            allow_methods=_CORS_METHODS,
            allow_headers=_CORS_HEADERS,
            expose_headers=_CORS_SHOWN,
        )
    app.add_middleware(BodyLimit)
    app.add_middleware(Envelope)
    app.add_middleware(Measured)
    app.add_middleware(HeadAsGet)
    if settings.security.trusted_proxies:
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.security.trusted_proxies))
