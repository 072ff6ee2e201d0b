"""State: what changes in place, such as what was decided about a recommendation, in one SQLite file of the home."""

from agentgauge.state.database import Database, state_of

__all__ = ["Database", "state_of"]
