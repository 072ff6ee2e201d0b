"""What happened, one method per kind of event.

Each returns None at once and raises nothing, `BudgetExceeded` in a budget's block aside: an event that breaks a rule of
its kind is counted with its reason (see `Gauge.health`) and logged once per reason. Times are aware, durations
milliseconds, money US dollars. Every method takes scope names as keywords (`run=`, `ticket=`, ...), for this event
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from time import time_ns
from typing import Any

from agentgauge.events import Event
from agentgauge.events.codec import encode_json
from agentgauge.interruption import is_interruption
from agentgauge.recorder.entry import Entry, Kept
from agentgauge.recorder.failure import MESSAGE_CHARACTERS
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import charge
from agentgauge.recorder.ordinary import LONGEST_MS, REAL, TOKENS_BELOW, ZERO, LlmCall, are_parts, cost_text, event_of
from agentgauge.recorder.scope import Place, Scope
from agentgauge.recorder.sink import Sink


class Recorder:
    """Records into one sink, in the scope of the caller's context."""

    _sink: Sink
    _entry: Entry
    _current: ContextVar[Scope]

    def llm_call(
        self,
        model: str,
        provider: str | None = None,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cache_read_tokens: int = 0,
        cache_write_5m_tokens: int = 0,
        cache_write_1h_tokens: int = 0,
        reasoning_tokens: int = 0,
        duration_ms: float | None = None,
        success: bool | None = True,
        cost_usd: Money | None = None,
        *,
        tier: str | None = None,
        outcome: str | None = None,
        name: str | None = None,
        error_type: str | None = None,
        error_category: str | None = None,
        severity: str | None = None,
        error_message: str | None = None,
        recovery: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """One call of a language model.

        `input_tokens` is the total, tokens read from and written to a cache included; `reasoning_tokens` are part of
        `output_tokens`. `cost_usd` is what the provider reported; leave it out and the call is priced when it lands
        in the lake.
        """
        current, sink, taken, body, call = self._current.get(), self._sink, False, b"", None
        try:
            ordinary = (
                type(model) is str
                and model != ""
                and (provider is None or type(provider) is str)
                and type(input_tokens) is type(output_tokens) is int
                and 0 <= (input_tokens | output_tokens) < TOKENS_BELOW
                and (
                    cache_read_tokens is cache_write_5m_tokens is cache_write_1h_tokens is reasoning_tokens is ZERO
                    or are_parts(
                        input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
                        reasoning_tokens,
                    )
                )
                and (duration_ms is None or (type(duration_ms) in REAL and 0 <= duration_ms < LONGEST_MS))
                and (success is True or success is False)
                and not (tier or outcome or name or error_type or error_category or severity)
                and not (error_message or recovery or at or source_id or attributes)
                and not current.attributes
            )  # fmt: skip
            if ordinary:
                cost = None if cost_usd is None else cost_text(cost_usd)
                if scope:
                    current = current.narrowed(scope)
                number, taken = sink.take(), True
                call = LlmCall(
                    sink.segment_id, number, time_ns() // 1000, "llm_call", None, None, None, None,
                    model, provider, None,
                    input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
                    reasoning_tokens, duration_ms, "success" if success else "failure",
                    cost, None if cost is None else "reported",
                )  # fmt: skip
                body = encode_json(call)
        except Exception as error:  # methods of the values given; the general way counts what they raise
            if taken:
                sink.give_back()
            if is_interruption(error):
                raise
        if body:
            if sink.append(body[1:-1], current.prefix, current.crc) and current.guards:
                charge(current.guards, event_of(call, current.items))
            return
        # Not ordinary, or wrong: the general way finds out which.
        self._entry.values(
            "llm_call", self._current.get(), scope,
            {
                "model": model, "provider": provider, "tier": tier, "input_tokens": input_tokens,
                "output_tokens": output_tokens, "cache_read_tokens": cache_read_tokens,
                "cache_write_5m_tokens": cache_write_5m_tokens, "cache_write_1h_tokens": cache_write_1h_tokens,
                "reasoning_tokens": reasoning_tokens, "duration_ms": duration_ms, "cost_usd": cost_usd,
                "outcome": outcome, "name": name, "error_type": error_type, "error_category": error_category,
                "severity": severity, "error_message": error_message, "recovery": recovery, "source_id": source_id,
            },
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

    def tool_call(
        self,
        name: str,
        duration_ms: float | None = None,
        success: bool | None = True,
        *,
        cost_usd: Money | None = None,
        outcome: str | None = None,
        error_type: str | None = None,
        error_category: str | None = None,
        severity: str | None = None,
        error_message: str | None = None,
        recovery: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """One call of a tool. `cost_usd` is what it cost by itself (a paid search), never a share of a model's cost."""
        self._entry.values(
            "tool_call", self._current.get(), scope,
            {
                "name": name, "duration_ms": duration_ms, "cost_usd": cost_usd, "outcome": outcome,
                "error_type": error_type, "error_category": error_category, "severity": severity,
                "error_message": error_message, "recovery": recovery, "source_id": source_id,
            },
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

    def task(
        self,
        name: str,
        duration_ms: float | None = None,
        success: bool | None = True,
        quality_score: float | None = None,
        *,
        outcome: str | None = None,
        error_type: str | None = None,
        error_category: str | None = None,
        severity: str | None = None,
        error_message: str | None = None,
        recovery: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """A finished piece of an agent's work. `quality_score` is 0-100."""
        self._entry.values(
            "task", self._current.get(), scope,
            {
                "name": name, "duration_ms": duration_ms, "quality_score": quality_score, "outcome": outcome,
                "error_type": error_type, "error_category": error_category, "severity": severity,
                "error_message": error_message, "recovery": recovery, "source_id": source_id,
            },
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

    def error(
        self,
        error_type: str,
        error_message: str | None = None,
        *,
        error_category: str | None = None,
        severity: str | None = "error",
        recovery: str | None = None,
        name: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """Something went wrong. The redaction hook sees the message too.

        `severity` is critical, error, warning or info; `recovery` failed or succeeded, where it was tried.
        """
        self._entry.values(
            "error", self._current.get(), scope,
            {
                "error_type": error_type, "error_message": error_message, "error_category": error_category,
                "severity": severity, "recovery": recovery, "name": name, "source_id": source_id,
            },
            at=at, attributes=attributes,
        )  # fmt: skip

    def measurement(
        self,
        name: str,
        value: float,
        unit: str | None = None,
        *,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """Any other number that is worth following: lines changed, recall, queue length."""
        self._entry.values(
            "measurement", self._current.get(), scope,
            {"name": name, "value": value, "unit": unit, "source_id": source_id},
            at=at, attributes=attributes,
        )  # fmt: skip

    def satisfaction(
        self,
        value: float,
        *,
        scale: float | None = None,
        name: str | None = None,
        unit: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """How content a person was: a ratio of 0-1, or a score on the 1-5 scale, which becomes (score - 1) / 4.

        A value above 1 is such a score; `scale=5` says it of a 1 too. The score as stated is kept in the attributes
        `score` and `scale`.
        """
        self._entry.values(
            "satisfaction", self._current.get(), scope,
            {"value": value, "scale": scale, "name": name, "unit": unit, "source_id": source_id},
            at=at, attributes=attributes,
        )  # fmt: skip

    def mark(
        self,
        name: str,
        duration_ms: float | None = None,
        *,
        success: bool | None = None,
        outcome: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """A milestone, such as the start of a session."""
        self._entry.values(
            "mark", self._current.get(), scope,
            {"name": name, "duration_ms": duration_ms, "outcome": outcome, "source_id": source_id},
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

    def keep(
        self,
        kind: str,
        values: Mapping[str, object],
        place: Place | None = None,
        *,
        success: bool | None = None,
        at: datetime | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> Kept | None:
        """An event of any kind, given as `values` of its fields; None stands for not given.

        Its scope is that of the caller's context, in it `place`, and in that `scope`. Returns what was kept, from which
        `event()` makes the event with its identity, or None where it was refused or dropped, which is counted. An error
        message is kept to its first 200 characters.
        """
        return self._entry.values(
            kind, self._current.get(), scope, values,
            success=success, at=at, attributes=attributes, message_characters=MESSAGE_CHARACTERS, place=place,
        )  # fmt: skip

    def event(
        self,
        kind: str,
        values: Mapping[str, object],
        *,
        success: bool | None = None,
        at: datetime | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> Event | None:
        """As `keep`, but returns the event."""
        kept = self.keep(kind, values, None, success=success, at=at, attributes=attributes, **scope)
        return None if kept is None else kept.event()

    def record(self, event: Event) -> None:
        """A whole event, as importers and receivers build it. Scope fields that it leaves out are those of the
        current scope.

        An event read back from a journal or lake, which has its identity, is already in the stream and is not
        recorded again.
        """
        self._entry.event(event, self._current.get())
