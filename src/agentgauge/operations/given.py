"""From what a caller gives to the values of an event: seconds become milliseconds, words and exceptions outcomes.

What makes no sense is passed on as it is: the rules of events refuse it, and that is counted.
"""

from __future__ import annotations

from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.interruption import is_interruption
from agentgauge.journal.losses import Fate
from agentgauge.recorder import Gauge
from agentgauge.recorder.attributes import as_json
from agentgauge.recorder.failure import failure_of

UNNAMED = "unknown"


def name_of(name: object) -> str:
    """Text, or a whole number as its decimals; `unknown` for what is neither."""
    if type(name) is str:
        return name or UNNAMED
    if isinstance(name, str):
        return str.__str__(name) or UNNAMED
    return str(name) if type(name) is int else UNNAMED


def milliseconds(seconds: Any) -> object:
    if type(seconds) is float:
        return seconds * 1000
    # Text and lists can be multiplied too.
    return seconds * 1000 if hasattr(seconds, "__float__") and not isinstance(seconds, bool) else seconds


def word_of(word: object) -> object:
    """A member of an enum of words, or the word, in any case."""
    return str.__str__(word).lower() if isinstance(word, str) else word


def outcome_of(status: object) -> object:
    """The outcome that a status says: a `ToolCallStatus`, its word, or whether it succeeded."""
    if status is True or status is False:
        return "success" if status else "failure"
    return word_of(status)


def flag(value: object) -> bool | None:
    """Whether something succeeded; None where that cannot be told."""
    if value is None or value is True or value is False:
        return value
    try:
        return bool(value)
    except Exception as error:  # of an array, which is true and false at once
        if is_interruption(error):
            raise
        return None


def failure(error: object, message: object = None) -> dict[str, object]:
    """The error that an exception tells, or the name of its type and a message, or a message alone."""
    if isinstance(error, BaseException):
        told = failure_of(error)
        return told if message is None else told | {"error_message": message}
    if message is not None:
        return {"error_type": error, "error_message": message}
    if isinstance(error, str):
        return {"error_type": "Error", "error_message": error}
    return {"error_type": type(error).__name__}


def attributes_of(metadata: object, gauge: Gauge) -> dict[str, Any] | None:
    """The user's metadata as attributes. What cannot be kept of it is left out and counted, never the event with it."""
    if metadata is None:
        return None
    try:
        return as_json(metadata)
    except Exception as error:  # methods of what was given, any of which may raise anything
        if is_interruption(error):
            raise
        detail = str(error) if isinstance(error, EventRefused) else f"reading it raised {type(error).__name__}"
    count(gauge, "altered", "metadata left out", detail)
    kept: dict[str, Any] = {}
    for name, value in list(metadata.items()) if type(metadata) is dict else ():
        try:
            kept |= as_json({name: value})
        except Exception as error:  # as above
            if is_interruption(error):
                raise
    return kept


def count(gauge: Gauge, fate: Fate, reason: str, detail: str) -> None:
    """Count what no event tells of. Nothing where recording is switched off."""
    if gauge.sink is not None:
        gauge.sink.count(fate, reason, detail)


def count_unusable(gauge: Gauge, error: Exception) -> None:
    """Count what could not be recorded because reading what was given raised."""
    count(gauge, "refused", "unusable value", f"reading what was given raised {type(error).__name__}")
