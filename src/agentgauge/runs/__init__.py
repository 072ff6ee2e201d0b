"""Runs, issues, agents, tools and pipelines: the vocabulary of document 000."""

from agentgauge.runs.analyzer import MetricsAnalyzer
from agentgauge.runs.collector import MetricsCollector
from agentgauge.runs.context import MetricsContext
from agentgauge.runs.prices import PRICING
from agentgauge.runs.recovery import recover_left_behind
from agentgauge.runs.storage import MetricsStorage

__all__ = ["PRICING", "MetricsAnalyzer", "MetricsCollector", "MetricsContext", "MetricsStorage", "recover_left_behind"]
