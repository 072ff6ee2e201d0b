"""Policies: rules that make decisions of facts. Facts come as arguments; nothing here asks, records or remembers."""

from agentgauge.policies.budget_rules import BudgetFigures
from agentgauge.policies.findings import Finding, Period
from agentgauge.policies.thresholds import Thresholds

__all__ = ["BudgetFigures", "Finding", "Period", "Thresholds"]
