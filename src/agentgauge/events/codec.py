"""Events as lines of JSON, and back.

A line is one flat JSON object whose keys are the field names; what has its default is left out. Besides the fields it
holds

    v     schema version of the line
    s, n  identity: the segment it was first written to, and its number there
    c     CRC-32 of the bytes before it (written and checked by the journal, which frames the line)

Times are microseconds since 1970 (UTC), money is a decimal in a string. Fields are only ever added, each with a
default, so a line of an older version reads as it stands; a line of a newer version is refused with `EventUnreadable`
rather than half understood.
"""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from agentgauge.errors import EventUnreadable
from agentgauge.events import fields
from agentgauge.events.event import Event, from_micros, to_micros
from agentgauge.events.fields import Field
from agentgauge.events.kinds import Kind

SCHEMA_VERSION = 1

encode_json = msgspec.json.Encoder(decimal_format="string").encode

_PYTHON_TYPES: dict[str, Any] = {
    "text": str,
    "whole": int,
    "real": float,
    "money": Decimal,
    "time": int,
    "json": dict[str, Any],
}


def _member(field: Field) -> tuple[str, Any, Any]:
    python_type = _PYTHON_TYPES[field.type]
    return (field.name, python_type, 0) if field.type == "whole" else (field.name, python_type | None, None)


def line_type(kind: Kind) -> type[msgspec.Struct]:
    """A struct that encodes to the body of a line of `kind`: identity, time, the kind's fields and the ids of spans.

    The rest of the scope is the line's opening; an id may stand in one of the two only.
    """
    members = [("s", str), ("n", int), ("time", int), ("kind", str)]
    optional = [field for field in fields.COMMON if field.name not in ("time", "kind")]
    ids = [fields.BY_NAME[name] for name in fields.ID_NAMES]
    return msgspec.defstruct(
        f"{kind.name}_line",
        [*members, *(_member(field) for field in (*optional, *kind.fields, *ids))],
        frozen=True,
        omit_defaults=True,
        gc=False,
    )


_OTHERS = tuple(field for field in fields.ALL if field.name not in ("kind", "time", "arrived"))
_Line = msgspec.defstruct(
    "_Line",
    [
        *(("v", int), ("kind", str), ("time", int)),
        *((name, member | None, None) for name, member in (("s", str), ("n", int), ("arrived", int))),
        *(_member(field) for field in _OTHERS),
    ],
    omit_defaults=True,
)
_others_of = attrgetter(*(field.name for field in _OTHERS))
_decode_line = msgspec.json.Decoder(_Line, strict=True).decode
_peek_version = msgspec.json.Decoder(msgspec.defstruct("_Version", [("v", int)])).decode


def encode_scope(scope: dict[str, str]) -> bytes:
    """The opening of a line, without the closing brace: schema version and scope, encoded once per scope."""
    return encode_json({"v": SCHEMA_VERSION, **scope})[:-1]


def encode_event(event: Event, segment: str, n: int) -> bytes:
    """A whole line, without frame and newline."""
    arrived = None if event.arrived is None else to_micros(event.arrived)
    return encode_json(
        _Line(SCHEMA_VERSION, event.kind, to_micros(event.time), segment, n, arrived, *_others_of(event))
    )


def decode_line(line: bytes) -> Event:
    """The event of one line. Raises `EventUnreadable` with what was wrong."""
    try:
        version = _peek_version(line).v  # type: ignore[attr-defined]
        if version > SCHEMA_VERSION:
            raise EventUnreadable(
                f"line of schema version {version}; this agentgauge reads up to {SCHEMA_VERSION}: upgrade it"
            )
        raw = _decode_line(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EventUnreadable(f"not an event: {error}") from error
    values = dict(zip((field.name for field in _OTHERS), _others_of(raw), strict=True))
    arrived = raw.arrived  # type: ignore[attr-defined]
    return Event(
        **values,
        kind=raw.kind,  # type: ignore[attr-defined]
        time=from_micros(raw.time),  # type: ignore[attr-defined]
        arrived=None if arrived is None else from_micros(arrived),
        segment=raw.s,  # type: ignore[attr-defined]
        n=raw.n,  # type: ignore[attr-defined]
    )
