"""Events: one frozen record type, the kinds it comes in, its rules and its encoding."""

from agentgauge.events.event import Event, Usage

__all__ = ["Event", "Usage"]
