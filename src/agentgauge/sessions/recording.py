"""Events of this vocabulary into the stream.

    agent_invocation        a `task` with a span of its own, and within it an `llm_call` per model that it used
    session_start, ...      a `mark` of that name, and an `llm_call` within it where it used something

Tokens and money are on the `llm_call` alone, the duration is the task's. The user's metadata are attributes of both,
so that `report --by` one of them shows what it cost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.recorder import Gauge, Place
from agentgauge.recorder.metadata import merged
from agentgauge.sessions.entries import Given, Recorded, aware
from agentgauge.sessions.models import EventType, MetricsEvent
from agentgauge.sessions.results import ATTRIBUTES, Call, Invocation, calls_of

UNKNOWN_MODEL = "unknown"
"""Stands for the model of a call that names none; it has no price."""
_SOURCE = "sessions:"
_PARTS = TOKEN_NAMES[2:]
"""Counts that are within input and output, seldom there."""
_PLACES = 1024
_SCOPED = (
    ("session_id", "session"),
    ("ticket_id", "ticket"),
    ("user", "user"),
    ("team", "team"),
    ("project", "project"),
)


def record_invocation(
    gauge: Gauge,
    invocation: Invocation,
    place: Place,
    metadata: Mapping[str, Any] | None,
    duration_ms: float | None,
    outcome: str | None,
) -> Recorded | None:
    """Into the stream, as of now. None where it was refused or dropped, which is counted."""
    attributes = invocation.attributes
    if metadata:
        attributes = merged(metadata, attributes or {}, ATTRIBUTES)
    outcome = outcome or invocation.outcome
    values: dict[str, Any] = {
        "name": place.values.get("operation", EventType.AGENT_INVOCATION.value),
        "duration_ms": invocation.duration_ms if duration_ms is None else duration_ms,
    }
    if outcome is not None:
        values |= {"outcome": outcome, "error_type": invocation.error_type}
    span_id = os.urandom(8).hex()
    kept = gauge.keep(
        "task", values, place, success=True if outcome is None else None, attributes=attributes, span_id=span_id
    )
    if kept is None:
        return None
    calls: tuple[Call, ...] = ()
    for call in invocation.calls:
        recorded = _record_call(gauge, call, span_id, place, outcome, attributes)
        if recorded is not None:
            calls += (recorded,)
    members = kept.members
    return Recorded(
        kept.scope,
        kept.micros,
        kept.segment,
        kept.n,
        members.get("duration_ms"),
        members["outcome"],
        members.get("attributes"),
        calls,
    )


def record_event(gauge: Gauge, event: MetricsEvent, session: str | None) -> Given | None:
    """Into the stream, as of its own time; under its `source_id`, where it has one, it lands once.

    The event gets its identity where it has none, and what it does not name of `session` and of the scope around. None
    where it was refused or dropped, which is counted.
    """
    invoked = event.event_type is EventType.AGENT_INVOCATION
    place = place_of(
        event.agent_role,
        event.agent_name,
        event.operation,
        session if event.session_id is None else event.session_id,
        event.ticket_id,
        event.user,
        event.team,
        event.project,
    )
    source, at = event.source_id, aware(event.timestamp)
    if source is not None:
        source = _SOURCE + source
    used = calls_of(event)
    span: dict[str, Any] = {"span_id": os.urandom(8).hex()} if invoked or used else {}
    kept = gauge.keep(
        "task" if invoked else "mark",
        {
            "name": (event.operation or event.event_type.value) if invoked else event.event_type.value,
            "duration_ms": event.duration_ms if invoked else event.duration_ms or None,
            "outcome": event.outcome or ("success" if invoked else None),
            "source_id": source,
        },
        place,
        at=at,
        attributes=merged(event.metadata, {}, ATTRIBUTES) if event.metadata else None,
        **span,
    )
    if kept is None:
        return None
    calls: tuple[Call, ...] = ()
    for call in used:
        recorded = _record_call(
            gauge,
            call,
            span["span_id"],
            place,
            event.outcome,
            kept.members.get("attributes"),
            at=at,
            source=None if source is None else f"{source}:usage",
        )
        if recorded is not None:
            calls += (recorded,)
    for name, scoped in _SCOPED:
        if getattr(event, name) is None and scoped in kept.scope.items:
            setattr(event, name, kept.scope.items[scoped])
    event.event_id = event.event_id or f"{kept.segment}/{kept.n}"
    return Given.of(event, calls)


@lru_cache(maxsize=_PLACES, typed=True)
def place_of(
    agent_role: str,
    agent: str | None,
    operation: str,
    session: str | None,
    ticket: str | None,
    user: str | None,
    team: str | None,
    project: str | None,
) -> Place:
    """What of the scope an event names; the rest is that of the caller's context. A role is its own agent."""
    named = {
        "role": agent_role or None,
        "agent": agent or agent_role or None,
        "operation": operation or None,
        "session": session,
        "ticket": ticket,
        "user": user,
        "team": team,
        "project": project,
    }
    return Place({name: value for name, value in named.items() if value is not None})


def _record_call(
    gauge: Gauge,
    call: Call,
    span_id: str,
    place: Place,
    outcome: str | None,
    attributes: dict[str, Any] | None,
    at: datetime | None = None,
    source: str | None = None,
) -> Call | None:
    """The call as it was kept; None where it was not."""
    used = call.usage
    if call.requests != 1:
        attributes = {**(attributes or {}), "requests": call.requests}
    values: dict[str, Any] = {
        "model": call.model or UNKNOWN_MODEL,
        "provider": call.provider,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "cost_usd": call.cost_usd,
    }
    if call.tier is not None:
        values["tier"] = call.tier
    if outcome is not None:
        values["outcome"] = outcome
    if used.cache_read_tokens or used.cache_write_5m_tokens or used.cache_write_1h_tokens or used.reasoning_tokens:
        values |= {name: getattr(used, name) for name in _PARTS}
    if source is not None:
        values["source_id"] = source
    kept = gauge.keep(
        "llm_call",
        values,
        place,
        success=True if outcome is None else None,
        at=at,
        attributes=attributes,
        parent_id=span_id,
    )
    if kept is None:
        return None
    cost = kept.members.get("cost_usd")
    if cost is None or (type(call.cost_usd) is Decimal and cost == call.cost_usd):
        return call
    return msgspec.structs.replace(call, cost_usd=cost)
