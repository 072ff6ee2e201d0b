"""What a result says that was used: one frozen record, whatever SDK or provider the result is of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import reduce

import msgspec

from agentgauge.events import Usage
from agentgauge.usage.tokens import added


class ModelShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one model did of a result that several models took part in."""

    usage: Usage
    model: str | None = None
    """None for what the result counts without saying which model it was."""
    provider: str | None = None
    cost_usd: Decimal | None = None
    requests: int = 1


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, money and identity as a result states them; None is what it does not state.

    Token counts follow `agentgauge.events.Usage`: `input_tokens` is the total with cache reads and writes in it,
    `output_tokens` the total with reasoning in it. Parts never exceed their total.
    """

    usage: Usage
    model: str | None = None
    """As the provider names it; the last one that answered where there were several."""
    provider: str | None = None
    """In the words of genai-prices where the result's type or its fields tell: openai, anthropic, google, aws, ..."""
    cost_usd: Decimal | None = None
    """What the result itself says it cost, in USD. Never computed here."""
    requests: int = 1
    """Calls of a model that it stands for."""
    duration_ms: float | None = None
    tier: str | None = None
    """standard, batch, flex, priority or fast."""
    response_id: str | None = None
    session_id: str | None = None
    """The SDK's own name for the conversation."""
    agent: str | None = None
    """Name of the agent that gave the final answer."""
    tool_calls: int | None = None
    """Tools of the user's that the model called for; for a whole run, those that ran."""
    web_searches: int = 0
    """Searches that the provider ran and bills by the piece."""
    is_error: bool = False
    error_type: str | None = None
    """The provider's or SDK's own word for what went wrong."""
    is_running_total: bool = False
    """Whether cost and shares (and `usage`, where there are shares) are totals of the session so far, as the Claude
    Agent SDK states them: `agentgauge.usage.RunningTotals` takes from them what the last turn added."""
    turn: Usage | None = None
    """Of a running total, what its last turn used at least: calls of subagents are not in it."""
    shares: tuple[ModelShare, ...] = ()
    """The same use by model, where more than one took part: their tokens and requests add up to `usage` and
    `requests`, their costs to `cost_usd` where all state one. Empty where one model did everything, but for running
    totals."""


def divided(reported: Reported, parts: Iterable[ModelShare]) -> Reported:
    """`reported` with what its parts add up to, those of one model as one share. A single share of what is no running
    total is not told apart.
    """
    by_model: dict[tuple[str | None, str | None], ModelShare] = {}
    for part in parts:
        key = (part.model, part.provider)
        by_model[key] = _together(by_model[key], part) if key in by_model else part
    shares = tuple(by_model.values())
    costs = [share.cost_usd for share in shares if share.cost_usd is not None]
    cost = reported.cost_usd
    if cost is None and costs and len(costs) == len(shares):
        cost = sum(costs, Decimal(0))
    return msgspec.structs.replace(
        reported,
        usage=reduce(added, (share.usage for share in shares), Usage()),
        requests=sum(share.requests for share in shares),
        cost_usd=cost,
        shares=shares if len(shares) > 1 or reported.is_running_total else (),
    )


def _together(one: ModelShare, other: ModelShare) -> ModelShare:
    cost = None if one.cost_usd is None or other.cost_usd is None else one.cost_usd + other.cost_usd
    return msgspec.structs.replace(
        one,
        usage=added(one.usage, other.usage),
        cost_usd=cost,
        requests=one.requests + other.requests,
    )
