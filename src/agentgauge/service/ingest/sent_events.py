"""Events as JSON that others send: the names of `agentgauge.events.fields`, times in ISO 8601 with a zone, money as
text or number.

What is no JSON fails as a whole, before anything is kept (`BodyRefused`). What is JSON and no event is told item by
item: it stands in the batch as the `EventRefused` that says why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from agentgauge.errors import BodyRefused, BodyTooLarge, EventRefused
from agentgauge.events import Event, fields
from agentgauge.recorder import given
from agentgauge.service.ingest.admission import ON_ARRIVAL
from agentgauge.service.ingest.other_names import ours_for

SET_BY_SERVER = ("arrived", "segment", "n")
"""Of an event, what its sender cannot say."""
SENT_FIELDS = tuple(field for field in fields.ALL if field.name not in SET_BY_SERVER)
_MEMBERS = (*(field.name for field in SENT_FIELDS), "success")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`\Z", re.DOTALL)
_LONGEST_REASON = 200
_DIGEST_BYTES = 8
"""Enough to tell requests of one sender apart that have the same key."""


class _SentEvent(Event, frozen=True, forbid_unknown_fields=True):
    """Decoded at once, without a copy; `SET_BY_SERVER` and `success` are looked at afterwards."""

    time: datetime = ON_ARRIVAL
    success: bool | None = None
    """Another way to say the outcome, as where events are recorded; it is no field of an event that is kept."""


class _Wrapped(msgspec.Struct):
    events: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


Item = Event | EventRefused
_one: msgspec.json.Decoder[_SentEvent] = msgspec.json.Decoder(_SentEvent)
_all: msgspec.json.Decoder[list[_SentEvent]] = msgspec.json.Decoder(list[_SentEvent])
_raw: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_wrapped = msgspec.json.Decoder(_Wrapped)
_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def events_of_json(body: bytes, most: int, key: str | None = None) -> Sequence[Item]:
    """One object, a list of them, or `{"events": [...]}`. Raises `BodyRefused`, `BodyTooLarge`.

    `key` names the request: events without a source id are called after it, so that the same request sent again is
    stored once. Their names hold what was sent, so that another request of the same key replaces nothing.
    """
    try:
        if key is None and body.lstrip()[:1] == b"[":
            try:
                events = _all.decode(body)
            except (msgspec.ValidationError, RecursionError):
                pass
            else:
                _check_length(len(events), most)
                return [_checked_members(event) for event in events]
        raws = _raws(body)
        _check_length(len(raws), most)  # before each that is none costs an error
        return [_named(_item(raw), key, index, raw) for index, raw in enumerate(raws)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyRefused(f"the body is no JSON of events: {_said(error)}") from error


def events_of_lines(body: bytes, most: int, key: str | None = None) -> Sequence[Item]:
    """One object in a line; empty lines are passed over. `key` is as above. Raises `BodyRefused` with the line,
    `BodyTooLarge`.
    """
    _check_length(body.count(b"\n"), most)
    items: Sequence[Item] | None = None
    if key is None:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            items = [_checked_members(event) for event in _one.decode_lines(body)]
    if items is None:
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        items = [_named(_line(number, line), key, index, line) for index, (number, line) in enumerate(lines)]
    _check_length(len(items), most)
    return items


def _raws(body: bytes) -> Sequence[bytes | msgspec.Raw]:
    if body.lstrip()[:1] == b"[":
        return _raw.decode(body)
    events = _wrapped.decode(body).events
    return [body] if isinstance(events, msgspec.UnsetType) else events


def _named(item: Item, key: str | None, index: int, sent: bytes | msgspec.Raw) -> Item:
    if key is None or isinstance(item, EventRefused) or item.source_id is not None:
        return item
    digest = blake2b(bytes(sent), digest_size=_DIGEST_BYTES).hexdigest()
    return msgspec.structs.replace(item, source_id=f"{key}:{index}:{digest}")


def _line(number: int, line: bytes) -> Item:
    item = _item(line)
    if isinstance(item, EventRefused):
        try:
            _anything.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BodyRefused(f"line {number} of the body is no JSON: {_said(error)}") from error
    return item


def _item(raw: bytes | msgspec.Raw) -> Item:
    try:
        return _checked_members(_one.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return EventRefused("not an event", _said(error))


def _checked_members(event: _SentEvent) -> Item:
    if event.arrived is not None or event.segment is not None or event.n is not None:
        named = next(name for name in SET_BY_SERVER if getattr(event, name) is not None)
        return EventRefused("not an event", f"Object contains unknown field `{named}`, which the server sets")
    if event.time.tzinfo is None:
        return EventRefused("naive time", "time has no zone: end it with Z for UTC, or with an offset such as +01:00")
    return event if event.success is None else _with_outcome(event, event.success)


def _with_outcome(event: _SentEvent, success: bool) -> Item:
    stated = event.outcome
    if stated is None:
        return msgspec.structs.replace(event, outcome=given.outcome(success, None))
    if stated in fields.OUTCOMES and (stated == "success") is not success:
        return EventRefused("success and outcome differ", f"outcome {stated}, success {success}: send one of them")
    return event


def _check_length(items: int, most: int) -> None:
    if items > most:
        raise BodyTooLarge(f"the body holds {items} events; at most {most} at once")


def _said(error: Exception) -> str:
    """msgspec names the place, the type and an unknown field, and repeats no value."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    said = str(error)
    unknown = _UNKNOWN.match(said)
    advice = f"; {ours_for(unknown['name'], _MEMBERS)}" if unknown else ""
    return said[:_LONGEST_REASON] + advice
