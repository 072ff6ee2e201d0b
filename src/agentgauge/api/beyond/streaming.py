"""Answers that are sent as they are made: no answer is in memory as a whole, and none looks complete that is not.

What fails before the first bytes is an error as everywhere. What fails later breaks the connection off, so that the
caller knows: the status has been sent by then. Whoever goes away ends the work, after the piece that is being made, and
so does who takes nothing for a minute: what the work holds is needed by others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain

import anyio
import anyio.to_thread
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

_CHUNK = 64 << 10
_PATIENCE_S = 60.0


class Streamed(StreamingResponse):
    """Pieces from a thread; what they need is held by `held`, and let go at the end, however that comes."""

    def __init__(
        self,
        pieces: Iterable[bytes],
        held: ExitStack,
        media_type: str,
        headers: Mapping[str, str],
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._held = held
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            with anyio.fail_after(self._patience_s):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._held.close)


def begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same in larger chunks, of which the first is made: what is wrong with the question is known by then."""
    chunks = _chunks(pieces)
    first = next(chunks, b"")
    return chain((first,), chunks)


def _chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
