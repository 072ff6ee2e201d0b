"""Claude Code's log entries: which of their keys are read, and what a line of the user's means.

One line of a session file is one entry. An answer is written block by block, so several entries carry the same
message id, each with the usage known at that time. "User" entries are mostly not a person's: tool results, output of
local commands, reminders and notes of the program come under the same name. `claude -p --output-format stream-json`
writes the same messages with `session_id` for `sessionId`, without times before version 2, and a `result` at the end.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from agentgauge.events import Usage
from agentgauge.integrations.agent_logs.normalise import TokenCount, decoded_or_none

_NULL = msgspec.Raw(b"null")

Meaning = Literal["prompt", "command", "results", "interruption", "note"]

_INTERRUPTION = "[Request interrupted by user"
_COMMANDS = ("<command-name>", "<command-message>", "<bash-input>")
_NOTES = (
    "Caveat: The messages below",
    "<local-command-",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    "<system-reminder>",
)
_TIERS = {"batch": "batch", "priority": "priority", "flex": "flex"}


class Entry(msgspec.Struct, rename="camel"):
    type: str | None = None
    timestamp: datetime | None = None
    session_id: str | None = None
    stream_session_id: str | None = msgspec.field(name="session_id", default=None)
    uuid: str | None = None
    parent_uuid: str | None = None
    request_id: str | None = None
    prompt_id: str | None = None
    cwd: str | None = None
    agent_id: str | None = None
    is_sidechain: bool = False
    parent_tool_use_id: str | None = msgspec.field(name="parent_tool_use_id", default=None)
    """In stream-json: the call of the Task tool that this message belongs to."""
    is_meta: bool = False
    is_compact_summary: bool = False
    is_visible_in_transcript_only: bool = False
    is_api_error_message: bool = False
    origin: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL
    cost_usd: Decimal | None = msgspec.field(name="costUSD", default=None)
    message: msgspec.Raw = _NULL
    tool_use_result: msgspec.Raw = _NULL
    subtype: str | None = None
    total_cost_usd: Decimal | None = msgspec.field(name="total_cost_usd", default=None)
    duration_ms: Annotated[float, msgspec.Meta(ge=0)] | None = msgspec.field(name="duration_ms", default=None)
    is_error: bool | None = msgspec.field(name="is_error", default=None)

    @property
    def session(self) -> str | None:
        return self.session_id or self.stream_session_id


class Block(msgspec.Struct):
    type: str = ""
    id: str | None = None
    name: str | None = None
    text: str = ""
    tool_use_id: str | None = None
    is_error: bool | None = None
    input: msgspec.Raw = _NULL


class _CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: TokenCount = 0
    ephemeral_1h_input_tokens: TokenCount = 0


class _ServerTools(msgspec.Struct):
    web_search_requests: TokenCount = 0
    web_fetch_requests: TokenCount = 0


class LoggedUsage(msgspec.Struct):
    input_tokens: TokenCount | None = 0
    output_tokens: TokenCount | None = 0
    cache_creation_input_tokens: TokenCount | None = 0
    cache_read_input_tokens: TokenCount | None = 0
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None

    def normalised(self) -> Usage:
        """With the input as the total. What is not said to be written for an hour was written for five minutes."""
        read = self.cache_read_input_tokens or 0
        split = self.cache_creation or _CacheCreation()
        hour = split.ephemeral_1h_input_tokens
        written = max(self.cache_creation_input_tokens or 0, hour + split.ephemeral_5m_input_tokens)
        return Usage(
            input_tokens=(self.input_tokens or 0) + read + written,
            output_tokens=self.output_tokens or 0,
            cache_read_tokens=read,
            cache_write_5m_tokens=written - hour,
            cache_write_1h_tokens=hour,
        )

    @property
    def tier(self) -> str | None:
        """The tier billed; None is the standard one."""
        return "fast" if self.speed == "fast" else _TIERS.get(self.service_tier or "")

    @property
    def attributes(self) -> dict[str, Any] | None:
        """Requests that are billed apart from the tokens."""
        if self.server_tool_use is None:
            return None
        counts = msgspec.structs.asdict(self.server_tool_use)
        return {name: count for name, count in counts.items() if count} or None


class Message(msgspec.Struct):
    id: str | None = None
    role: str | None = None
    model: str | None = None
    content: str | list[Block] | None = None
    usage: LoggedUsage | None = None
    stop_reason: str | None = None

    @property
    def blocks(self) -> list[Block]:
        if isinstance(self.content, str):
            return [Block(type="text", text=self.content)]
        return self.content or []


class _Origin(msgspec.Struct):
    kind: str = "human"


class TaskInput(msgspec.Struct):
    """What the tool that launches a subagent is called with."""

    subagent_type: str | None = None
    prompt: str = ""


class ToolDetails(msgspec.Struct, rename="camel"):
    """What a tool leaves beside its result: a shell whether it was stopped, a launch who was launched."""

    interrupted: bool = False
    agent_id: str | None = None
    agent_type: str | None = None


decode_entry = msgspec.json.Decoder(Entry).decode
decode_message = msgspec.json.Decoder(Message).decode
decode_tool_result = msgspec.json.Decoder(ToolDetails).decode
_decode_origin = msgspec.json.Decoder(_Origin | None).decode


def meaning(entry: Entry, blocks: list[Block]) -> Meaning:
    """What an entry of type `user` is."""
    if any(block.type == "tool_result" for block in blocks):
        return "results"
    text = next((block.text.lstrip() for block in blocks if block.type == "text"), "")
    if text.startswith(_INTERRUPTION):
        return "interruption"
    written_by_program = entry.is_meta or entry.is_compact_summary or entry.is_visible_in_transcript_only
    if not blocks or written_by_program or _is_sent_by_program(entry) or text.startswith(_NOTES):
        return "note"
    return "command" if text.startswith(_COMMANDS) else "prompt"


def _is_sent_by_program(entry: Entry) -> bool:
    origin = decoded_or_none(_decode_origin, entry.origin)
    return origin is not None and origin.kind != "human"
