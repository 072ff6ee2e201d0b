"""Operations, their components, tools, tokens and trends: the vocabulary of document 002.

    from agentgauge.operations import get_metrics_collector

    collector = get_metrics_collector()
    with collector.operation_context("qa_response") as operation_id:
        collector.record_token_usage(operation_id, 150, 75, "gpt-4o")

Durations here are seconds, rates percent, money US dollars.
"""

from agentgauge.operations.collector import MetricsCollector
from agentgauge.operations.disabled import DisabledMetricsCollector
from agentgauge.operations.models import (
    CostEstimate,
    ErrorCategory,
    MetricsData,
    OperationMetrics,
    PerformanceTrend,
    SystemMetrics,
    TokenUsage,
    ToolCallMetrics,
    ToolCallStatus,
)
from agentgauge.operations.provider import get_metrics_collector, reset_metrics_collector, with_metrics_tracking
from agentgauge.operations.recovery import read_session

__all__ = [
    "CostEstimate",
    "DisabledMetricsCollector",
    "ErrorCategory",
    "MetricsCollector",
    "MetricsData",
    "OperationMetrics",
    "PerformanceTrend",
    "SystemMetrics",
    "TokenUsage",
    "ToolCallMetrics",
    "ToolCallStatus",
    "get_metrics_collector",
    "read_session",
    "reset_metrics_collector",
    "with_metrics_tracking",
]
