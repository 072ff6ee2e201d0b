"""Bodies of questions and decisions are small: a larger one is refused before it is read to its end.

What takes events has limits of its own, which it tells apart by what a body decompresses to.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentgauge.api.errors import error_response

MOST_BYTES = 1 << 20
INGEST = ("/api/v1/events", "/api/v1/journals", "/v1/traces", "/v1/metrics", "/v1/logs")
"""Where what takes events is."""


class BodyLimit:
    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most
        self._said = f"a body has at most {most:,} bytes here"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or scope["path"].startswith(INGEST):
            await self._app(scope, receive, send)
            return
        if _stated(scope) > self._most:
            await error_response(413, "content_too_large", self._said, headers={"Connection": "close"})(
                scope, receive, send
            )
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise HTTPException(413, self._said)
            return message

        await self._app(scope, receive_counted, send)


def _stated(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
