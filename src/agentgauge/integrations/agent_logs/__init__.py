"""Logs of coding agents, read into events.

    read("claude-code", path, now=...)    one file: its events, its broken lines, what is not over yet
    expand(["~/.claude/projects"])        the files that a person's paths name

Each file is read on its own and gives the same identities every time and from every path, so that what has landed
once does not land again. Texts, arguments and results are never kept: names, counts, times and ids are.
"""

from __future__ import annotations

from agentgauge.integrations.agent_logs.dispatch import read
from agentgauge.integrations.agent_logs.paths import expand
from agentgauge.integrations.agent_logs.reading import SOURCES, BrokenLine, LogReading, Source

__all__ = ["SOURCES", "BrokenLine", "LogReading", "Source", "expand", "read"]
