"""Bodies of requests that send events: read within limits, and decompressed on a thread.

    async def route(body: SentBody, runtime: RuntimeOf, principal: Sender) -> Response:
        received = await runtime.receiver.kept(lambda: events_of(body.decoded()), principal)

A body is read only after its sender may send. What it takes in memory, compressed, decompressed and as the values of
its JSON, is counted until the request is answered; a body that grows beyond the limit while it is decompressed is given
up there and then. A few kilobytes of zstd may hold millions of values, each of which takes a hundred bytes once it is
read: they are counted before that.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from agentgauge.api.access import RuntimeOf, Sender
from agentgauge.errors import BodyRefused, BodyTooLarge, BodyUnsupported
from agentgauge.service.ingest.waiting import Room
from agentgauge.settings.ingest import IngestSettings

ENCODINGS = ("identity", "gzip", "zstd")
_ZSTD_WINDOW_BYTES = 8 << 20
"""The largest that a sender may use with HTTP (RFC 9659)."""
_PIECE = 1 << 20
_JSON = ("application/json", "application/x-ndjson")
_PROTOBUF = "application/x-protobuf"
_VALUE_BYTES = 64
"""What a value of JSON takes once it is read, beside its text."""
_MESSAGE_FACTOR = 4
"""What a protobuf message usually takes once it is read, as a multiple of its bytes; one of empty parts takes 30."""


class Body:
    """What was sent, as it was sent."""

    def __init__(self, media_type: str, encoding: str, sent: bytes, limits: IngestSettings, room: Room) -> None:
        self.media_type = media_type
        """Lower case, without parameters; empty where none was said."""
        self.limits = limits
        self._encoding = encoding
        self._sent = sent
        self._room = room

    def decoded(self) -> bytes:
        """The body without its content encoding. To be called on a thread.

        Raises `BodyRefused` where it is damaged, `BodyTooLarge`, `ServerBusy`.
        """
        if self._encoding == "identity":
            body = self._sent
        else:
            decoder = _gunzipped if self._encoding == "gzip" else _unzstd
            body = decoder(self._sent, self.limits.decoded_bytes, self._room)
        if self.media_type in _JSON:
            self._count_values(body)
        elif self.media_type == _PROTOBUF:
            self._room.take(len(body) * _MESSAGE_FACTOR)
        return body

    def _count_values(self, body: bytes) -> None:
        """Every value but the first stands behind one of these, or behind a name that does; text may hold some too."""
        values = sum(map(body.count, (b",", b"[", b"{")))
        if values > self.limits.values:
            raise BodyTooLarge(f"the body holds more than {self.limits.values} values: send less at once")
        self._room.take(values * _VALUE_BYTES)


async def _body_of(request: Request, runtime: RuntimeOf, principal: Sender) -> AsyncIterator[Body]:
    limits = runtime.settings.ingest
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ENCODINGS:
        raise BodyUnsupported(f"Content-Encoding is one of {', '.join(ENCODINGS)}, and one only")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.body_bytes:
        raise _too_large(limits.body_bytes)
    with runtime.receiver.waiting.room() as room:
        try:
            async with asyncio.timeout(limits.body_seconds):
                sent = await _read(request, limits.body_bytes, room)
        except TimeoutError as error:
            raise HTTPException(408, "the body took too long to arrive", {"Connection": "close"}) from error
        yield Body(media_type_of(request), encoding, sent, limits, room)


SentBody = Annotated[Body, Depends(_body_of)]


def media_type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request, limit: int, room: Room) -> bytes:
    parts: list[bytes] = []
    try:
        async for part in request.stream():
            room.take(len(part))
            if room.bytes > limit:
                raise _too_large(limit)
            parts.append(part)
    except ClientDisconnect as error:
        raise BodyRefused("the connection ended before the body did") from error
    return b"".join(parts)


def _gunzipped(sent: bytes, limit: int, room: Room) -> bytes:
    pieces: list[bytes] = []
    left, rest = limit + 1, sent
    try:
        while rest:  # one member after the other
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                piece = member.decompress(rest, min(left, _PIECE))
                room.take(len(piece))
                rest = member.unconsumed_tail
                pieces.append(piece)
                left -= len(piece)
                if left <= 0:
                    raise _too_large(limit, "decompressed ")
                if not piece and not rest and not member.eof:
                    raise BodyRefused("the body is gzip that ends too early")
            rest = member.unused_data
    except zlib.error as error:
        raise BodyRefused(f"the body is no gzip: {error}") from error
    return b"".join(pieces)


def _unzstd(sent: bytes, limit: int, room: Room) -> bytes:
    import zstandard  # deferred: few senders use it

    pieces: list[bytes] = []
    total = 0
    try:
        decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
        with decoder.stream_reader(sent, read_across_frames=True) as reader:
            while piece := reader.read(_PIECE):
                room.take(len(piece))
                total += len(piece)
                if total > limit:
                    raise _too_large(limit, "decompressed ")
                pieces.append(piece)
        stated = zstandard.frame_content_size(sent)  # the reader takes an end that comes too early for the end
    except zstandard.ZstdError as error:
        raise BodyRefused(f"the body is no zstd: {error}") from error
    if total < stated:
        raise BodyRefused("the body is zstd that ends too early")
    return b"".join(pieces)


def _too_large(limit: int, what: str = "") -> BodyTooLarge:
    return BodyTooLarge(f"the {what}body is larger than {limit} bytes: send less at once")
