"""Values as their columns hold them: times as microseconds since 1970, none in particular as an empty text."""

from __future__ import annotations

from datetime import datetime

from agentgauge.events.event import from_micros, to_micros


def micros(moment: datetime | None) -> int | None:
    """An aware time for a column that may be empty."""
    return None if moment is None else to_micros(moment)


def moment(value: int | None) -> datetime | None:
    """The aware UTC time of such a column."""
    return None if value is None else from_micros(value)
