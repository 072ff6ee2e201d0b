"""Admission: what an event that somebody sent has to keep to, and what the server adds to it.

The rules are those of recorded events (`agentgauge.events.validation`), and of who sends it: a project that the sender
has, which is filled in where it has one only. Reasons say what was wrong without the values that were sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import Event, validation
from agentgauge.events.codec import encode_event, encode_json
from agentgauge.journal.layout import LARGEST_LINE_BYTES, TRAILER_BYTES
from agentgauge.recorder import given
from agentgauge.recorder.attributes import as_json
from agentgauge.service.security.principal import Principal

_NOT_JSON = (UnicodeEncodeError, OverflowError, TypeError, RecursionError)
_LONGEST_LINE_BYTES = LARGEST_LINE_BYTES - TRAILER_BYTES


class Admitted(msgspec.Struct, frozen=True, gc=False):
    event: Event
    in_future: bool
    """It stated a time too far ahead and has got that of its arrival; what it stated is among its attributes."""


class Admission:
    """Of one batch: who sends it and when it arrived."""

    def __init__(
        self, principal: Principal, now: datetime, *, default_project: str | None, largest_attributes: int
    ) -> None:
        self._projects = principal.projects
        self._now = now
        self._largest_attributes = largest_attributes
        own = principal.projects
        self._project = default_project if own is None else next(iter(own)) if len(own) == 1 else None

    def admit(self, event: Event) -> Admitted:
        """The event as it is kept. Raises `EventRefused`."""
        validation.check(event)
        changes: dict[str, Any] = {"arrived": self._now}
        if event.project is None:
            if self._project is not None:
                changes["project"] = self._project
            elif self._projects is not None:
                raise EventRefused("missing project", "this key is for several projects: name one of them as project")
        elif self._projects is not None and event.project not in self._projects:
            raise EventRefused("foreign project", "project is none that this key may record into")
        time = given.aware(event.time)
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

    def _check_size(self, attributes: dict[str, Any]) -> None:
        size = len(_encoded(attributes))
        if size > self._largest_attributes:
            raise EventRefused(
                "attributes too large", f"attributes take {size} bytes as JSON; at most {self._largest_attributes}"
            )


def line_of(event: Event, segment: str, n: int) -> bytes:
    """The line of an event without the closing brace, as the journal frames it. Raises `EventRefused`."""
    try:
        line = encode_event(event, segment, n)
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
