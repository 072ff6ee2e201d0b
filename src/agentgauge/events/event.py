"""The event: one frozen record of something an agent did, used or was told.

Every attribute is a field of `agentgauge.events.fields`, with the unit given there. Money is `Decimal`, times are aware
and UTC, ratios are 0-1, durations milliseconds, quality 0-100.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one model call.

    `input_tokens` is the total that went in: what was read from a cache or written to one is part of it.
    `reasoning_tokens` are part of `output_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: str
    """One of `agentgauge.events.kinds.KINDS`."""
    time: datetime
    """When it ended (for what has a duration) or happened; aware."""
    arrived: datetime | None = None
    """When the recorder got it, where that is not `time`: imported and received events."""
    name: str | None = None
    """What was done: the tool's name, the task's, the measurement's."""
    source_id: str | None = None
    """Identity at the source of an imported or received event; it lands once."""
    attributes: dict[str, Any] | None = None

    duration_ms: float | None = None
    outcome: str | None = None

    project: str | None = None
    session: str | None = None
    run: str | None = None
    issue: str | None = None
    ticket: str | None = None
    agent: str | None = None
    role: str | None = None
    operation: str | None = None
    feature: str | None = None
    user: str | None = None
    team: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_id: str | None = None

    model: str | None = None
    provider: str | None = None
    tier: str | None = None

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0

    cost_usd: Decimal | None = None
    cost_source: str | None = None
    price_version: str | None = None

    quality_score: float | None = None
    value: float | None = None
    unit: str | None = None

    error_type: str | None = None
    error_category: str | None = None
    severity: str | None = None
    error_message: str | None = None
    recovery: str | None = None

    segment: str | None = None
    """With `n` its identity: the journal segment it was first written to. None until it is read back."""
    n: int | None = None

    @property
    def success(self) -> bool | None:
        """True or False where the event has an outcome, else None."""
        return None if self.outcome is None else self.outcome == "success"

    @property
    def usage(self) -> Usage:
        return Usage(
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_5m_tokens,
            self.cache_write_1h_tokens,
            self.reasoning_tokens,
        )


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time, exact (a float of seconds is not)."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC time of so many microseconds since 1970."""
    return EPOCH + timedelta(0, 0, micros)
