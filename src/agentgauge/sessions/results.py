"""From what a provider gave back to what was invoked: the model calls, the agent, how it went.

Taken are the document's `AgentResult`, any object with its fields, and whatever `agentgauge.usage` knows by shape.
"""

from __future__ import annotations

from decimal import Decimal
from operator import index
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import astuple

from agentgauge import usage
from agentgauge.events import Usage
from agentgauge.journal import lifetime
from agentgauge.recorder import Gauge
from agentgauge.sessions.models import NOT_APPLICABLE, AgentResult, EventType, MetricsEvent, TokenUsage
from agentgauge.usage import ModelShare, Reported, RunningTotals
from agentgauge.usage.fields import fields_of
from agentgauge.usage.tokens import TWO_TOTALS, tokens_of

NOTHING_USED = Usage()
_FIELDS_OF_A_RESULT = ("usage", "model", "provider", "duration_ms")


class Call(msgspec.Struct, frozen=True, gc=False):
    """The use of one model within an invocation."""

    model: str | None
    """None where it is not said."""
    provider: str | None
    usage: Usage
    cost_usd: Decimal | None
    """As reported; None where nobody did."""
    tier: str | None = None
    requests: int = 1


class Invocation(msgspec.Struct, frozen=True):
    """What a result says of itself."""

    calls: tuple[Call, ...]
    """One per model that took part."""
    agent: str | None = None
    duration_ms: float | None = None
    outcome: str | None = None
    error_type: str | None = None
    attributes: dict[str, Any] | None = None
    """Of `ATTRIBUTES`, beside what the user gave."""


ATTRIBUTES = frozenset(("requests", "web_searches", "tool_calls", "response_id", "conversation_id"))
"""Names of the attributes that are written here. A conversation is what an SDK calls one; it is no session of ours."""

_running: WeakKeyDictionary[Gauge, RunningTotals] = WeakKeyDictionary()


def running_totals(gauge: Gauge) -> RunningTotals:
    """What results recorded by `gauge` stated last, whichever collector they were given to."""
    return _running.setdefault(gauge, RunningTotals())


def _renew_locks() -> None:
    for totals in list(_running.values()):
        totals.renew_lock()


lifetime.after_fork(_renew_locks)


def invocation_of(result: object, totals: RunningTotals) -> Invocation | None:
    """What `result` says, of a running total what it adds to `totals`; None where its shape is unknown."""
    if isinstance(result, AgentResult) or all(hasattr(result, name) for name in _FIELDS_OF_A_RESULT):
        return _of_agent_result(result)
    reported = usage.read(result)
    return None if reported is None else _of_reported(totals.own(reported))


def calls_of(event: MetricsEvent) -> tuple[Call, ...]:
    """The model call that an event tells of; none for one that names no model and used nothing."""
    used = event.usage
    spent = used.input_tokens or used.output_tokens or used.cost_usd
    model = stated(event.model)
    if not spent and (model is None or event.event_type is not EventType.AGENT_INVOCATION):
        return ()
    return (
        Call(
            model,
            stated(event.provider),
            _usage_of(used),
            _money(used.cost_usd),
            event.tier,
            1 if event.requests is None else event.requests,
        ),
    )


def stated(name: str | None) -> str | None:
    """A model or provider as events have it: None for `n/a` and for nothing."""
    return None if not name or name == NOT_APPLICABLE else name


def _of_agent_result(result: Any) -> Invocation:
    response_id, error = getattr(result, "response_id", None), getattr(result, "is_error", False)
    model, used, cost = stated(result.model), _usage_of(result.usage), _cost_of(result.usage)
    provider, tier, requests = stated(result.provider), getattr(result, "tier", None), getattr(result, "requests", 1)
    calls: tuple[Call, ...] = ()
    if isinstance(result, AgentResult) and result.shares and cost is None:
        calls = _calls_of_shares(result.shares, provider, tier)
    elif model or cost or used != NOTHING_USED:
        calls = (Call(model, provider, used, cost, tier, requests),)
    return Invocation(
        calls,
        getattr(result, "agent_name", None),
        result.duration_ms,
        "error" if error else None,
        None,
        None if response_id is None else {"response_id": response_id},
    )


def _of_reported(reported: Reported) -> Invocation:
    attributes = {
        "web_searches": reported.web_searches or None,
        "tool_calls": reported.tool_calls or None,
        "response_id": reported.response_id,
        "conversation_id": reported.session_id,
    }
    tier, provider = reported.tier, reported.provider
    calls = _calls_of_shares(reported.shares, provider, tier)
    if not calls and (reported.requests or reported.usage != NOTHING_USED):  # a running total may have grown by nothing
        calls = (Call(reported.model, provider, reported.usage, reported.cost_usd, tier, reported.requests),)
    return Invocation(
        calls,
        reported.agent,
        reported.duration_ms,
        "error" if reported.is_error else None,
        reported.error_type,
        {name: value for name, value in attributes.items() if value is not None} or None,
    )


def _calls_of_shares(shares: tuple[ModelShare, ...], provider: str | None, tier: str | None) -> tuple[Call, ...]:
    return tuple(
        Call(share.model, share.provider or provider, share.usage, share.cost_usd, tier, share.requests)
        for share in shares
    )


def _usage_of(used: Any) -> Usage:
    """Tokens of a `TokenUsage`, of an SDK's counters, or of somebody's own with the document's two counts."""
    if isinstance(used, TokenUsage):
        return Usage(
            used.input_tokens,
            used.output_tokens,
            used.cache_read_tokens,
            used.cache_write_5m_tokens,
            used.cache_write_1h_tokens,
            used.reasoning_tokens,
        )
    tokens = tokens_of(used)
    if tokens is not None and (tokens.api != TWO_TOTALS or any(astuple(tokens.usage)[2:])):
        return tokens.usage
    counts: Any = fields_of(used)  # which may be numbers of other libraries, and are refused where they are none
    return Usage(index(counts.get("input_tokens")), index(counts.get("output_tokens")))


def _cost_of(used: Any) -> Decimal | None:
    return _money(used.cost_usd if isinstance(used, TokenUsage) else fields_of(used).get("cost_usd"))


def _money(amount: Any) -> Decimal | None:
    """Dollars: a float stands for its shortest decimals, as `Gauge.llm_call` takes it."""
    return Decimal(repr(amount)) if type(amount) is float else amount
