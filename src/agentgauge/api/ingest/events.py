"""`POST /api/v1/events`: events as JSON or NDJSON. 200 means that what was accepted is on the disk.

A batch of which nothing was accepted is an error, 422: a script that looks at the status alone has to learn of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Response

from agentgauge.api.access import RuntimeOf, Sender
from agentgauge.api.ingest import event_schema
from agentgauge.api.ingest.bodies import SentBody
from agentgauge.api.openapi import answer_of, errors
from agentgauge.errors import BodyUnsupported
from agentgauge.service.ingest.receiver import Rejected
from agentgauge.service.ingest.sent_events import Item, events_of_json, events_of_lines

router = APIRouter()
_READERS = {"application/json": events_of_json, "application/x-ndjson": events_of_lines}


class SentEvents(msgspec.Struct, frozen=True):
    """What became of a batch."""

    accepted: int
    """Events that are on the disk."""
    rejected: tuple[Rejected, ...]
    """Events that are not kept, and why; sent again as they are they will be rejected again."""


_ANSWER = answer_of(
    SentEvents,
    "What was accepted is durable; each item that breaks a rule is named, and the others are kept all the same",
    {"accepted": 1, "rejected": [{"index": 1, "reason": "missing field: task needs name"}]},
    schemas={event_schema.NAME: event_schema.schema()},
)
_NONE_ACCEPTED = errors(422)
_NONE_ACCEPTED[422]["description"] = (
    "A parameter is wrong, or no event of the batch was accepted (`event_refused`): `rejected` beside `error` says why "
    "of each, as at 200"
)


@router.post(
    "/api/v1/events",
    responses={**_ANSWER, **errors(400, 408, 413, 415), **_NONE_ACCEPTED},
    openapi_extra={"requestBody": event_schema.body()},
)
async def events(
    runtime: RuntimeOf,
    principal: Sender,
    body: SentBody,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[!-~]+$",
            description="A random name of this request, the same when it is sent again: events without `source_id` "
            "have `<key>:<index>:<digest of what was sent>`, so that each is stored once. Another body under the same "
            "key replaces nothing: its events are new ones.",
        ),
    ] = None,
) -> Response:
    """Record events: one object, a list of them, `{"events": [...]}`, or one per line.

    Bodies may be compressed (`Content-Encoding: gzip` or `zstd`). An event that is sent again is stored once if it has
    a `source_id`, or the request an `Idempotency-Key`. The status is 422 where none was accepted.
    """
    read = _READERS.get(body.media_type)
    if read is None:
        raise BodyUnsupported(f"Content-Type is one of {', '.join(_READERS)}")

    def items() -> Sequence[Item]:
        return read(body.decoded(), body.limits.events, idempotency_key)

    received = await runtime.receiver.kept(items, principal)
    runtime.figures.received("events", received.accepted, len(received.rejected))
    answer = SentEvents(received.accepted, received.rejected)
    if received.rejected and not received.accepted:
        return _none_accepted(answer)
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _none_accepted(answer: SentEvents) -> Response:
    first = answer.rejected[0]
    said = {
        "code": "event_refused",
        "message": f"none of {len(answer.rejected)} accepted; item {first.index}: {first.reason}",
    }
    body = {"success": False, "error": said, **msgspec.structs.asdict(answer)}
    return Response(msgspec.json.encode(body), 422, media_type="application/json")
