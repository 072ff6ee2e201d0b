"""The JSON of a sent event, as `/openapi.json` describes it: made from the fields and kinds of events."""

from __future__ import annotations

from typing import Any

from agentgauge.events import kinds, validation
from agentgauge.events.fields import Field
from agentgauge.service.ingest.sent_events import SENT_FIELDS

NAME = "SentEvent"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "whole": {"type": "integer", "minimum": 0, "maximum": 1 << 53},
    "real": {"type": "number"},
    "money": {"type": ["string", "number"], "description": "US dollars, kept to 12 decimals; as text no digit is lost"},
    "time": {"type": "string", "format": "date-time", "description": "With a zone"},
    "json": {"type": "object", "additionalProperties": True},
}
_SAID = {
    "time": "When it ended, or happened: ISO 8601 with a zone. Without it the event has the time of its arrival, and "
    "keeps it where it is sent again. One more than 5 minutes ahead is kept as `stated_time` among the attributes, and "
    "the event has the time of its arrival",
    "kind": "What happened; decides which of the fields are allowed",
    "name": "Of the tool, task, measurement, pipeline or mark",
    "source_id": "Your own id of the event: sent again, it is stored once",
    "attributes": "Whatever else is to be known; dimensions of reports",
    "project": "Filled in where the key is for one project only",
    "outcome": "How it ended; without it and `success` that is not known: neither a success nor a failure",
}
_SUCCESS = {
    "type": ["boolean", "null"],
    "description": "True is the outcome success, false failure; an `outcome` beside it has to agree, and is kept",
}
EXAMPLES: tuple[dict[str, Any], ...] = (
    {
        "kind": "llm_call",
        "time": "2026-11-21T10:15:02.250Z",
        "source_id": "req_011CVh2f",
        "project": "shop",
        "agent": "coder",
        "model": "claude-sonnet-4-5",
        "provider": "anthropic",
        "input_tokens": 12000,
        "cache_read_tokens": 9000,
        "output_tokens": 800,
        "duration_ms": 2300.5,
        "outcome": "success",
        "cost_usd": "0.0237",
    },
    {
        "kind": "task",
        "time": "2026-11-21T10:15:04Z",
        "source_id": "run-17/step-3",
        "project": "shop",
        "agent": "coder",
        "name": "implementation",
        "duration_ms": 61000,
        "outcome": "success",
        "quality_score": 88.5,
        "attributes": {"branch": "main"},
    },
)


def schema() -> dict[str, Any]:
    allowed = "; ".join(f"{kind.name}: {', '.join(field.name for field in kind.fields)}" for kind in kinds.KINDS)
    return {
        "title": NAME,
        "type": "object",
        "description": f"Beside kind, time, name, source_id, attributes and scope each kind has its own. {allowed}.",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": {field.name: _property(field) for field in SENT_FIELDS} | {"success": _SUCCESS},
        "examples": list(EXAMPLES),
    }


def _property(field: Field) -> dict[str, Any]:
    found = dict(_TYPES[field.type])
    if field.name == "kind":
        found["enum"] = list(kinds.BY_NAME)
    elif field.name in validation.WORDS:
        found["enum"] = list(validation.WORDS[field.name])
    if field.name == "quality_score":
        found |= {"minimum": 0, "maximum": 100}
    said = _SAID.get(field.name) or found.get("description") or (f"In {field.unit}" if field.unit else None)
    return found if said is None else found | {"description": said}


def body() -> dict[str, Any]:
    """Of the request. An item that is no event is rejected by itself, so anything that is JSON may be one."""
    item = {"anyOf": [{"$ref": f"#/components/schemas/{NAME}"}, {}]}
    wrapped = {"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": item}}}
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"type": "array", "items": item}, wrapped, {"type": "object"}]},
                "examples": {
                    "one": {"summary": "One event", "value": EXAMPLES[0]},
                    "several": {"summary": "Several", "value": list(EXAMPLES)},
                    "wrapped": {"summary": "The same, wrapped", "value": {"events": list(EXAMPLES)}},
                },
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "One event as JSON in each line."},
            },
        },
    }
