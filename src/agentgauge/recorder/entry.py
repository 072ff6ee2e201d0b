"""The general way of an event into a sink: build it, hold it to the rules of its kind, encode it, append it.

Costs several microseconds, twice that for a whole event. What is recorded in every loop of an agent,
`Gauge.llm_call`, has a shorter way for the ordinary case and comes here for all others. Nothing raises into the caller:
what is refused is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import Event, kinds, validation
from agentgauge.events.codec import encode_event, encode_json, line_type
from agentgauge.events.event import to_micros
from agentgauge.recorder import given
from agentgauge.recorder.scope import Scope
from agentgauge.recorder.sink import Sink

Redact = Callable[[dict[str, Any]], dict[str, Any]]
"""Sees the attributes of each event before anything is written, and returns those to keep."""

_LINES: dict[str, Callable[..., Any]] = {kind.name: line_type(kind) for kind in kinds.KINDS}
_NOT_JSON = (UnicodeEncodeError, OverflowError, TypeError, RecursionError)


class Entry:
    """Where a gauge's events enter its sink."""

    def __init__(self, sink: Sink, redact: Redact | None, clock: Callable[[], datetime] | None = None) -> None:
        self.sink = sink
        self.redact = redact
        self._now = clock or _utc_now

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
    ) -> None:
        """Record an event of `kind` from what a caller gave; None stands for not given."""
        try:
            current = scope.narrowed(own_scope) if own_scope else scope
            members: dict[str, Any] = {
                name: value if type(value) is str else given.plain(name, value)
                for name, value in values.items()
                if value is not None
            }
            stated = given.outcome(success, members.pop("outcome", None))
            if stated is not None:
                members["outcome"] = stated
            if "cost_usd" in members:
                members["cost_usd"] = given.money(members["cost_usd"])
                members["cost_source"] = "reported"
            now = self._now()
            time = now
            if at is not None:
                time, members["arrived"] = given.aware(at), now
            if attributes is not None and (kept := self._redacted(given.attributes(attributes))):
                members["attributes"] = kept
            if time - now > given.FUTURE_TOLERANCE:
                members["attributes"] = self._stated_time(kind, time, now, members.get("attributes"))
                time = now
            validation.check_values(kind, members)
            if "arrived" in members:
                members["arrived"] = to_micros(now)
            body = self._encoded(_LINES[kind], to_micros(time), kind, members)
            if body is not None:
                self.sink.append(body[1:-1], current.prefix, current.crc)
        except EventRefused as refused:
            self.refuse(refused)

    def _encoded(self, line: Callable[..., Any], micros: int, kind: str, members: dict[str, Any]) -> bytes | None:
        """A line's own members. None, and counted, where some text cannot be written."""
        sink = self.sink
        try:
            return encode_json(line(sink.segment_id, sink.take(), micros, kind, **members))
        except _NOT_JSON as error:
            sink.give_back()
            sink.count("refused", "not JSON", f"{kind} cannot be written: {error}")
            return None

    def event(self, event: Event, scope: Scope) -> None:
        """Record a whole event: imported, received, or built by hand. Scope fields it does not name are the scope's."""
        try:
            if not isinstance(event, Event):
                raise EventRefused("wrong type", f"record() takes an Event, got {type(event).__name__}")
            validation.check(event)
            now = self._now()
            changes: dict[str, Any] = {
                name: value for name, value in scope.items.items() if getattr(event, name) is None
            }
            changes["time"] = given.aware(event.time)
            if event.arrived is None:
                changes["arrived"] = now
            if event.cost_usd is not None:
                changes["cost_usd"] = given.money(event.cost_usd)
            if event.attributes is not None:
                changes["attributes"] = given.attributes(event.attributes)
            self._write(msgspec.structs.replace(event, **changes), now)
        except EventRefused as refused:
            self.refuse(refused)

    def refuse(self, refused: EventRefused) -> None:
        self.sink.count("refused", refused.reason, str(refused).removeprefix(f"{refused.reason}: "))

    def _write(self, event: Event, now: datetime) -> None:
        if event.attributes is not None:
            event = msgspec.structs.replace(event, attributes=self._redacted(event.attributes))
        if event.time - now > given.FUTURE_TOLERANCE:
            kept = self._stated_time(event.kind, event.time, now, event.attributes)
            event = msgspec.structs.replace(event, time=now, attributes=kept)
        sink = self.sink
        try:
            line = encode_event(event, sink.segment_id, sink.take())
        except _NOT_JSON as error:
            sink.give_back()
            sink.count("refused", "not JSON", f"{event.kind} cannot be written: {error}")
            return
        sink.append(line[:-1])

    def _stated_time(
        self, kind: str, time: datetime, now: datetime, attributes: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Attributes that keep a time too far in the future, which is counted."""
        stated = time.isoformat()
        self.sink.count("altered", "future time", f"{kind} of {stated}, recorded at {now.isoformat()}")
        return {**(attributes or {}), "stated_time": stated}

    def _redacted(self, attributes: dict[str, Any]) -> dict[str, Any] | None:
        if self.redact is None:
            return attributes
        try:
            kept = self.redact(dict(attributes))
            return given.attributes(kept) if kept else None
        except Exception as error:  # noqa: BLE001 - the user's code; what it was to hide must not be written
            detail = f"redact raised {type(error).__name__}; the event was kept without attributes"
            self.sink.count("altered", "redaction failed", detail)
            return None


def _utc_now() -> datetime:
    return datetime.now(UTC)
