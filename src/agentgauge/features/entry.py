"""From the arguments of the verbs to events: what all of them share.

Nothing here raises into the caller of a verb. What cannot be kept is counted by the gauge, under the reasons that it
has for events.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.journal.interruption import is_interruption
from agentgauge.recorder import Gauge
from agentgauge.recorder.metadata import merged

OWN_NAMES = frozenset(
    {
        *("metric_type", "metric_category", "context"),
        *("confidence", "sample_size", "improvement_rate"),
        *("optimization_id", "before_value", "user_impact_score", "higher_is_better"),
        *("allocated", "used", "resource_unit"),
        *("feedback", "interaction_id", "score", "scale"),
        *("user_context", "impact_level"),
    }
)
"""Attributes that the verbs write. Metadata of these names is kept as `metadata.<name>`."""

_PLAIN = (float, int)
_LARGEST = sys.float_info.max


def keep(
    gauge: Gauge,
    kind: str,
    values: Mapping[str, object],
    own: Mapping[str, object],
    *,
    metadata: object,
    at: object,
    success: Any = None,
    **scope: Any,
) -> None:
    """Record one event with attributes of our own, those that are None left out, and the user's metadata."""
    attributes: Any
    try:
        if metadata is None:
            attributes = {name: value for name, value in own.items() if value is not None}
        elif isinstance(metadata, Mapping):
            attributes = merged(metadata, own, OWN_NAMES)
        else:
            attributes = metadata  # refused there, with its type
        if isinstance(at, datetime) and at.utcoffset() is None:
            at = at.replace(tzinfo=UTC)
    except Exception as error:  # a mapping of somebody's own, or keys that are no text
        if is_interruption(error):
            raise
        refuse(gauge, EventRefused("unusable value", f"reading what was given raised {type(error).__name__}"))
        return
    gauge.keep(kind, values, success=success, at=at, attributes=attributes, **scope)  # type: ignore[arg-type]


def refuse(gauge: Gauge, refused: EventRefused) -> None:
    """Count what is not recorded."""
    if gauge.sink is not None:
        gauge.sink.count("refused", refused.reason, str(refused).removeprefix(f"{refused.reason}: "))


def number(name: str, value: object) -> float | None:
    """A finite number, of NumPy or Decimal too; None where none was given. Raises `EventRefused`."""
    if value is None:
        return None
    if type(value) not in _PLAIN:
        value = _as_float(name, value)
    if not -_LARGEST <= value <= _LARGEST:  # type: ignore[operator]
        raise EventRefused("not finite", f"{name} is no finite number")
    return value  # type: ignore[return-value]


def _as_float(name: str, value: object) -> float:
    if not isinstance(value, bool | str | bytes) and hasattr(value, "__float__"):
        try:
            return float(value)
        except Exception as error:  # a method of somebody's own type
            if is_interruption(error):
                raise
    raise EventRefused("wrong type", f"{name} is a number, got {type(value).__name__}")


def ratio(name: str, value: object) -> float | None:
    """A number of 0-1, or None. Raises `EventRefused`."""
    read = number(name, value)
    if read is not None and not 0 <= read <= 1:
        raise EventRefused("out of range", f"{name} is a ratio of 0-1, got {read}; a percentage is divided by 100")
    return read


def word(name: str, value: object, words: tuple[str, ...]) -> str | None:
    """One of some words, or None. Raises `EventRefused`."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in words:
        raise EventRefused("unknown word", f"{name} is one of {', '.join(words)}, got {type(value).__name__}")
    return str.__str__(value)
