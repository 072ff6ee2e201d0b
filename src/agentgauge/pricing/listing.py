"""Prices as a person reads them: one row per tier, hours and long-context band, in USD per million tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.pricing.layers import Segment
from agentgauge.pricing.rates import RATE_NAMES, usd_per_million


class PriceRow(msgspec.Struct, frozen=True):
    """One line of a price listing: rates in USD per million tokens (`per_call`: USD), their source, when they hold."""

    model: str
    """The listed model that the name was taken for."""
    provider: str | None
    tier: str
    source: str
    """`overrides`, `prices.toml` or `genai-prices` with its version."""
    evidence: str
    """The row's own source: an address and a date; empty where the source gives none."""
    valid_from: datetime | None
    """None: the source states no beginning."""
    valid_to: datetime | None
    """Exclusive; None: in force until something newer is known."""
    hours: str | None
    """UTC hours of the day that it is limited to."""
    min_input_tokens: int
    max_input_tokens: int | None
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    reasoning: Decimal
    per_call: Decimal


def price_row(segment: Segment, tier: str) -> PriceRow:
    """A segment as a row of the listing."""
    window, origin = segment
    whole_day = window.end - window.start == timedelta(days=1)
    prices = {rate: usd_per_million(getattr(window.rates, rate)) for rate in RATE_NAMES}
    prices["per_call"] = usd_per_million(window.rates.per_call) / 1_000_000
    return PriceRow(
        model=origin.model,
        provider=origin.provider,
        tier=tier,
        source=origin.source,
        evidence=origin.evidence,
        valid_from=origin.valid_from,
        valid_to=origin.valid_to,
        hours=None if whole_day else f"{window.start:%H:%M}-{window.end:%H:%M}",
        min_input_tokens=window.min_input_tokens,
        max_input_tokens=window.max_input_tokens,
        **prices,
    )
