"""Admission: what an event that somebody sent has to keep to, and what the server adds to it.

The rules are those of recorded events (`agentgauge.events.validation`), and of who sends it: a project that the sender
has, which is filled in where it has one only. Reasons say what was wrong without the values that were sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import Event, validation
from agentgauge.events.checked import Checked
from agentgauge.events.codec import encode_event, encode_json
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.source_ids import of_project
from agentgauge.journal.layout import LARGEST_LINE_BYTES, TRAILER_BYTES
from agentgauge.recorder import given
from agentgauge.recorder.attributes import as_json
from agentgauge.service.security.principal import Principal

_NOT_JSON = (UnicodeEncodeError, OverflowError, TypeError, RecursionError)
_FUTURE_MICROS = given.FUTURE_TOLERANCE // timedelta(microseconds=1)
_LONGEST_LINE_BYTES = LARGEST_LINE_BYTES - TRAILER_BYTES

ON_ARRIVAL: Final = datetime.max.replace(tzinfo=UTC)
"""The time, this very object, of an event whose sender states none: it is given that of its arrival."""


class Admitted(msgspec.Struct, frozen=True, gc=False):
    event: Event | Checked
    in_future: bool
    """It stated a time too far ahead and has got that of its arrival; what it stated is among its attributes."""


class Admission:
    """Of one batch: who sends it and when it arrived."""

    def __init__(
        self, principal: Principal, now: datetime, *, default_project: str | None, largest_attributes: int
    ) -> None:
        self._projects = principal.projects
        self._now = now
        self._micros = to_micros(now)
        self._largest_attributes = largest_attributes
        own = principal.projects
        self._project = default_project if own is None else next(iter(own)) if len(own) == 1 else None

    def admit(self, event: Event | Checked) -> Admitted:
        """The event as it is kept. Raises `EventRefused`."""
        if isinstance(event, Checked):
            return self._admit_checked(event)
        validation.check(event)
        project = self._project_of(event.project)
        changes: dict[str, Any] = {"arrived": self._now, "project": project}
        if self._projects is not None and project is not None and event.source_id is not None:
            changes["source_id"] = of_project(event.source_id, project)
        time = self._now if event.time is ON_ARRIVAL else given.aware(event.time)
        if time is not event.time:
            changes["time"] = time
        if event.cost_usd is not None:
            changes["cost_usd"] = given.money(event.cost_usd)
        attributes = event.attributes
        if attributes is not None:
            attributes = changes["attributes"] = as_json(attributes)
            self._check_size(attributes)
        if in_future := time - self._now > given.FUTURE_TOLERANCE:
            changes["time"] = self._now
            changes["attributes"] = {**(attributes or {}), "stated_time": time.isoformat()}
        return Admitted(msgspec.structs.replace(event, **changes), in_future)

    def _admit_checked(self, event: Checked) -> Admitted:
        """What is bounded and keeps the rules of its kind has only its project, its id and its time looked at."""
        values = event.values
        project = self._project_of(values.get("project"))
        if project is not None:
            values["project"] = project
            if self._projects is not None and "source_id" in values:
                values["source_id"] = of_project(values["source_id"], project)
        event.arrived = self._micros
        if in_future := event.micros - self._micros > _FUTURE_MICROS:
            stated = {"stated_time": from_micros(event.micros).isoformat()}
            values["attributes"] = {**values.get("attributes", {}), **stated}
            event.micros = self._micros
        return Admitted(event, in_future)

    def _project_of(self, stated: str | None) -> str | None:
        if stated is None:
            if self._project is None and self._projects is not None:
                raise EventRefused("missing project", "this key is for several projects: name one of them as project")
            return self._project
        if self._projects is not None and stated not in self._projects:
            raise EventRefused("foreign project", "project is none that this key may record into")
        return stated

    def _check_size(self, attributes: dict[str, Any]) -> None:
        size = len(_encoded(attributes))
        if size > self._largest_attributes:
            raise EventRefused(
                "attributes too large", f"attributes take {size} bytes as JSON; at most {self._largest_attributes}"
            )


def line_of(event: Event | Checked, segment: str, n: int) -> bytes:
    """The line of an event without the closing brace, as the journal frames it. Raises `EventRefused`."""
    try:
        line = event.line(segment, n) if isinstance(event, Checked) else encode_event(event, segment, n)
    except _NOT_JSON as error:
        raise EventRefused("not JSON", f"it cannot be written as JSON: {type(error).__name__}") from error
    if len(line) > _LONGEST_LINE_BYTES:
        raise EventRefused("event too large", f"{len(line)} bytes as JSON; at most {_LONGEST_LINE_BYTES}")
    return line[:-1]


def _encoded(attributes: dict[str, Any]) -> bytes:
    try:
        return encode_json(attributes)
    except _NOT_JSON as error:
        raise EventRefused("not JSON", f"attributes cannot be written as JSON: {type(error).__name__}") from error
