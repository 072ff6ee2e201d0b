"""Features, how well they work and how content people are with them: the vocabulary of document 001."""

from agentgauge.features.advanced import AdvancedMetrics, get_advanced_metrics
from agentgauge.features.basic import MetricsCollector, get_metrics_collector
from agentgauge.features.monitoring import DEFAULT_THRESHOLDS, Alert, Monitor, Threshold, breaches, monitor
from agentgauge.features.resources import ResourceSampler, sample_resources

__all__ = [
    "DEFAULT_THRESHOLDS",
    "AdvancedMetrics",
    "Alert",
    "MetricsCollector",
    "Monitor",
    "ResourceSampler",
    "Threshold",
    "breaches",
    "get_advanced_metrics",
    "get_metrics_collector",
    "monitor",
    "sample_resources",
]
