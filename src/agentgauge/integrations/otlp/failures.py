"""How a span ended: its status, its `error.type` and the exception that it recorded."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from agentgauge.integrations.otlp.attributes import ValueOf
from agentgauge.recorder.error_category import ErrorCategory, category_of_word
from agentgauge.recorder.failure import MESSAGE_CHARACTERS

_OK, _ERROR = 1, 2
"""Codes of a status; 0 is not set, which an instrumentation leaves where nothing went wrong."""
_OTHER: Final = "_OTHER"
"""What the conventions call an error that has no name."""
_OUTCOMES = {ErrorCategory.TIMEOUT: "timeout", ErrorCategory.CANCELLED: "interrupted"}


class Failure(msgspec.Struct, frozen=True, gc=False):
    outcome: str = "success"
    error_type: str | None = None
    error_category: str | None = None
    error_message: str | None = None


SUCCESS: Final = Failure()


def failure_of(span: Any, stated_type: str | None, value_of: ValueOf) -> Failure:
    """What went wrong in a span; `SUCCESS` where nothing did. `stated_type` is its `error.type`."""
    code = span.status.code
    if code == _OK or (code != _ERROR and stated_type is None):
        return SUCCESS
    said = {}
    for event in span.events:
        if event.name == "exception":
            said = {pair.key: value_of(pair.value) for pair in event.attributes}
    error_type = stated_type if stated_type not in (None, _OTHER) else said.get("exception.type") or stated_type
    message = said.get("exception.message") or span.status.message
    category = None if error_type is None else category_of_word(str(error_type))
    return Failure(
        "error" if category is None else _OUTCOMES.get(category, "error"),
        None if error_type is None else str(error_type)[:MESSAGE_CHARACTERS],
        None if category is None else category.value,
        str(message)[:MESSAGE_CHARACTERS] if message else None,
    )
