"""Summaries of numbers that merge: count, failures, sum, spread, extremes and a histogram within 1 % in value."""

from agentgauge.summaries.summary import Summary

__all__ = ["Summary"]
