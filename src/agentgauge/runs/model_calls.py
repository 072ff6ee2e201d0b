"""Model calls: what they used, what they cost, and that a usage counts once however often it is handed in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agentgauge.events import Usage
from agentgauge.events.event import to_micros
from agentgauge.recorder.given import Money
from agentgauge.runs import doors, entries
from agentgauge.runs.models import TokenUsage
from agentgauge.runs.open_work import Open
from agentgauge.runs.stream import RunStream
from agentgauge.runs.tracker import Tracker, inside

Extra = Mapping[str, Any]
"""Your own fields of an event: text keys, values that JSON can hold."""

_TOKENS = Usage.__struct_fields__


class ModelCalls:
    _stream: RunStream
    _tracker: Tracker

    def record_token_usage(
        self,
        input_tokens: int = 0,
        output_tokens: int = 0,
        model: str | None = None,
        *,
        provider: str | None = None,
        cache_read_tokens: int = 0,
        cache_write_5m_tokens: int = 0,
        cache_write_1h_tokens: int = 0,
        reasoning_tokens: int = 0,
        cost_usd: Money | None = None,
        tier: str | None = None,
        duration_seconds: float | None = None,
        success: bool = True,
        agent_id: str | None = None,
        issue_id: str | int | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> TokenUsage:
        """One model call of the current agent. Returns its usage, with its cost.

        `input_tokens` is the total, cached tokens included; `reasoning_tokens` are part of `output_tokens`. `model` and
        `provider` are those of the configuration by default. `cost_usd` is what was billed; without it the call costs
        what its price at the time says, NaN where none is known.
        """
        agent, issue = self._tracker.belonging(agent_id, issue_id, needs_agent=True)
        model, provider = self._model(model, provider)
        tokens = {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cache_read_tokens": cache_read_tokens,
            "cache_write_5m_tokens": cache_write_5m_tokens,
            "cache_write_1h_tokens": cache_write_1h_tokens,
            "reasoning_tokens": reasoning_tokens,
        }
        return self._record_usage(
            TokenUsage(model=model, provider=provider, unpriced_calls=1),
            {**tokens, "tier": tier, "cost_usd": cost_usd, "duration_ms": doors.milliseconds(duration_seconds)},
            agent, issue, extra, at, success,
        )  # fmt: skip

    def _record_handed_in(self, usage: TokenUsage, agent: Open) -> None:
        """Record a usage that was never recorded, and mark it as recorded; of another nothing is to be done."""
        if usage.recorded_as is not None:
            return
        model, provider = self._model(usage.model, usage.provider)
        values = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_5m_tokens": usage.cache_write_5m_tokens,
            "cache_write_1h_tokens": usage.cache_write_1h_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
            "cost_usd": doors.known(usage.cost_usd),
        }
        shown = TokenUsage(model=model, provider=provider)
        usage.recorded_as = self._record_usage(shown, values, agent, agent.issue, usage.extra, None, True).recorded_as

    def _record_usage(
        self,
        usage: TokenUsage,
        values: dict[str, Any],
        agent: Open | None,
        issue: str | None,
        extra: Extra | None,
        at: datetime | None,
        success: bool,
    ) -> TokenUsage:
        """Record a call of `usage.model` and fill `usage` with what was kept."""
        stream = self._stream
        model, provider = usage.model or "", usage.provider
        values["model"], values["provider"] = model, provider
        if stream.is_priced_here and values["cost_usd"] is None:
            self._price(values, at)
        attributes = None if extra is None else entries.attributes(extra)
        kept = stream.record(
            "llm_call", values, attributes, inside(agent, issue), success=doors.truth(success), at=doors.utc(at)
        )
        if kept is None:
            _fill(usage, values)
            return usage
        members = kept.members
        _fill(usage, members)
        if "cost_usd" not in members:
            cost = stream.cost(model, _usage_of(members), provider, members.get("tier"), kept.micros)
            if cost is not None:
                members["cost_usd"] = cost.usd  # of the view's event: the lake computes the same
        if "cost_usd" in members:
            usage.cost_usd, usage.unpriced_calls = float(members["cost_usd"]), 0
        usage.recorded_as = f"{kept.segment}/{kept.n}"
        stream.show(kept)
        return usage

    def _price(self, values: dict[str, Any], at: datetime | None) -> None:
        """Write the cost by the caller's own table into the event."""
        given = doors.utc(at)
        if not all(type(values[name]) is int for name in _TOKENS):
            return
        micros = to_micros(given) if isinstance(given, datetime) else time.time_ns() // 1000
        cost = self._stream.cost(values["model"], _usage_of(values), values["provider"], values.get("tier"), micros)
        if cost is not None:
            values |= {"cost_usd": cost.usd, "cost_source": cost.source, "price_version": cost.price_version}

    def _model(self, model: str | None, provider: str | None) -> tuple[str, str | None]:
        """Model and provider of a call, those of the configuration where it names none."""
        config = self._stream.config
        llm = None if config is None else config.llm
        configured = None if llm is None or llm.model is None else doors.text_of(llm.model)
        named = configured or "unknown" if model is None else doors.text_of(model)
        if provider is None and llm is not None and named == configured:
            provider = llm.provider
        return named, doors.optional_text(provider)


def _fill(usage: TokenUsage, values: Mapping[str, Any]) -> None:
    for name in _TOKENS:
        setattr(usage, name, values.get(name) or 0)


def _usage_of(values: Mapping[str, Any]) -> Usage:
    return Usage(*[values.get(name, 0) for name in _TOKENS])
