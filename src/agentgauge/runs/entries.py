"""What the events of a run carry in their attributes: written by the collector, read by the fold.

Everything has a place of its own among an event's fields where there is one. Here is the rest: a name each, by which
`agentgauge report --by` can ask for it. What the user adds stands beside it (see `agentgauge.recorder.metadata`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from agentgauge.events import Event
from agentgauge.recorder.metadata import merged, users_own
from agentgauge.runs.documents import as_plain, from_document, to_document
from agentgauge.runs.models import CodeMetrics, SystemConfig
from agentgauge.runs.words import STATUS_OF_OUTCOME, Status, status_named

M = TypeVar("M")

CODE = tuple(field.name for field in fields(CodeMetrics) if field.name != "extra")
CODE_FIELDS = "code_fields"
"""Names of the user's own fields of the code metrics, which stand beside them."""
DIGEST = "traceback_digest"

NAMES = frozenset(
    (
        "status", "config", "attempt", "retries", "tool", "commit_sha", "triggered_by", "queue_time_ms", "failed_jobs",
        "number", "errors", "stated_severity", "stated_recovery", "attempts", "resolution", "stated_time",
        CODE_FIELDS, DIGEST, *CODE,
    )
)  # fmt: skip
"""All of ours. `stated_time` is the recorder's."""


def attributes(extra: Mapping[str, Any] | None, **own: Any) -> dict[str, Any] | None:
    """Ours, without what is None, and the user's."""
    if not extra:
        return {name: value for name, value in own.items() if value is not None} or None
    return merged(as_plain(extra), own, NAMES) or None


def extra_of(*events: Event | None) -> dict[str, Any]:
    """The user's, of several events about one thing; the later wins. Those of code metrics are theirs."""
    found: dict[str, Any] = {}
    for event in events:
        if event is not None and event.attributes:
            codes = stated_texts(event, CODE_FIELDS)
            found |= users_own({name: value for name, value in event.attributes.items() if name not in codes}, NAMES)
    return found


def stated(event: Event | None, name: str) -> Any:
    """One of ours; None where the event does not have it."""
    return None if event is None or event.attributes is None else event.attributes.get(name)


def own(event: Event, *names: str) -> dict[str, Any]:
    """Those of ours that it has."""
    return {name: value for name in names if (value := stated(event, name)) is not None}


def stated_whole(event: Event | None, name: str, absent: int) -> int:
    """As `stated`, where it is a number; a redaction hook may have made it anything."""
    value = stated(event, name)
    return value if type(value) is int else absent


def stated_seconds(event: Event, name: str) -> float:
    """A duration in milliseconds, as seconds; NaN where it is not known."""
    value = stated(event, name)
    return value / 1000 if type(value) in (int, float) else math.nan


def stated_texts(event: Event | None, name: str) -> list[str]:
    value = stated(event, name)
    return [str(item) for item in value] if isinstance(value, list) else []


def status_of(ended: Event) -> Status | str:
    """The status that an end states, or the one its outcome means."""
    status = stated(ended, "status")
    return status_named(status) if isinstance(status, str) else STATUS_OF_OUTCOME[ended.outcome]


# Code metrics


def code_attributes(code: CodeMetrics | Mapping[str, Any] | None) -> dict[str, Any]:
    """Code metrics as attributes of the end of an issue: their fields, and the user's own beside them.

    Raises TypeError and ValueError where they are none.
    """
    if code is None:
        return {}
    document = to_document(from_document(CodeMetrics, code) if isinstance(code, Mapping) else code)
    extra = document.pop("extra")
    own = {name: document.pop(name) for name in CODE}
    users = merged(extra | document, {}, NAMES)
    return own | users | ({CODE_FIELDS: sorted(users)} if users else {})


def code_of(ended: Event | None) -> CodeMetrics | None:
    """What `code_attributes` made of them; None where there were none."""
    if ended is None or ended.attributes is None or CODE[0] not in ended.attributes:
        return None
    given, users = ended.attributes, stated_texts(ended, CODE_FIELDS)
    own = {name: given[name] for name in CODE if name in given}
    extra = users_own({name: given[name] for name in users if name in given}, NAMES)
    return _read(CodeMetrics, own | {"extra": extra})


# Configuration


def config_of(started: Event | None) -> SystemConfig | None:
    """The configuration that the start of a run states."""
    document = stated(started, "config")
    return _read(SystemConfig, document) if isinstance(document, dict) else None


def _read(model: type[M], document: Mapping[str, Any]) -> M | None:
    """A model from attributes; None where a redaction hook has made something else of them."""
    try:
        return from_document(model, document)
    except ValueError:
        return None
