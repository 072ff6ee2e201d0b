"""Events as JSON that others send: the names of `agentgauge.events.fields`, times in ISO 8601 with a zone, money as
text or number.

What is no JSON fails as a whole, before anything is kept (`BodyRefused`). What is JSON and no event is told item by
item: it stands in the batch as the `EventRefused` that says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.errors import BodyRefused, BodyTooLarge, EventRefused
from agentgauge.events import Event, fields
from agentgauge.recorder import given
from agentgauge.service.ingest.admission import ON_ARRIVAL

SET_BY_SERVER = ("arrived", "segment", "n")
"""Of an event, what its sender cannot say."""
SENT_FIELDS = tuple(field for field in fields.ALL if field.name not in SET_BY_SERVER)
_LONGEST_REASON = 200


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


def events_of_json(body: bytes, most: int) -> Sequence[Item]:
    """One object, a list of them, or `{"events": [...]}`. Raises `BodyRefused`, `BodyTooLarge`."""
    try:
        return _items(body, most)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyRefused(f"the body is no JSON of events: {_said(error)}") from error


def _items(body: bytes, most: int) -> Sequence[Item]:
    if body.lstrip()[:1] == b"[":
        try:
            events = _all.decode(body)
        except (msgspec.ValidationError, RecursionError):
            raws = _raw.decode(body)
        else:
            _check_length(len(events), most)
            return [_checked_members(event) for event in events]
    else:
        wrapped = _wrapped.decode(body)
        if wrapped.events is msgspec.UNSET:
            return [_item(body)]
        raws = wrapped.events
    _check_length(len(raws), most)  # before each that is none costs an error
    return [_item(raw) for raw in raws]


def events_of_lines(body: bytes, most: int) -> Sequence[Item]:
    """One object in a line; empty lines are passed over. Raises `BodyRefused` with the line, `BodyTooLarge`."""
    _check_length(body.count(b"\n"), most)
    try:
        items: Sequence[Item] = [_checked_members(event) for event in _one.decode_lines(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        items = [_line(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    _check_length(len(items), most)
    return items


def with_source_ids(items: Sequence[Item], key: str) -> Sequence[Item]:
    """Events without a source id have `<key>:<index>`, so that the same request sent again is stored once."""
    return [
        item
        if isinstance(item, EventRefused) or item.source_id is not None
        else msgspec.structs.replace(item, source_id=f"{key}:{index}")
        for index, item in enumerate(items)
    ]


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
        return EventRefused("not an event", f"Object contains unknown field `{named}`")
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
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:_LONGEST_REASON]
