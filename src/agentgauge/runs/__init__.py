"""Runs, issues, agents, tools and pipelines: the vocabulary of document 000."""

from agentgauge.runs.prices import PRICING

__all__ = ["PRICING"]
