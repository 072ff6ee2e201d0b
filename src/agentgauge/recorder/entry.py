"""The general way of an event into a sink: build it, hold it to the rules of its kind, encode it, append it.

Costs several microseconds, twice that for a whole event. What is recorded in every loop of an agent,
`Gauge.llm_call`, has a shorter way for the ordinary case and comes here for all others. Nothing raises into the caller
but `BudgetExceeded`, of an event that was kept: what is refused is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import time_ns
from typing import Any

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import Event, fields, kinds, validation
from agentgauge.events.codec import encode_event, encode_json, line_type
from agentgauge.events.event import from_micros, to_micros
from agentgauge.interruption import is_interruption
from agentgauge.recorder import given
from agentgauge.recorder.attributes import as_json
from agentgauge.recorder.guards import charge
from agentgauge.recorder.ordinary import ordinary_members
from agentgauge.recorder.scope import Place, Scope
from agentgauge.recorder.sink import Sink

Redact = Callable[[dict[str, Any]], dict[str, Any]]
"""Sees the attributes of each event before anything is written, and returns those to keep.

It sees an error message too, in a call of its own with `{"error_message": text}`: messages of providers repeat prompts.
What it returns under that name is written, and no message where it returns none.
"""

_LINES: dict[str, Callable[..., Any]] = {kind.name: line_type(kind) for kind in kinds.KINDS}
_NO_IDS: dict[str, str] = {}
_PLAIN = frozenset((str, int, float, bool))
_FUTURE_MICROS = given.FUTURE_TOLERANCE // timedelta(microseconds=1)
_NOT_JSON = (UnicodeEncodeError, OverflowError, TypeError, RecursionError)


class Kept(msgspec.Struct, frozen=True, gc=False):
    """An event that was written: `event` is it as a reader will see it."""

    kind: str
    micros: int
    segment: str
    n: int
    scope: Scope
    members: dict[str, Any]

    def event(self) -> Event:
        values: dict[str, Any] = self.scope.items | self.members
        if "arrived" in values:
            values["arrived"] = from_micros(values["arrived"])
        return Event(kind=self.kind, time=from_micros(self.micros), segment=self.segment, n=self.n, **values)


class Entry:
    """Where a gauge's events enter its sink."""

    def __init__(self, sink: Sink, redact: Redact | None, clock: Callable[[], datetime] | None = None) -> None:
        self.sink = sink
        self.redact = redact
        self._clock = clock

    def values(
        self,
        kind: str,
        scope: Scope,
        own_scope: Mapping[str, object],
        values: Mapping[str, object],
        *,
        success: object = None,
        at: object = None,
        attributes: object = None,
        message_characters: int | None = None,
        place: Place | None = None,
    ) -> Kept | None:
        """Record an event of `kind` from what a caller gave; None stands for not given.

        An error message is cut to `message_characters`, after the redaction hook has seen all of it. What was kept, or
        None where the event was refused or dropped, which is counted.
        """
        try:
            if place is not None:
                scope = place.within(scope)
            around, ids = scope.around(own_scope) if own_scope else (scope, _NO_IDS)
            kept = self._values(kind, around, ids, values, success, at, attributes, message_characters)
        except EventRefused as refused:
            self.refuse(refused)
        except Exception as error:  # methods of the values given, any of which may raise anything
            if is_interruption(error):
                raise
            self._refuse_unusable(error)
        else:
            if kept is not None and kept.scope.guards:
                charge(kept.scope.guards, kept.event())
            return kept
        return None

    def _values(
        self,
        kind: str,
        scope: Scope,
        ids: Mapping[str, str],
        values: Mapping[str, object],
        success: object,
        at: object,
        attributes: object,
        message_characters: int | None,
    ) -> Kept | None:
        members = ordinary_members(kind, values, success)
        if members is None:
            members = _members(kind, values, success, attributes)
            _check_no_scope(members)
            validation.check_values(kind, members)
        elif attributes:
            members["attributes"] = as_json(attributes)
        if scope.attributes:
            members["attributes"] = {**scope.attributes, **members.get("attributes", {})}
        if self.redact is not None and ("attributes" in members or "error_message" in members):
            self._redact_members(members)
        if message_characters is not None and "error_message" in members:
            members["error_message"] = members["error_message"][:message_characters]
        micros = time_ns() // 1000 if self._clock is None else to_micros(self._clock())
        if at is not None:
            now, micros = micros, to_micros(given.aware(at))
            members["arrived"] = now
            if micros - now > _FUTURE_MICROS:
                members["attributes"] = self._stated_time(kind, micros, now, members.get("attributes"))
                micros = now
        members.update(ids)
        sink = self.sink
        segment, number = sink.segment_id, sink.take()
        try:
            body = encode_json(_LINES[kind](segment, number, micros, kind, **members))
        except _NOT_JSON as error:
            sink.give_back()
            if is_interruption(error):
                raise
            sink.count("refused", "not JSON", f"{kind} cannot be written: {error}")
            return None
        if not sink.append(body[1:-1], scope.prefix, scope.crc):
            return None
        return Kept(kind, micros, segment, number, scope, members)

    def event(self, event: Event, scope: Scope) -> None:
        """Record a whole event: imported, received, or built by hand. Scope fields it does not name are the scope's.

        One that has its identity was read back and is in the stream already: nothing is done.
        """
        try:
            if not isinstance(event, Event):
                raise EventRefused("wrong type", f"record() takes an Event, got {type(event).__name__}")
            if event.segment is not None:
                return
            validation.check(event)
            now = from_micros(time_ns() // 1000) if self._clock is None else self._clock()
            changes: dict[str, Any] = {
                name: value for name, value in scope.items.items() if getattr(event, name) is None
            }
            changes["time"] = given.aware(event.time)
            if event.arrived is None:
                changes["arrived"] = now
            if event.cost_usd is not None:
                changes["cost_usd"] = given.money(event.cost_usd)
            attributes = None if event.attributes is None else as_json(event.attributes)
            if scope.attributes:
                attributes = {**scope.attributes, **(attributes or {})}
            changes["attributes"], changes["error_message"] = self._redacted(attributes, event.error_message)
            kept = self._write(msgspec.structs.replace(event, **changes), now)
        except EventRefused as refused:
            self.refuse(refused)
        except Exception as error:  # as in `values`
            if is_interruption(error):
                raise
            self._refuse_unusable(error)
        else:
            if kept is not None and scope.guards:
                charge(scope.guards, kept)

    def narrowed(self, scope: Scope, values: Mapping[str, object]) -> Scope:
        """`scope` with those of `values` set that can be. Others are left out and counted; what is recorded is kept."""
        try:
            return scope.extended(values)
        except EventRefused:
            return self._narrowed_one_by_one(scope, values)
        except Exception as error:  # as in `values`
            if is_interruption(error):
                raise
            self.sink.count("altered", "scope left out", f"reading what was given raised {type(error).__name__}")
            return scope

    def _narrowed_one_by_one(self, scope: Scope, values: Mapping[str, object]) -> Scope:
        for name, value in values.items():
            try:
                scope = scope.extended({name: value})
            except EventRefused as refused:
                self.sink.count("altered", "scope left out", str(refused))
        return scope

    def refuse(self, refused: EventRefused) -> None:
        self.sink.count("refused", refused.reason, str(refused).removeprefix(f"{refused.reason}: "))

    def _refuse_unusable(self, error: Exception) -> None:
        self.sink.count("refused", "unusable value", f"reading what was given raised {type(error).__name__}")

    def _write(self, event: Event, now: datetime) -> Event | None:
        """The event with its identity, where it was kept."""
        if event.time - now > given.FUTURE_TOLERANCE:
            kept = self._stated_time(event.kind, to_micros(event.time), to_micros(now), event.attributes)
            event = msgspec.structs.replace(event, time=now, attributes=kept)
        sink = self.sink
        segment, number = sink.segment_id, sink.take()
        try:
            line = encode_event(event, segment, number)
        except _NOT_JSON as error:
            sink.give_back()
            if is_interruption(error):
                raise
            sink.count("refused", "not JSON", f"{event.kind} cannot be written: {error}")
            return None
        return msgspec.structs.replace(event, segment=segment, n=number) if sink.append(line[:-1]) else None

    def _stated_time(self, kind: str, time: int, now: int, attributes: dict[str, Any] | None) -> dict[str, Any]:
        """Attributes that keep a time (in microseconds since 1970) too far in the future, which is counted."""
        stated = from_micros(time).isoformat()
        self.sink.count("altered", "future time", f"{kind} of {stated}, recorded at {from_micros(now).isoformat()}")
        return {**(attributes or {}), "stated_time": stated}

    def _redact_members(self, members: dict[str, Any]) -> None:
        kept, message = self._redacted(members.pop("attributes", None), members.pop("error_message", None))
        if kept:
            members["attributes"] = kept
        if message is not None:
            members["error_message"] = message

    def _redacted(
        self, attributes: dict[str, Any] | None, message: str | None
    ) -> tuple[dict[str, Any] | None, str | None]:
        """What the hook keeps of an event's attributes and of its error message."""
        if self.redact is None:
            return attributes, message
        try:
            if attributes is not None:
                kept = self.redact(dict(attributes))
                attributes = as_json(kept) if kept else None
            if message is not None:
                said = (self.redact({"error_message": message}) or {}).get("error_message")
                message = None if said is None else str.__str__(said)
        except Exception as error:  # the user's code; what it was to hide must not be written
            if is_interruption(error):
                raise
            detail = f"redact raised {type(error).__name__}; the event was kept without attributes and error message"
            self.sink.count("altered", "redaction failed", detail)
            return None, None
        return attributes, message


def _check_no_scope(members: Mapping[str, object]) -> None:
    """An id that stood in a line's opening and in its body would make every reader refuse the file."""
    for name in fields.SCOPE_NAMES:
        if name in members:
            raise EventRefused("field not of this kind", f"{name} is of the scope: give it beside the values")


def _members(kind: object, values: Mapping[str, object], success: object, attributes: object) -> dict[str, Any]:
    """An event's own fields, of the types that they are kept in; what has no value is not among them."""
    members: dict[str, Any] = {
        name: value if type(value) in _PLAIN else given.plain(name, value)
        for name, value in values.items()
        if value is not None
    }
    stated = given.outcome(success, members.pop("outcome", None))
    if stated is not None:
        members["outcome"] = stated
    if "cost_usd" in members:
        members["cost_usd"] = given.money(members["cost_usd"])
        members.setdefault("cost_source", "reported")
    if attributes is not None and (kept := as_json(attributes)):
        members["attributes"] = kept
    if kind == "satisfaction":
        given.satisfaction(members)
    return members
