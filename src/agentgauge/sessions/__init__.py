"""Sessions and tickets: the vocabulary of document 003."""

from agentgauge.sessions.collector import MetricsCollector
from agentgauge.sessions.models import (
    AgentResult,
    EventType,
    MetricsEvent,
    MetricsSummary,
    TokenUsage,
)
from agentgauge.sessions.storage import MetricsStorage

__all__ = [
    "AgentResult",
    "EventType",
    "MetricsCollector",
    "MetricsEvent",
    "MetricsStorage",
    "MetricsSummary",
    "TokenUsage",
]
