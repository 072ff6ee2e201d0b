"""The lake: events at rest, as Delta tables that any engine reads in place."""

from agentgauge.lake.compactor import Compaction
from agentgauge.lake.deletion import Deletion
from agentgauge.lake.lake import Lake
from agentgauge.lake.repricing import Repricing
from agentgauge.lake.snapshot import Snapshot

__all__ = ["Compaction", "Deletion", "Lake", "Repricing", "Snapshot"]
