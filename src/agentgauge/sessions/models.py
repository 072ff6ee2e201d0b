"""The models of document 003: what a session's events, results and summaries are.

Tokens are whole numbers, durations whole milliseconds, money US dollars, times aware and UTC; a naive time that is
given means UTC. `cost_usd` is what somebody reported, None where nobody did: then summaries price the call by its model
and time, and count it in `unpriced_calls` where no price is known. It is never 0 for want of knowing.

Fields beyond the document's are optional and, where they have no value, absent from the JSON, so a line of the
document is written again as it was read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from agentgauge.events import Usage
from agentgauge.usage import ModelShare

_IN_STREAM = re.compile(r"[0-9A-Za-z.]+-\d{6,}/\d+")
"""Segment of a journal, and number there."""
_ZONE = re.compile(r"([Zz]|[+-]\d\d:?\d\d)\s*$")

NOT_APPLICABLE = "n/a"
"""What the document writes for the model and provider of an event that has none."""


class EventType(str, Enum):  # noqa: UP042 - as documented: str() of a member is not its value, as StrEnum's would be
    """What an event is."""

    AGENT_INVOCATION = "agent_invocation"
    """A model was invoked for an agent."""
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    TICKET_START = "ticket_start"
    TICKET_END = "ticket_end"


def _whole_ms(value: Any) -> Any:
    return round(value) if isinstance(value, float) and 0 <= value < float("inf") else value


def _utc(value: datetime) -> datetime:
    if value.utcoffset() is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value.isoformat()} is not a time in UTC") from None


Tokens = Annotated[int, Field(ge=0)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Milliseconds = Annotated[int, BeforeValidator(_whole_ms), Field(ge=0)]
"""A fraction of a millisecond is rounded away."""
UtcTime = Annotated[datetime, AfterValidator(_utc)]
Outcome = Literal["success", "failure", "timeout", "error", "interrupted"]
Tier = Literal["standard", "batch", "flex", "priority", "fast"]


class TokenUsage(BaseModel):
    """Tokens of an invocation, and what it cost where that is known."""

    input_tokens: Tokens = 0
    """All that went in, cached tokens included."""
    output_tokens: Tokens = 0
    """All that came out, reasoning included."""
    cost_usd: Dollars | None = None
    """US dollars, as reported; None where nobody did."""
    cache_read_tokens: Tokens = 0
    """Of `input_tokens`."""
    cache_write_5m_tokens: Tokens = 0
    """Of `input_tokens`, written to a cache for 5 minutes, which is also where it is not said for how long."""
    cache_write_1h_tokens: Tokens = 0
    """Of `input_tokens`, written to a cache for an hour."""
    reasoning_tokens: Tokens = 0
    """Of `output_tokens`."""

    model_config = ConfigDict(extra="allow")

    @classmethod
    def of(cls, usage: Usage, cost_usd: float | None = None) -> TokenUsage:
        """The tokens of `agentgauge.Usage`."""
        return cls.model_construct(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=cost_usd,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_5m_tokens=usage.cache_write_5m_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        )

    @property
    def cache_write_tokens(self) -> int:
        """Of `input_tokens`, written to a cache."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def total_tokens(self) -> int:
        """Input and output; their parts are within them."""
        return self.input_tokens + self.output_tokens

    @model_validator(mode="after")
    def _parts_within_totals(self) -> Self:
        if self.cache_read_tokens + self.cache_write_tokens > self.input_tokens:
            raise ValueError("cache reads and writes are part of input_tokens, which is the total: add them to it")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("reasoning_tokens are part of output_tokens, which is the total: add them to it")
        return self

    @model_serializer(mode="wrap")
    def _without_empty_parts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value or name not in _PARTS}


