"""Codex's log entries: which keys of which payloads are read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from agentgauge.integrations.agent_logs.normalise import TokenCount, decoded_or_none

_NULL = msgspec.Raw(b"null")


class Entry(msgspec.Struct):
    type: str
    payload: msgspec.Raw
    timestamp: datetime | None = None


class Payload(msgspec.Struct):
    """Of a `turn_context`, an `event_msg` or a `response_item`."""

    type: str = ""
    model: str | None = None
    cwd: str | None = None
    turn_id: str | None = None
    role: str | None = None
    name: str | None = None
    call_id: str | None = None
    status: str | None = None
    output: msgspec.Raw = _NULL
    message: msgspec.Raw = _NULL
    codex_error_info: msgspec.Raw = _NULL

    @property
    def message_text(self) -> str:
        return decoded_or_none(_decode_text, self.message) or ""

    @property
    def error_word(self) -> str | None:
        """Codex's own name of an error: a word, or the one key of an object."""
        word = decoded_or_none(_decode_text, self.codex_error_info)
        if word is not None:
            return None if word == "other" else word
        return next(iter(decoded_or_none(_decode_object, self.codex_error_info) or ()), None)

    @property
    def output_flag_and_text(self) -> tuple[bool | None, str]:
        """Whether a tool's output is marked as a success or failure, and its text as far as it is one."""
        text = decoded_or_none(_decode_text, self.output)
        if text is not None:
            return None, text
        output = decoded_or_none(_decode_output, self.output) or _Output()
        content = output.content
        return output.success, content if isinstance(content, str) else ""


class _Output(msgspec.Struct):
    success: bool | None = None
    content: object = ""


class Totals(msgspec.Struct, frozen=True):
    """Tokens, of one call or of a session so far."""

    input_tokens: TokenCount = 0
    cached_input_tokens: TokenCount = 0
    output_tokens: TokenCount = 0
    reasoning_output_tokens: TokenCount = 0

    def minus(self, before: Totals) -> Totals | None:
        """What was used since `before`; None where the totals shrank."""
        now, then = msgspec.structs.astuple(self), msgspec.structs.astuple(before)
        if self.input_tokens < before.input_tokens or self.output_tokens < before.output_tokens:
            return None
        return Totals(*(max(0, a - b) for a, b in zip(now, then, strict=True)))


class _Info(msgspec.Struct):
    total_token_usage: Totals | None = None
    last_token_usage: Totals | None = None
    model: str | None = None


class TokenReport(msgspec.Struct):
    info: _Info | None = None


class _Spawn(msgspec.Struct):
    parent_thread_id: str | None = None
    agent_role: str | None = None


class _Subagent(msgspec.Struct):
    thread_spawn: _Spawn | None = None


class _Source(msgspec.Struct):
    subagent: str | _Subagent | None = None


class Thread(msgspec.Struct):
    """Of a `session_meta`."""

    id: str | None = None
    cwd: str | None = None
    model_provider: str | None = None
    forked_from_id: str | None = None
    agent_role: str | None = None
    source: msgspec.Raw = _NULL

    @property
    def _subagent(self) -> str | _Subagent | None:
        source = decoded_or_none(_decode_source, self.source)
        return None if source is None else source.subagent

    @property
    def is_spawned(self) -> bool:
        """Whether another session started it, and not a user."""
        return self._subagent is not None

    @property
    def agent(self) -> str | None:
        """The subagent's role; None for a session of the user's."""
        subagent = self._subagent
        if subagent is None or isinstance(subagent, str):
            return subagent
        spawn = subagent.thread_spawn or _Spawn()
        return self.agent_role or spawn.agent_role or "subagent"

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The session whose history it begins with, where there is one."""
        subagent = self._subagent
        spawn = subagent.thread_spawn if isinstance(subagent, _Subagent) else None
        parent = self.forked_from_id or (spawn.parent_thread_id if spawn is not None else None)
        return () if parent is None else (parent,)


decode_entry = msgspec.json.Decoder(Entry).decode
decode_payload = msgspec.json.Decoder(Payload).decode
decode_thread = msgspec.json.Decoder(Thread).decode
decode_token_report = msgspec.json.Decoder(TokenReport).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_output = msgspec.json.Decoder(_Output).decode
_decode_source = msgspec.json.Decoder(_Source).decode
