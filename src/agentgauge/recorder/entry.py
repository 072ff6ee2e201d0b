"""The general way of an event into a sink: build it, hold it to the rules of its kind, encode it, append it.

Costs about 10 us. What is recorded in every loop of an agent, `Gauge.llm_call`, has a shorter way for the ordinary
case and comes here for all others. Nothing raises into the caller: what is refused is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import Event, validation
from agentgauge.events.codec import encode_event
from agentgauge.recorder import given
from agentgauge.recorder.scope import Scope
from agentgauge.recorder.sink import Sink

Redact = Callable[[dict[str, Any]], dict[str, Any]]
"""Sees the attributes of each event before anything is written, and returns those to keep."""


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
            narrowed = scope.narrowed(own_scope).items if own_scope else scope.items
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
            time = now if at is None else given.aware(at)
            event = Event(
                kind=kind,
                time=time,
                arrived=None if at is None else now,
                attributes=None if attributes is None else given.attributes(attributes),
                **{**narrowed, **members},
            )
            self._write(event, now)
        except EventRefused as refused:
            self.refuse(refused)

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
        event = self._redacted(event)
        if event.time - now > given.FUTURE_TOLERANCE:
            stated = event.time.isoformat()
            kept = {**(event.attributes or {}), "stated_time": stated}
            event = msgspec.structs.replace(event, time=now, attributes=kept)
            self.sink.count("altered", "future time", f"{event.kind} of {stated}, recorded at {now.isoformat()}")
        validation.check(event)
        sink = self.sink
        try:
            line = encode_event(event, sink.segment_id, sink.take())
        except (UnicodeEncodeError, OverflowError, TypeError, RecursionError) as error:
            sink.give_back()
            sink.count("refused", "not JSON", f"{event.kind} cannot be written: {error}")
            return
        sink.append(line[:-1])

    def _redacted(self, event: Event) -> Event:
        if event.attributes is None or self.redact is None:
            return event
        try:
            kept = self.redact(dict(event.attributes))
            return msgspec.structs.replace(event, attributes=given.attributes(kept) if kept else None)
        except Exception as error:  # noqa: BLE001 - the user's code; what it was to hide must not be written
            detail = f"redact raised {type(error).__name__}; the event was kept without attributes"
            self.sink.count("altered", "redaction failed", detail)
            return msgspec.structs.replace(event, attributes=None)


def _utc_now() -> datetime:
    return datetime.now(UTC)
