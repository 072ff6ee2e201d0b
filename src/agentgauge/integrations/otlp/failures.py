"""How a span ended: its status, its `error.type` and the exception that it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentgauge.integrations.otlp.decoding import PairsOf
from agentgauge.recorder.error_category import ErrorCategory, category_of_word
from agentgauge.recorder.failure import MESSAGE_CHARACTERS

_OK, _ERROR = 1, 2
"""Codes of a status; 0 is not set, which an instrumentation leaves where nothing went wrong."""
_OTHER: Final = "_OTHER"
"""What the conventions call an error that has no name."""
_SUCCESS: Final[Mapping[str, str]] = {"outcome": "success"}
_OUTCOMES = {ErrorCategory.TIMEOUT: "timeout", ErrorCategory.CANCELLED: "interrupted"}


def failure_of(span: Any, stated_type: str | None, pairs_of: PairsOf) -> Mapping[str, str]:
    """Outcome, and of a failure what it was, as fields of an event. `stated_type` is the span's `error.type`."""
    code = span.status.code
    if code == _OK or (code != _ERROR and stated_type is None):
        return _SUCCESS
    said: dict[str, object] = {}
    for event in span.events:
        if event.name == "exception":
            said = dict(pairs_of(event.attributes))
    failure = {"outcome": "error"}
    error_type = stated_type if stated_type not in (None, _OTHER) else said.get("exception.type") or stated_type
    if error_type:
        failure["error_type"] = str(error_type)[:MESSAGE_CHARACTERS]
        if (category := category_of_word(str(error_type))) is not None:
            failure["error_category"] = category.value
            failure["outcome"] = _OUTCOMES.get(category, "error")
    if message := said.get("exception.message") or span.status.message:
        failure["error_message"] = str(message)[:MESSAGE_CHARACTERS]
    return failure
