"""Sessions and tickets: the vocabulary of document 003."""

from agentgauge.sessions.models import (
    AgentResult,
    EventType,
    MetricsEvent,
    MetricsSummary,
    TokenUsage,
)

__all__ = [
    "AgentResult",
    "EventType",
    "MetricsEvent",
    "MetricsSummary",
    "TokenUsage",
]
