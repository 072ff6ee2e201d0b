"""List prices survive their translation: a call costs what genai-prices itself computes for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data import providers
from genai_prices.types import Usage as ListUsage

from agentgauge.events import Usage
from agentgauge.pricing import PriceBook, catalog
from agentgauge.pricing.catalog import Listing
from agentgauge.pricing.rates import tariff, to_pico

DATA = Path(__file__).parents[1] / "data" / "pricing"
BOOK = PriceBook.load()
MOMENTS = (datetime(2025, 7, 1, 3, 30, tzinfo=UTC), datetime(2026, 11, 1, 17, tzinfo=UTC))
CONTEXTS = {"batch": {"processing": "batch"}, "priority": {"service_tier": "priority"}}


def amount(listing: Listing, tier: str, moment: datetime, usage: Usage) -> Decimal | None:
    for window in catalog.windows(listing, tier, moment.date()):
        if window.covers(moment, usage.input_tokens):
            applied = tariff(window.rates)
            tokens = [getattr(usage, name) for name in Usage.__struct_fields__]
            quanta = sum(w * n for w, n in zip(applied[:6], tokens, strict=True)) + applied.per_call
            return applied.quantum * (to_pico(quanta) if applied.rounds else quanta)
    return None


@pytest.mark.parametrize("tokens", [90_000, 600_000])
def test_every_listed_text_model_costs_what_its_list_says(tokens: int) -> None:
    """All providers, at two moments, in and above the short context; only stated fallbacks are taken out."""
    usage = Usage(tokens, 3_000, tokens // 2, tokens // 5, 0, 1_000)
    stated = ListUsage(
        input_tokens=tokens,
        output_tokens=3_000,
        cache_read_tokens=tokens // 2,
        cache_write_tokens=tokens // 5,
        cache_write_1h_tokens=0,
        output_reasoning_tokens=1_000,
    )
    compared = 0
    for provider in providers:
        for info in provider.models:
            listing = Listing(provider.id, info.id, info, own=True)
            for tier, context in (("standard", None), *CONTEXTS.items()):
                for moment in MOMENTS:
                    found = amount(listing, tier, moment, usage)
                    if found is None:
                        continue
                    prices = info.get_prices(moment, context)
                    expected = prices.calc_price(stated)["total_price"]
                    assert abs(found - expected) < Decimal("1e-9"), (provider.id, info.id, tier, moment)
                    compared += 1
    assert compared > 4000


def usage_of(stated: dict[str, int]) -> Usage:
    """The counters of a recorded body, which give cache writes as a total and the hour's part of it."""
    write_1h = stated.get("cache_write_1h_tokens", 0)
    return Usage(
        input_tokens=stated.get("input_tokens", 0),
        output_tokens=stated.get("output_tokens", 0),
        cache_read_tokens=stated.get("cache_read_tokens", 0),
        cache_write_5m_tokens=stated.get("cache_write_tokens", 0) - write_1h,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=stated.get("output_reasoning_tokens", 0),
    )


def test_recorded_usage_costs_what_the_list_expected() -> None:
    for body in json.loads((DATA / "usage_bodies.json").read_text()):
        cost = BOOK.price(body["model"], usage_of(body["usage"]), provider=body["provider"], at=MOMENTS[1])
        assert cost is not None, body
        assert cost.usd == Decimal(body["input_price"]) + Decimal(body["output_price"]), body


def test_a_coding_agents_calls_cost_what_its_log_states() -> None:
    for call in json.loads((DATA / "pi_calls.json").read_text()):
        read, write = call["cacheRead"], call["cacheWrite"]
        usage = Usage(call["input"] + read + write, call["output"], read, write)
        cost = BOOK.price(call["model"], usage, provider=call["provider"], at=datetime.fromisoformat(call["time"]))
        assert cost is not None
        assert abs(cost.usd - Decimal(call["cost"])) < Decimal("1e-9")


def test_an_hour_of_cache_costs_twice_the_input_where_claudes_list_leaves_it_out() -> None:
    (window,) = BOOK.windows("claude-3-5-haiku@20241022", "google", "standard", MOMENTS[0].date())
    assert (window.rates.input, window.rates.cache_write_1h) == (800_000_000, 1_600_000_000)


def test_an_embedding_model_bills_its_input_alone() -> None:
    cost = BOOK.price("text-embedding-3-small", Usage(input_tokens=1_000_000), at=MOMENTS[0])
    assert cost is not None
    assert cost.usd == Decimal("0.02")


def test_a_model_listed_without_a_text_price_is_unpriced() -> None:
    assert BOOK.price("whisper-1", Usage(input_tokens=1), at=MOMENTS[0]) is None
    assert BOOK.price("gpt-4o", Usage(input_tokens=1), provider="github-copilot", at=MOMENTS[0]) is None


def test_a_model_sold_as_free_costs_nothing() -> None:
    cost = BOOK.price("openrouter/deepseek/deepseek-r1:free", Usage(input_tokens=1_000), at=MOMENTS[0])
    assert cost is not None
    assert cost.usd == 0
