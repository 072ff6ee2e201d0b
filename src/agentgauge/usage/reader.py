"""The one question of this room: what does this result say that was used?"""

from __future__ import annotations

from agentgauge.usage.reported import Reported


def read(result: object) -> Reported | None:
    """What `result` says that was used, or None where its shape is unknown. Never raises."""
    return None
