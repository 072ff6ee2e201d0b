"""Sessions and tickets: the vocabulary of document 003."""

from agentgauge.sessions.collector import MetricsCollector
from agentgauge.sessions.models import (
    AgentResult,
    EventType,
    MetricsEvent,
    MetricsSummary,
    TokenUsage,
)
from agentgauge.sessions.pm import pm_export
from agentgauge.sessions.storage import MetricsStorage
from agentgauge.sessions.stream_summary import Group, stream_summary, summarize

__all__ = [
    "AgentResult",
    "EventType",
    "Group",
    "MetricsCollector",
    "MetricsEvent",
    "MetricsStorage",
    "MetricsSummary",
    "TokenUsage",
    "pm_export",
    "stream_summary",
    "summarize",
]
