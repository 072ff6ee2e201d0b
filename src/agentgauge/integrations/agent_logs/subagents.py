"""Which subagent wrote an entry of Claude Code, and which turn set it to work.

A subagent is launched by a call of the Task tool (Agent, since 2.1). Its entries are marked `isSidechain`, and stand

- in a file of their own, agent-<id>.jsonl, with `agentId`; a file agent-<id>.meta.json beside it names its type and
  the launching call, and the session's own file repeats the id beside the call's result;
- or, before 2.0, in the session's file, as a chain of `parentUuid`s whose first message is the prompt that the tool
  was called with;
- or, in stream-json, with the launching call as `parent_tool_use_id`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from agentgauge.integrations.agent_logs.claude_code_entries import Block, Entry, TaskInput, ToolDetails
from agentgauge.integrations.agent_logs.normalise import decoded_or_none, digest
from agentgauge.integrations.agent_logs.records import ToolUse, Turn

LAUNCHING_TOOLS = ("Task", "Agent")
UNNAMED = "subagent"


class Launch(msgspec.Struct):
    """A call of the tool that launches subagents."""

    tool: ToolUse
    agent: str | None
    prompt: str
    """Digest of it."""


class Lane(msgspec.Struct):
    """One line of conversation in a file: the session's own, or a subagent's."""

    agent: str
    turn: Turn | None
    """The turn that launched it; for the session's own lane the turn that goes on."""
    asked: datetime | None = None
    """Time of the last message to the model that has not been answered yet."""


class _Meta(msgspec.Struct, rename="camel"):
    agent_type: str | None = None
    tool_use_id: str | None = None


_decode_input = msgspec.json.Decoder(TaskInput).decode
_decode_meta = msgspec.json.Decoder(_Meta).decode


class Launches:
    """The launches of one session file, and whom they brought up."""

    def __init__(self) -> None:
        self._by_call: dict[str, Launch] = {}
        self._call_of_agent: dict[str, str] = {}

    def called(self, call_id: str, block: Block, tool: ToolUse) -> None:
        task = decoded_or_none(_decode_input, block.input) or TaskInput()
        self._by_call[call_id] = Launch(tool, task.subagent_type, digest(task.prompt.encode(errors="replace")))

    def returned(self, call_id: str, details: ToolDetails) -> None:
        """The call's result came: it names the agent."""
        launch = self._by_call.get(call_id)
        if launch is None:
            return
        launch.agent = launch.agent or details.agent_type
        if details.agent_id is not None:
            self._call_of_agent[details.agent_id] = call_id

    def of_call(self, call_id: str | None) -> Launch | None:
        return self._by_call.get(call_id or "")

    def of_agent(self, agent_id: str | None) -> Launch | None:
        return self.of_call(self._call_of_agent.get(agent_id or ""))

    def of_prompt(self, prompt: str) -> Launch | None:
        """The launch with that prompt, else the latest that has not returned."""
        wanted = digest(prompt.encode(errors="replace"))
        newest_first = list(reversed(self._by_call.values()))
        same = (launch for launch in newest_first if launch.prompt == wanted)
        waiting = (launch for launch in newest_first if launch.tool.outcome is None)
        return next(same, None) or next(waiting, None)


def lane_of(launch: Launch | None, agent: str | None = None, turn: Turn | None = None) -> Lane:
    """The lane of a launched subagent; `agent` names it, and `turn` stands for that of a launch that is not known."""
    if launch is None:
        return Lane(agent or UNNAMED, turn)
    return Lane(agent or launch.agent or UNNAMED, launch.tool.turn)


def noted_beside(path: Path) -> tuple[str | None, str | None]:
    """Type and launching call as agent-<id>.meta.json gives them, None where it does not."""
    try:
        meta = decoded_or_none(_decode_meta, path.with_suffix(".meta.json").read_bytes())
    except FileNotFoundError:
        return None, None
    return (None, None) if meta is None else (meta.agent_type, meta.tool_use_id)


def session_files(path: Path, entry: Entry) -> Iterator[Path]:
    """Where the file of the session that a subagent's file belongs to may be."""
    for folder in path.parents:
        if folder.name == "subagents":
            yield folder.parent.parent / f"{folder.parent.name}.jsonl"
    if entry.session is not None and "/" not in entry.session:
        yield path.parent / f"{entry.session}.jsonl"
