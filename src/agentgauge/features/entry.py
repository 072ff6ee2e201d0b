"""From the arguments of the verbs to events: what all of them share, the gauge included.

Nothing here raises into the caller of a verb. What cannot be kept is counted by the gauge, under the reasons that it
has for events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import agentgauge
from agentgauge.errors import EventRefused
from agentgauge.interruption import is_interruption
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


class OfGauge:
    """Has the gauge that it was given; without one that of the process, as it is whenever it is asked for."""

    def __init__(self, *, gauge: Gauge | None = None) -> None:
        self._own = gauge

    @property
    def gauge(self) -> Gauge:
        """What records the events."""
        return self._own or agentgauge.default()


def attributes_of(own: Mapping[str, object], metadata: object) -> Any:
    """Our own attributes, those that are None left out, and the user's metadata. Raises `EventRefused`."""
    if metadata is None:
        return {name: value for name, value in own.items() if value is not None}
    if not isinstance(metadata, Mapping):
        return metadata  # which the gauge refuses, with its type
    try:
        return merged(metadata, own, OWN_NAMES)
    except Exception as error:  # a mapping of somebody's own, or keys that are no text
        if is_interruption(error):
            raise
        raise EventRefused("unusable value", f"reading the metadata raised {type(error).__name__}") from error


def utc(at: Any) -> Any:
    """A naive time as one of UTC; what is no time is for the gauge to refuse."""
    if at is None:
        return None
    try:
        if isinstance(at, datetime) and at.utcoffset() is None:
            return at.replace(tzinfo=UTC)
    except Exception as error:  # the zone of somebody's own
        if is_interruption(error):
            raise
    return at


def refuse(gauge: Gauge, refused: EventRefused) -> None:
    """Count what is not recorded."""
    if gauge.sink is not None:
        gauge.sink.count("refused", refused.reason, str(refused).removeprefix(f"{refused.reason}: "))


def number(name: str, value: object) -> float | None:
    """A number, of NumPy or Decimal too; None where none was given. Raises `EventRefused`.

    That it is finite and can be written the gauge sees to, as of every attribute.
    """
    return value if value is None or type(value) in _PLAIN else _as_float(name, value)  # type: ignore[return-value]


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


def truth(name: str, value: object) -> bool | None:
    """True or False, of NumPy too; None where none was given. Raises `EventRefused`."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_"):
        return bool(value)
    raise EventRefused("wrong type", f"{name} is True or False, got {kind.__module__}.{kind.__qualname__}")


def word(name: str, value: object, words: tuple[str, ...]) -> str | None:
    """One of some words, or None. Raises `EventRefused`."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in words:
        raise EventRefused("unknown word", f"{name} is one of {', '.join(words)}, got {type(value).__name__}")
    return str.__str__(value)
