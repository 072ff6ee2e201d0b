"""Usage: token counts taken from what providers and SDKs return, known by its shape. No SDK is imported."""

from agentgauge.usage.reader import read
from agentgauge.usage.reported import ModelShare, Reported
from agentgauge.usage.running import RunningTotals

__all__ = ["ModelShare", "Reported", "RunningTotals", "read"]
