"""The layer that counts and logs requests and how long they took, by the template of their route: addresses have no
end. A stream of events took as long as its beginning: how long somebody listened says nothing of the server.

Plain ASGI; it costs a few microseconds.
"""

from __future__ import annotations

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentgauge.api.operations.access_log import log_request
from agentgauge.service.monitoring.process import ProcessFigures

_NO_ROUTE = "none"
"""What was asked for under an address that there is not."""
_STREAM = (b"content-type", b"text/event-stream; charset=utf-8")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "OTHER"
_ABANDONED = 499
"""The client went away before there was an answer; the number is nginx's."""


class Measured:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, streamed = perf_counter(), _ABANDONED, None

        async def send_wrapped(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status = message["status"]
                if _STREAM in message.get("headers", ()):
                    streamed = perf_counter()
            await send(message)

        try:
            await self._app(scope, receive, send_wrapped)
        finally:
            figures: ProcessFigures = scope["app"].state.runtime.figures
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            route, seconds = _template(scope), (streamed or perf_counter()) - started
            figures.answered(method, route, status, seconds)
            log_request(scope.get("state", {}), method, route, status, seconds)


def _template(scope: Scope) -> str:
    path: str = getattr(scope.get("route"), "path", _NO_ROUTE)
    return path
