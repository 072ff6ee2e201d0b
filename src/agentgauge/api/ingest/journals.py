"""`/api/v1/journals/{journal}/{segment}`: ranges of the bytes of a journal that is kept on another machine.

    GET   how far the segment is here; HEAD the same, in the header X-High-Water-Mark
    PUT   ?offset=N the bytes from there; &closed=true: the segment ends with them

A sender reads its segment as any reader does, sends whole lines from the high-water mark on, and may remove the segment
once a closed one was acknowledged.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Response

from agentgauge.api.access import RuntimeOf, Sender
from agentgauge.api.ingest.bodies import SentBody
from agentgauge.api.openapi import answer_of, errors
from agentgauge.journal.replica import Mark

HIGH_WATER = "X-High-Water-Mark"

router = APIRouter()
Journal = Annotated[
    str,
    Path(pattern="^[0-9a-f]{32}$", description="Id of the journal, as its file `id` says", examples=["0f" * 16]),
]
Segment = Annotated[
    str,
    Path(pattern=r"^[0-9a-f]{12}-[0-9]{6,12}$", description="As its header says", examples=["5be0ad1c9f27-000003"]),
]


class ReceivedRange(msgspec.Struct, frozen=True):
    """How far a segment is here."""

    end: int
    """Bytes from its beginning that are on the disk: where to go on."""
    closed: bool
    """It has ended, and its sender does not need it any more."""


_ANSWER = answer_of(ReceivedRange, "How far the segment is here", {"end": 262144, "closed": False})


@router.get("/api/v1/journals/{journal}/{segment}", responses=_ANSWER)
def journal_end(runtime: RuntimeOf, principal: Sender, journal: Journal, segment: Segment) -> Response:
    """How far a segment is here; 0 where nothing of it is."""
    return _answer(runtime.replicas.mark(principal, journal, segment))


@router.head("/api/v1/journals/{journal}/{segment}", include_in_schema=False)
def journal_end_in_header(runtime: RuntimeOf, principal: Sender, journal: Journal, segment: Segment) -> Response:
    return _answer(runtime.replicas.mark(principal, journal, segment))


@router.put(
    "/api/v1/journals/{journal}/{segment}",
    responses={**_ANSWER, **errors(400, 408, 409, 413, 415)},
    openapi_extra={
        "requestBody": {
            "description": "Bytes of the segment from `offset` on, to the end of a line",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def journal_range(
    runtime: RuntimeOf,
    principal: Sender,
    journal: Journal,
    segment: Segment,
    body: SentBody,
    offset: Annotated[int, Query(ge=0, lt=1 << 53, description="Byte of the segment at which the body begins")],
    closed: Annotated[bool, Query(description="The segment ends with this body")] = False,
) -> Response:
    """Keep a range of bytes. 200 means that they are on the disk; sent again they change nothing.

    409 where bytes are missing in front of them, or others are there already: `X-High-Water-Mark` says where to go on.
    400 where a line is damaged or breaks a rule: `X-Refused-Bytes` says which bytes, to be sent as NULs instead.
    """

    def kept() -> Mark:
        return runtime.replicas.put(principal, journal, segment, offset, body.decoded(), closed=closed)

    return _answer(await runtime.receiver.on_thread(kept))


def _answer(mark: Mark) -> Response:
    return Response(
        msgspec.json.encode(ReceivedRange(mark.end, mark.closed)),
        media_type="application/json",
        headers={HIGH_WATER: str(mark.end)},
    )
