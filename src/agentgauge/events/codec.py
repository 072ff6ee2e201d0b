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
    "flag": bool,
    "time": int,
    "json": dict[str, Any],
}


def _member(field: Field) -> tuple[str, Any, Any]:
    python_type = _PYTHON_TYPES[field.type]
    return (field.name, python_type, 0) if field.type == "whole" else (field.name, python_type | None, None)


def line_type(kind: Kind) -> type[msgspec.Struct]:
    """A struct that encodes to the body of a line of `kind`:

    identity, time, name and the kind's own fields, without scope.
    """
    members = [("s", str), ("n", int), ("time", int), ("kind", str)]
    optional = [field for field in fields.COMMON if field.name not in ("time", "kind")]
    return msgspec.defstruct(
        f"{kind.name}_line",
        [*members, *(_member(field) for field in (*optional, *kind.fields))],
        frozen=True,
        omit_defaults=True,
        gc=False,
    )


_Line = msgspec.defstruct(
    "_Line",
    [("v", int), ("kind", str), ("time", int), ("s", str | None, None), ("n", int | None, None)]
    + [_member(field) for field in fields.ALL if field.name not in ("kind", "time")],
)
_decode_line = msgspec.json.Decoder(_Line, strict=True).decode
_peek_version = msgspec.json.Decoder(msgspec.defstruct("_Version", [("v", int)])).decode
_SAME_NAME = tuple(field.name for field in fields.ALL if field.type != "time")


def encode_scope(scope: dict[str, str]) -> bytes:
    """The opening of a line:

    schema version and scope, without the closing brace. Paid once per scope, not per event.
    """
    return encode_json({"v": SCHEMA_VERSION, **scope})[:-1]


def encode_event(event: Event, segment: str, n: int) -> bytes:
    """A whole line, without frame and newline."""
    line: dict[str, Any] = {"v": SCHEMA_VERSION, "s": segment, "n": n, "time": to_micros(event.time)}
    if event.arrived is not None:
        line["arrived"] = to_micros(event.arrived)
    for name in _SAME_NAME:
        value = getattr(event, name)
        if value is not None and (value != 0 or name not in fields.TOKEN_NAMES):
            line[name] = value
    return encode_json(line)


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
    values = {name: getattr(raw, name) for name in _SAME_NAME}
    arrived = raw.arrived  # type: ignore[attr-defined]
    return Event(
        **values,
        time=from_micros(raw.time),  # type: ignore[attr-defined]
        arrived=None if arrived is None else from_micros(arrived),
        segment=raw.s,  # type: ignore[attr-defined]
        n=raw.n,  # type: ignore[attr-defined]
    )
