"""Events as a collector holds and shows them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from agentgauge.events import Usage
from agentgauge.events.event import from_micros
from agentgauge.recorder.metadata import users_own
from agentgauge.recorder.scope import Scope
from agentgauge.sessions.models import NOT_APPLICABLE, EventType, MetricsEvent, TokenUsage
from agentgauge.sessions.results import ATTRIBUTES, NOTHING_USED, Call

_NO_CALL = Call(None, None, NOTHING_USED, None)


class Entry(Protocol):
    """An event as a collector shows it."""

    @property
    def calls(self) -> tuple[Call, ...]: ...
    @property
    def role(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def ticket(self) -> str | None: ...
    @property
    def at(self) -> datetime: ...
    @property
    def duration_ms(self) -> float | None: ...
    def metrics_event(self) -> MetricsEvent: ...


class Given(msgspec.Struct, frozen=True, gc=False):
    """An event that somebody made, or read, as it was when it was recorded: it is theirs, and may be changed."""

    event: MetricsEvent
    calls: tuple[Call, ...]
    role: str
    operation: str
    ticket: str | None
    at: datetime
    duration_ms: float | None

    @classmethod
    def of(cls, event: MetricsEvent, calls: tuple[Call, ...]) -> Given:
        return cls(
            event,
            calls,
            event.agent_role,
            event.operation,
            event.ticket_id,
            aware(event.timestamp),
            event.duration_ms,
        )

    def metrics_event(self) -> MetricsEvent:
        return self.event


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An invocation as the stream has it: a tenth of the memory of a `MetricsEvent`, which is made when asked for."""

    scope: Scope
    micros: int
    segment: str
    n: int
    duration_ms: float | None
    outcome: str | None
    attributes: dict[str, Any] | None
    calls: tuple[Call, ...]

    @property
    def role(self) -> str:
        return self.scope.items.get("role", "")

    @property
    def operation(self) -> str:
        return self.scope.items.get("operation", "")

    @property
    def ticket(self) -> str | None:
        return self.scope.items.get("ticket")

    @property
    def at(self) -> datetime:
        return from_micros(self.micros)

    def metrics_event(self) -> MetricsEvent:
        of = self.scope.items
        main = max(self.calls, key=lambda call: call.usage.input_tokens + call.usage.output_tokens, default=_NO_CALL)
        requests = sum(call.requests for call in self.calls)
        agent = of.get("agent")
        return MetricsEvent.model_construct(
            event_type=EventType.AGENT_INVOCATION,
            timestamp=self.at,
            agent_role=self.role,
            operation=self.operation,
            usage=_sum_of(self.calls),
            model=main.model or NOT_APPLICABLE,
            provider=main.provider or NOT_APPLICABLE,
            duration_ms=round(self.duration_ms or 0),
            session_id=of.get("session"),
            ticket_id=self.ticket,
            metadata=users_own(self.attributes, ATTRIBUTES),
            agent_name=agent if agent != self.role else None,
            user=of.get("user"),
            team=of.get("team"),
            project=of.get("project"),
            outcome=self.outcome if self.outcome != "success" else None,
            requests=requests if requests != 1 else None,
            tier=main.tier,
            event_id=f"{self.segment}/{self.n}",
        )


def aware(moment: datetime) -> datetime:
    """A naive time means UTC."""
    return moment if moment.tzinfo is UTC or moment.utcoffset() is not None else moment.replace(tzinfo=UTC)


def _sum_of(calls: tuple[Call, ...]) -> TokenUsage:
    """Of several models: a cost where all reported one."""
    costs = [call.cost_usd for call in calls if call.cost_usd is not None]
    cost = math.fsum(costs) if costs and len(costs) == len(calls) else None
    if len(calls) == 1:
        return TokenUsage.of(calls[0].usage, cost)
    sums = (sum(values) for values in zip(*(msgspec.structs.astuple(call.usage) for call in calls), strict=True))
    return TokenUsage.of(Usage(*sums), cost)
