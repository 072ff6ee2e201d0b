"""HEAD is GET without its body: asked of every route that answers GET, and answered with the same headers."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = "agentgauge.head"


def is_head(scope: Scope) -> bool:
    """Whether only the headers are asked for: what is long to make need not be made."""
    return scope.get(_HEAD, False) is True


class HeadAsGet:
    """Plain ASGI. The server itself goes on seeing HEAD: it would miss the body that the headers speak of."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", _HEAD: True}, receive, send_head)
