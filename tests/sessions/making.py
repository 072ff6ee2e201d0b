"""Events and results as an agent's program makes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agentgauge.sessions import AgentResult, EventType, MetricsEvent, TokenUsage

DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)

LINES = (
    (
        '{"event_type":"agent_invocation","timestamp":"2026-02-11T12:00:00","agent_role":"interview",'
        '"operation":"ask_question","usage":{"input_tokens":100,"output_tokens":50,"cost_usd":0.01},'
        '"model":"claude-sonnet-4-5","provider":"anthropic","duration_ms":1500,"session_id":"session-123",'
        '"ticket_id":"PROJ-456","metadata":{}}'
    ),
    (
        '{"event_type":"agent_invocation","timestamp":"2026-02-11T12:01:30","agent_role":"review",'
        '"operation":"code_review","usage":{"input_tokens":500,"output_tokens":200,"cost_usd":0.04},'
        '"model":"claude-sonnet-4-5","provider":"anthropic","duration_ms":2300,"session_id":"session-123",'
        '"ticket_id":"PROJ-456","metadata":{}}'
    ),
)
"""Those of document 003."""


def result(**fields: Any) -> AgentResult:
    given: dict[str, Any] = {
        "usage": TokenUsage(input_tokens=100, output_tokens=50, cost_usd=0.01),
        "model": "claude-sonnet-4-5",
        "provider": "anthropic",
        "duration_ms": 1500,
    }
    return AgentResult(**(given | fields))


def event(**fields: Any) -> MetricsEvent:
    given: dict[str, Any] = {
        "event_type": EventType.AGENT_INVOCATION,
        "timestamp": DAY,
        "agent_role": "interview",
        "operation": "ask_question",
        "usage": TokenUsage(input_tokens=100, output_tokens=50, cost_usd=0.01),
        "model": "claude-sonnet-4-5",
        "provider": "anthropic",
        "duration_ms": 1500,
    }
    return MetricsEvent(**(given | fields))


def mark(event_type: EventType, **fields: Any) -> MetricsEvent:
    given: dict[str, Any] = {
        "agent_role": "system",
        "operation": "initialize",
        "usage": TokenUsage(),
        "model": "n/a",
        "provider": "n/a",
        "duration_ms": 0,
    }
    return event(event_type=event_type, **(given | fields))