_PARTS = frozenset(("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "reasoning_tokens"))


class AgentResult(BaseModel):
    """What a provider gives back for one invocation of an agent."""

    output: Any = None
    """What the agent answered. It is recorded nowhere."""
    usage: TokenUsage = Field(default_factory=TokenUsage)
    model: str = NOT_APPLICABLE
    provider: str = NOT_APPLICABLE
    duration_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Milliseconds from asking to answer; None where nobody measured."""
    agent_name: str | None = None
    """The agent, where it has a name besides its role."""
    requests: Annotated[int, Field(ge=0)] = 1
    """Calls of the model that `usage` adds up."""
    tier: Tier | None = None
    """Service tier billed; None is standard."""
    response_id: str | None = None
    """The provider's id of its answer."""
    is_error: bool = False
    """Whether the answer is that it went wrong."""
    shares: tuple[ModelShare, ...] = Field(default=(), exclude=True)
    """`usage` by model, where several took part: without a `cost_usd` each is priced as its own model."""

    model_config = ConfigDict(arbitrary_types_allowed=True)


class MetricsEvent(BaseModel):
    """One thing that happened: an invocation, or the start or end of a session or of work on a ticket."""

    event_type: EventType
    timestamp: UtcTime = Field(default_factory=lambda: datetime.now(UTC))
    agent_role: str
    operation: str
    usage: TokenUsage
    model: str
    """`n/a` where there is none."""
    provider: str
    duration_ms: Milliseconds
    session_id: str | None = None
    ticket_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)

    agent_name: str | None = None
    """The agent, where it has a name besides its role."""
    user: str | None = None
    """The developer who is charged with it."""
    team: str | None = None
    project: str | None = None
    outcome: Outcome | None = None
    """None stands for success of an invocation."""
    requests: Annotated[int, Field(ge=0)] | None = None
    """Calls of the model that `usage` adds up; None: one."""
    tier: Tier | None = None
    """Service tier billed; None is standard."""
    event_id: str | None = None
    """Its identity, by which it is one event wherever it is written, read and recorded again. A collector gives it
    when it records, a storage when it writes what has none."""

    model_config = ConfigDict(extra="allow")

    _line_id: str | None = PrivateAttr(default=None)
    _naive: bool = PrivateAttr(default=False)  # read without a zone, and written so again

    def was_read(self, line_id: str, stated_time: object) -> None:
        """It was read from a line, told by `line_id` from other lines, with that text for a time."""
        self._naive = isinstance(stated_time, str) and not _ZONE.search(stated_time)
        self._line_id = line_id

    @property
    def is_in_stream(self) -> bool:
        """Whether a collector has recorded it, so that recording it again only shows it."""
        return self.event_id is not None and _IN_STREAM.fullmatch(self.event_id) is not None

    @property
    def source_id(self) -> str | None:
        """By which it lands once, where it was written to a storage before it was recorded."""
        return self.event_id or (self.__pydantic_private__ or {}).get("_line_id")  # 20 times as fast as by its name

    @model_serializer(mode="wrap")
    def _without_absent_extras(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = {name: value for name, value in write(self).items() if value is not None or name not in _OWN}
        if self._naive and isinstance(values["timestamp"], str):
            values["timestamp"] = values["timestamp"].removesuffix("Z")
        return values


_OWN = frozenset(("agent_name", "user", "team", "project", "outcome", "requests", "tier", "event_id"))


class MetricsSummary(BaseModel):
    """What a number of events add up to.

    The groups of `by_agent_role` and `by_operation` have the keys `events`, `tokens`, `cost` (US dollars),
    `unpriced_calls` and `duration_ms`.
    """

    total_events: int
    total_tokens: int
    """Input and output."""
    total_cost: float
    """US dollars of the calls whose cost is known, summed exactly and then made a float."""
    total_duration_ms: int
    by_agent_role: dict[str, dict[str, Any]]
    by_operation: dict[str, dict[str, Any]]
    unpriced_calls: int = 0
    """Calls whose cost nobody reported and whose price is not known; they are in no sum of money."""
