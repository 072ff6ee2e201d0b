"""The outermost layer: what every answer carries, whatever happened inside.

    X-Request-ID               the caller's, where it is one, else a new one; logs and the audit name it
    security headers           for browsers: nothing is framed, sniffed, or loaded from elsewhere
    an error of no class       becomes a 500 that says the request's id and nothing else; what the log has of it
                               `agentgauge.service.logs` says, and it is neither headers nor bodies

Plain ASGI: it adds to the answer's start and costs some 10 us.
"""

from __future__ import annotations

import logging
import re
import secrets

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentgauge.api.errors import Failure, answered
from agentgauge.state.audit import request_id

_GIVEN = re.compile(rb"[A-Za-z0-9._-]{1,64}", re.ASCII)
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_HEADERS = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    # Not `no-referrer`: with that, browsers say "null" as the origin of a page's own forms.
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"private, no-cache",
}
"""What an answer has that does not say otherwise."""
_ONLY_TLS = (b"strict-transport-security", b"max-age=31536000")
_log = logging.getLogger("agentgauge.api")


class Envelope:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = _request_id(scope)
        started = False
        scope.setdefault("state", {})["request_id"] = own_id
        token = request_id.set(own_id)

        async def send_wrapped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _completed(message.get("headers", ()), own_id, scope["scheme"] == "https")
            await send(message)

        try:
            await self._app(scope, receive, send_wrapped)
        except Exception:  # noqa: BLE001 - the last one there is: what was not foreseen must reach the log, not the caller
            _log.error("%s %s failed, request %s", scope["method"], scope["path"], own_id, exc_info=True)
            if not started:
                failure = Failure(500, "internal", f"a fault of the server: its log says more, at {own_id}")
                await answered(Request(scope), failure)(scope, receive, send_wrapped)
        finally:
            request_id.reset(token)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN.fullmatch(value):
            return str(value, "ascii")
    return secrets.token_hex(8)


def _completed(headers: list[tuple[bytes, bytes]], own_id: str, tls: bool) -> list[tuple[bytes, bytes]]:
    there = {name.lower() for name, _ in headers}
    added = [(name, value) for name, value in _HEADERS.items() if name not in there]
    added.append((b"x-request-id", own_id.encode()))
    if tls:
        added.append(_ONLY_TLS)
    return [*headers, *added]
