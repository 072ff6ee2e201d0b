"""One event with all its fields: beside a waterfall, and at an address of its own; and a task by itself.

/events/{key}           what lists of single events lead to
/operations/{operation} a task by its span id: what ran inside it, on an axis of its own
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Own
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.runs_filters import OneFilters, read_key
from agentgauge.dashboard.pages.runs_links import event_link, place_of, task_link, work_link
from agentgauge.dashboard.pages.runs_tables import tones_of
from agentgauge.errors import NotFound, QueryError
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.service import short_wording
from agentgauge.service.graphs.waterfall import KINDS
from agentgauge.service.records.one_event import OneEvent, one_event
from agentgauge.service.records.rows import RowKey
from agentgauge.service.records.states import outcome_state
from agentgauge.service.records.work import WorkKind

_HIDDEN = {"kind", "error_message", "outcome"}
_WORKS: dict[str, WorkKind] = {"run": "run", "session": "session", "ticket": "ticket", "issue": "ticket"}


def event_values(asked: PageAsked, key: RowKey) -> dict[str, Any]:
    """What `runs/event.html` shows. Raises `NotFound`."""
    found = one_event(asked.engine, key)
    step = found.step
    state = outcome_state(step.outcome)
    return {
        "word": KINDS[step.kind][0],
        "kind": step.kind,
        "colour": KINDS[step.kind][1],
        "name": step.model if step.kind == "llm_call" else step.error_type if step.kind == "error" else step.name,
        "state": None if state == "unknown" else state,
        "tone": tones_of(state).get("state", ""),
        "message": step.error_message,
        "fields": [(name, _worded(name, value), _link(asked, found, name)) for name, value in _shown(found)],
        "attributes": json.dumps(found.attributes, indent=2, ensure_ascii=False) if found.attributes else None,
        "own": event_link(asked, key),
        "place": place_of(asked, step),
    }


def _shown(found: OneEvent) -> Iterator[tuple[str, Any]]:
    is_call = found.step.kind == "llm_call"
    for name, value in found.fields.items():
        if name not in _HIDDEN and (is_call or name not in TOKEN_NAMES or value):
            yield name, value
    if is_call and "cost_usd" not in found.fields:
        yield "cost_usd", None


def _worded(name: str, value: Any) -> Any:
    match value:
        case None:
            return "unpriced"
        case Decimal():
            return f"${value.normalize():f}"
        case datetime():
            return value
        case float() if name == "duration_ms":
            return short_wording.duration(value)
        case int() if name in TOKEN_NAMES:
            return short_wording.count(value)
        case _:
            return str(value)


def _link(asked: PageAsked, found: OneEvent, name: str) -> str | None:
    """Where a name leads."""
    value, step = found.fields.get(name), found.step
    if name in _WORKS:
        return work_link(asked, _WORKS[name], str(value), step.project)
    if name in ("agent", "role", "model", "user", "feature", "operation", "error_type"):
        return asked.link("/runs", view="calls", **{name: value})
    if name == "span_id" and step.kind == "task":
        return task_link(asked, str(value))
    return None


def _event(asked: PageAsked) -> Content:
    return Own(template="runs/event.html", values=event_values(asked, _key(asked)))


def _key(asked: PageAsked) -> RowKey:
    try:
        key = read_key(asked.at["key"])
    except (QueryError, ValueError):
        key = None
    if key is None:
        raise NotFound("no such event: take its address from a list", field="event")
    return key


def _check(asked: PageAsked) -> None:
    one_event(asked.engine, _key(asked))


EVENT = Page(
    path="/events/{key:path}",
    title="Event",
    of_menu="/runs",
    parameters=OneFilters,
    filtered=False,
    check=_check,
    cards=(Card(id="event", title="All that is recorded", build=_event),),
)
