"""Model calls: what they used, what they cost, and that a usage counts once however often it is handed in."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import Any

from agentgauge.events import Usage
from agentgauge.events.event import to_micros
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import AsOne
from agentgauge.runs import doors, entries
from agentgauge.runs.models import TokenUsage
from agentgauge.runs.open_work import Open
from agentgauge.runs.stream import RunStream
from agentgauge.runs.text import text_of
from agentgauge.runs.tracker import Tracker

Extra = Mapping[str, Any]
"""Your own fields of an event: text keys, values that JSON can hold."""

_TOKENS = Usage.__struct_fields__
_ZERO = 0
"""The object that a literal 0 is: a part that is it was not given, which is seen at once."""
_PARTS = frozenset(_TOKENS) - {"input_tokens", "output_tokens"}


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
        values = {
            "model": model,
            "provider": provider,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "tier": tier,
            "cost_usd": cost_usd,
            "duration_ms": doors.milliseconds(duration_seconds),
        }
        if not (cache_read_tokens is cache_write_5m_tokens is cache_write_1h_tokens is reasoning_tokens is _ZERO):
            values["cache_read_tokens"] = cache_read_tokens
            values["cache_write_5m_tokens"] = cache_write_5m_tokens
            values["cache_write_1h_tokens"] = cache_write_1h_tokens
            values["reasoning_tokens"] = reasoning_tokens
        return self._record_usage(values, agent, issue, extra, at, success)

    def _record_handed_in(self, usage: object, agent: Open) -> None:
        """Record a usage that was never recorded, and mark it as recorded; of another nothing is to be done.

        It may be any object or mapping with the names of a `TokenUsage`.
        """
        if doors.member(usage, "recorded_as") is not None:
            return
        values = {name: doors.member(usage, name) for name in _TOKENS}
        if values["input_tokens"] is None and values["output_tokens"] is None:
            self._stream.count("refused", "unusable value", f"{type(usage).__name__} handed in names no tokens")
            return
        model, provider = self._model(doors.member(usage, "model"), doors.member(usage, "provider"))
        values |= {"model": model, "provider": provider, "cost_usd": doors.known(doors.member(usage, "cost_usd"))}
        extra = doors.member(usage, "extra")
        if not isinstance(extra, Mapping):
            extra = None
        recorded = self._record_usage(values, agent, agent.issue, extra, None, True)
        if isinstance(usage, TokenUsage):
            usage.recorded_as = recorded.recorded_as

    def _record_usage(
        self,
        values: dict[str, Any],
        agent: Open | None,
        issue: str | None,
        extra: Extra | None,
        at: datetime | None,
        success: object,
    ) -> TokenUsage:
        """Record a call; its usage, as it was kept."""
        with AsOne():
            return self._record_and_show(values, agent, issue, extra, doors.utc(at), success)

    def _record_and_show(
        self,
        values: dict[str, Any],
        agent: Open | None,
        issue: str | None,
        extra: Extra | None,
        at: datetime | None,
        success: object,
    ) -> TokenUsage:
        stream = self._stream
        if stream.is_priced_here and values["cost_usd"] is None:
            self._price(values, at)
        kept = stream.gauge.keep(
            "llm_call", values, self._tracker.inside(agent, issue), success=doors.truth(success), at=at,
            attributes=None if extra is None else entries.attributes(extra),
        )  # fmt: skip
        if kept is None:
            plain = {name: value for name, value in values.items() if type(value) in (int, str)}
            return _usage(plain, math.nan, None)
        members = kept.members
        exact = members.get("cost_usd")
        if exact is None:
            cost = stream.cost(values["model"], _tokens(members), values["provider"], members.get("tier"), kept.micros)
            if cost is not None:
                exact = members["cost_usd"] = cost.usd  # of the view's event: the lake computes the same
        stream.show(kept)
        return _usage(members, math.nan if exact is None else float(exact), f"{kept.segment}/{kept.n}")

    def _price(self, values: dict[str, Any], at: datetime | None) -> None:
        """Write the cost by the caller's own table into the event."""
        if all(type(values.get(name)) in (int, NoneType) for name in _TOKENS):
            micros = to_micros(at) if doors.is_aware(at) else time.time_ns() // 1000
            tier = values.get("tier")
            cost = self._stream.cost(values["model"], _tokens(values), values["provider"], tier, micros)
            if cost is not None:
                values |= {"cost_usd": cost.usd, "cost_source": cost.source, "price_version": cost.price_version}

    def _model(self, model: str | None, provider: str | None) -> tuple[str, str | None]:
        """Model and provider of a call, those of the configuration where it names none."""
        config = self._stream.config
        llm = None if config is None else config.llm
        configured = None if llm is None or llm.model is None else text_of(llm.model)
        named = configured or "unknown" if model is None else text_of(model)
        if provider is None and llm is not None and named == configured:
            provider = llm.provider
        return named, doors.optional_text(provider)


def _usage(values: Mapping[str, Any], cost_usd: float, recorded_as: str | None) -> TokenUsage:
    get = values.get
    return TokenUsage(
        get("input_tokens") or 0,
        get("output_tokens") or 0,
        get("model"),
        get("provider"),
        get("cache_read_tokens") or 0,
        get("cache_write_5m_tokens") or 0,
        get("cache_write_1h_tokens") or 0,
        get("reasoning_tokens") or 0,
        cost_usd,
        1,
        1 if cost_usd != cost_usd else 0,
        recorded_as,
    )


def _tokens(values: Mapping[str, Any]) -> Usage:
    get = values.get
    if _PARTS.isdisjoint(values):
        return Usage(get("input_tokens", 0), get("output_tokens", 0))
    return Usage(*[get(name) or 0 for name in _TOKENS])
