"""Live reading: the events of a home as a server asks about them, many questions at a time, always recent."""

from agentgauge.service.live.events import LiveEvents, Seen

__all__ = ["LiveEvents", "Seen"]
