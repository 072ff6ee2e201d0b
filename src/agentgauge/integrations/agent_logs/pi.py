"""Sessions of pi, the coding agent of pi-mono.

A file begins with a `session` line (id, folder), then one line per entry; `message` entries hold what was said. An
assistant's entry is written when its answer is whole: the entry's time is its end and the message's own `timestamp`
its beginning. `usage.input` leaves out what came from or went to the cache, so the three are added; pi writes
5-minute caches. `usage.cost.total` is pi's price, taken as reported; where it is zero although tokens were used, pi
has no price for the model, and the cost is unknown.

An entry's identity is the digest of its line and not of its session: forking a session copies its entries into a new
file, and a copied call was paid for once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.events import Usage
from agentgauge.events.event import EPOCH
from agentgauge.integrations.agent_logs import normalise
from agentgauge.integrations.agent_logs.lines import Line
from agentgauge.integrations.agent_logs.records import Call, Failure, ToolUse
from agentgauge.integrations.agent_logs.transcript import Transcript

_ENTRY_TYPES = frozenset(
    {
        "session",
        "message",
        "model_change",
        "thinking_level_change",
        "compaction",
        "branch_summary",
        "custom",
        "custom_message",
        "label",
        "session_info",
    }
)
_TURN_OUTCOMES = {"stop": "success", "length": "failure", "error": "error"}
_CALL_OUTCOMES = {"error": "error", "aborted": "interrupted"}


class _Entry(msgspec.Struct):
    type: str
    timestamp: datetime | None = None
    id: str | None = None
    cwd: str | None = None
    parentSession: str | None = None  # noqa: N815 (the log's key)
    message: msgspec.Raw = msgspec.Raw(b"null")


class _Block(msgspec.Struct):
    type: str = ""
    id: str = ""
    name: str = ""


class _Cost(msgspec.Struct):
    total: Decimal | None = None


class _Usage(msgspec.Struct, rename="camel"):
    input: normalise.TokenCount = 0
    output: normalise.TokenCount = 0
    cache_read: normalise.TokenCount = 0
    cache_write: normalise.TokenCount = 0
    cost: _Cost | None = None


class _Message(msgspec.Struct, rename="camel"):
    role: str
    content: str | list[_Block] = ""
    timestamp: float | None = None
    """Milliseconds since 1970."""
    model: str | None = None
    provider: str | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None
    error_message: str | None = None
    tool_call_id: str | None = None
    is_error: bool = False


_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_message = msgspec.json.Decoder(_Message).decode


def recognises(keys: dict[str, Any]) -> bool:
    """Whether a line with these keys is an entry of pi."""
    return keys.get("type") in _ENTRY_TYPES and "payload" not in keys


class Parser:
    """Reads the lines of one file into a transcript."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._session = ""

    def feed(self, line: Line) -> None:
        """Raises `msgspec.DecodeError` or `ValueError` with the reason where the line cannot be read."""
        entry = _decode_entry(line.data)
        if entry.timestamp is None:
            raise ValueError("no timestamp")
        time = normalise.in_utc(entry.timestamp)
        if entry.type == "session":
            self._begin_session(entry, line, time)
        self._session = self._session or normalise.digest(line.data)
        self._transcript.saw(time)
        if entry.type != "message":
            return
        message = _decode_message(entry.message)
        self._transcript.in_session(self._session, time)
        if message.role == "user":
            self._transcript.begin_turn(self._entry_id("turn", line), self._session, time)
        elif message.role == "assistant":
            self._answer(message, line, time)
        elif message.role == "toolResult":
            self._tool_result(message, time)

    def _begin_session(self, entry: _Entry, line: Line, time: datetime) -> None:
        self._session = entry.id or normalise.digest(line.data)
        self._transcript.in_session(self._session, time, normalise.project_of(entry.cwd))

    def _answer(self, message: _Message, line: Line, time: datetime) -> None:
        transcript, turn = self._transcript, self._transcript.turn_of(self._session)
        stop = message.stop_reason
        error_type = normalise.error_type(message.error_message) if stop == "error" else None
        source_id = self._entry_id("call", line)
        transcript.calls[source_id] = Call(
            source_id=source_id,
            session=self._session,
            agent="pi",
            turn=turn,
            ended=time,
            started=_moment(message.timestamp),
            outcome=_CALL_OUTCOMES.get(stop or "", "success"),
            model=message.model,
            provider=message.provider,
            usage=_usage(message.usage),
            cost_usd=_cost(message.usage),
            error_type=error_type,
        )
        transcript.answered(time, _TURN_OUTCOMES.get(stop or "", "interrupted"), turn)
        if error_type is not None:
            failure_id = self._entry_id("error", line)
            transcript.failures[failure_id] = Failure(
                source_id=failure_id, session=self._session, agent="pi", turn=turn, time=time, error_type=error_type
            )
        for block in message.content if isinstance(message.content, list) else ():
            if block.type == "toolCall" and block.name:
                tool_id = transcript.identity("tool", normalise.unique(block.id) or f"{self._session}:{block.id}")
                transcript.tools.setdefault(
                    tool_id,
                    ToolUse(
                        source_id=tool_id, session=self._session, agent="pi", turn=turn, name=block.name, called=time
                    ),
                )

    def _tool_result(self, message: _Message, time: datetime) -> None:
        transcript = self._transcript
        call_id = message.tool_call_id or ""
        tool = transcript.tools.get(
            transcript.identity("tool", normalise.unique(call_id) or f"{self._session}:{call_id}")
        )
        if tool is None or tool.outcome is not None:
            return
        tool.returned, tool.outcome = time, "failure" if message.is_error else "success"
        transcript.answered(time, "interrupted", tool.turn)

    def _entry_id(self, what: str, line: Line) -> str:
        return self._transcript.identity(what, normalise.digest(line.data))


def _usage(usage: _Usage | None) -> Usage:
    if usage is None:
        return Usage()
    return Usage(
        input_tokens=usage.input + usage.cache_read + usage.cache_write,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_5m_tokens=usage.cache_write,
    )


def _cost(usage: _Usage | None) -> Decimal | None:
    if usage is None or usage.cost is None:
        return None
    tokens = usage.input + usage.output + usage.cache_read + usage.cache_write
    return None if tokens and not usage.cost.total else normalise.reported_cost(usage.cost.total)


def _moment(epoch_ms: float | None) -> datetime | None:
    """The time of so many milliseconds since 1970, None where it is not given or no year holds it."""
    if epoch_ms is None:
        return None
    try:
        return EPOCH + timedelta(milliseconds=epoch_ms)
    except OverflowError:
        return None
