"""Heads of requests, which anybody may send: they are bounded in length and in time.

httptools puts a header together from the reads that it came in, copying it each time, and uvicorn waits for it as long
as it takes: without an end, one connection would keep a process busy, fill its memory or hold a descriptor for ever.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 1 << 16
HEAD_SECONDS = 30.0
"""How long a connection may take to say what it asks."""
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 24\r\n\r\nThe headers are too long"
)


class BoundedHeads(HttpToolsProtocol):
    """Costs a comparison for each read, and a timer for each request."""

    _beside_bodies = 0
    """Bytes since the last that were of a body, or ended a head: what the parser holds, trailers included."""
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._beside_bodies += len(data)
        super().data_received(data)
        if self._beside_bodies > MOST_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._late is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._beside_bodies = 0
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._beside_bodies = 0
        super().on_body(body)

    def _await_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, lambda: self.transport.close())

    def _head_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
