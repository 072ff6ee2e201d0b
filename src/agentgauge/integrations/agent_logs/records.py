"""The records that a parser gathers: turns, calls, tool calls and failures."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.events import Usage
from agentgauge.integrations.agent_logs.normalise import milliseconds


class Turn(msgspec.Struct):
    """What one message of the user set off."""

    source_id: str
    session: str
    started: datetime
    ended: datetime | None = None
    """Time of the last answer or tool result; None while there is none."""
    outcome: str = "interrupted"
    """Until something says otherwise."""
    over: bool = False
    """The log says that it ended."""
    is_explicit: bool = False
    """The log marks its beginning and its end."""
    is_command: bool = False
    """A command typed to the agent's own shell: a turn only if the model answered."""
    stated_duration_ms: float | None = None
    has_times: bool = True
    """False where the log gives no times and the file's own stands in for them."""
    attributes: dict[str, Any] | None = None

    @property
    def duration_ms(self) -> float | None:
        """As stated by the log, else from the user's message to the last answer or tool result."""
        if self.stated_duration_ms is not None or not self.has_times:
            return self.stated_duration_ms
        return milliseconds(self.started, self.ended)

    @property
    def span_id(self) -> str:
        return _hex(self.source_id, 8)

    @property
    def trace_id(self) -> str:
        return _hex(self.source_id, 16)


class Call(msgspec.Struct, kw_only=True):
    """One request to a model."""

    source_id: str
    session: str
    agent: str
    turn: Turn | None
    started: datetime | None = None
    """None where it is not known."""
    ended: datetime
    outcome: str = "success"
    model: str | None
    provider: str | None
    tier: str | None = None
    usage: Usage
    cost_usd: Decimal | None = None
    error_type: str | None = None
    attributes: dict[str, Any] | None = None
    final: bool = True
    """False where the log does not state why the answer stopped: more of it may follow."""


class ToolUse(msgspec.Struct, kw_only=True):
    """One call of a tool."""

    source_id: str
    session: str
    agent: str
    turn: Turn | None
    name: str
    called: datetime
    returned: datetime | None = None
    outcome: str | None = None
    """None while there is no result."""


class Failure(msgspec.Struct, kw_only=True):
    """Something that went wrong outside a tool: a refused request, a lost stream."""

    source_id: str
    session: str
    agent: str
    turn: Turn | None
    time: datetime
    error_type: str
    error_category: str = "llm"


def _hex(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
