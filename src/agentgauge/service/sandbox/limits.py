"""What one statement may take."""

from __future__ import annotations

from typing import Any

import msgspec

from agentgauge.state.agents import AgentName

MOST_SECONDS = 30.0
MOST_ROWS = 10_000
MOST_BYTES = 16 << 20
"""Of an answer, as JSON."""
MEMORY = "512MiB"
"""Of DuckDB's buffers; what a question needs beyond it goes to a temporary file."""
MOST_SPILLED = "4GiB"
PROCESS_BYTES = 1536 << 20
"""Of everything in the process: single values are in none of DuckDB's buffers."""
LONGEST_TEXT = 100_000
"""Characters of a statement."""


class Statement(msgspec.Struct, frozen=True):
    text: str
    limit: int
    seconds: float
    agent_ids: tuple[tuple[AgentName, int], ...] = ()
    """For the view `agent_metrics`, where it is named: the process cannot reach the state."""


class SqlAnswer(msgspec.Struct, frozen=True):
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    """Values as `agentgauge.events.plain.document` has them: amounts as strings, times in UTC."""
    truncated: bool
    """Whether there are more rows than were asked for, or than fit into an answer."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of the process: one of these."""

    answer: SqlAnswer | None = None
    refused: str = ""
    """What is wrong with the statement, in words for whoever wrote it."""
    failed: str = ""
    """What is wrong with the home."""
