"""What one recorded model call cost, what went in and what came out told apart.

The price is asked for at once, from the book that the lake prices by; about two microseconds once a model is known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from agentgauge.errors import EventRefused, PriceBookError, SettingsError
from agentgauge.events import Event, Usage
from agentgauge.pricing import price

_NOTHING = Decimal(0)


class CallCost(NamedTuple):
    """US dollars. `input` and `output` are 0 for a cost that was reported whole."""

    input: Decimal
    output: Decimal
    total: Decimal


def call_cost(call: Event) -> CallCost | None:
    """None: no price is known, or the price file cannot be read (the lake says so too)."""
    if call.cost_usd is not None and call.cost_source == "reported":
        return CallCost(_NOTHING, _NOTHING, call.cost_usd)
    usage = call.usage
    total = call.cost_usd if call.cost_usd is not None else _price(call, usage)
    if total is None:
        return None
    # What goes in decides the rates, so the part of it is what the call would have cost without an answer.
    unanswered = Usage(
        usage.input_tokens, 0, usage.cache_read_tokens, usage.cache_write_5m_tokens, usage.cache_write_1h_tokens
    )  # fmt: skip
    read_in = _price(call, unanswered)
    if read_in is None or read_in > total:
        return CallCost(_NOTHING, _NOTHING, total)
    return CallCost(read_in, total - read_in, total)


def _price(call: Event, usage: Usage) -> Decimal | None:
    try:
        cost = price(call.model or "", usage, provider=call.provider, at=call.time, tier=call.tier or "standard")
    except (EventRefused, PriceBookError, SettingsError):
        return None
    return None if cost is None else cost.usd
