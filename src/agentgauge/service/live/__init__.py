"""Live reading: the events of a home as a server asks about them, many questions at a time, always recent."""

from agentgauge.service.live.events import LiveEvents, Seen
from agentgauge.service.live.landing import Landing, LandingFigures

__all__ = ["Landing", "LandingFigures", "LiveEvents", "Seen"]
