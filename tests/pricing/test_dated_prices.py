"""Prices are those of the call's own day and hour, in its own tier."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agentgauge.events import Usage
from agentgauge.pricing import PriceBook, price
from agentgauge.runs import PRICING

BOOK = PriceBook.load()
MILLION = Usage(input_tokens=100_000, output_tokens=100_000)
"""A tenth of a million of each, below every long-context threshold; its cost is a tenth of the two prices' sum."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dollars(model: str, usage: Usage, when: str, provider: str | None = None, tier: str = "standard") -> Decimal | None:
    cost = BOOK.price(model, usage, provider=provider, at=at(when), tier=tier)
    return None if cost is None else cost.usd


@pytest.mark.parametrize(
    ("when", "input_usd", "output_usd"),
    [
        ("2024-12-01T12:00", "0.14", "0.28"),
        ("2025-02-08T15:59", "0.14", "0.28"),
        ("2025-02-08T16:00", "0.27", "1.10"),
        ("2025-02-20T20:00", "0.27", "1.10"),
        ("2025-02-26T16:30", "0.135", "0.55"),
        ("2025-07-01T00:29", "0.135", "0.55"),
        ("2025-07-01T00:30", "0.27", "1.10"),
        ("2025-07-01T16:30", "0.135", "0.55"),
        ("2025-09-05T15:59", "0.27", "1.10"),
        ("2025-09-05T16:00", "0.56", "1.68"),
        ("2025-09-20T20:00", "0.56", "1.68"),
        ("2025-10-03T00:00", "0.28", "0.42"),
        ("2025-10-03T17:00", "0.28", "0.42"),
        ("2026-05-01T02:00", "0.14", "0.28"),
    ],
)
def test_deepseek_chat_costs_what_it_cost_at_that_hour(when: str, input_usd: str, output_usd: str) -> None:
    assert dollars("deepseek-chat", MILLION, when) == (Decimal(input_usd) + Decimal(output_usd)) / 10


@pytest.mark.parametrize("model", ["deepseek-chat", "deepseek-reasoner"])
@pytest.mark.parametrize("provider", [None, "deepseek"])
def test_a_withdrawn_model_is_unpriced_from_the_minute_it_was_withdrawn(model: str, provider: str | None) -> None:
    """genai-prices goes on listing it, at the prices of 2025."""
    assert dollars(model, MILLION, "2026-07-24T15:58", provider) == Decimal("0.042")
    for when in ("2026-07-24T15:59", "2026-07-25T00:00", "2026-11-20T02:00"):
        assert dollars(model, MILLION, when, provider) is None
    assert BOOK.explain(model, provider, at("2026-11-20T02:00")) == ()


def test_a_model_withdrawn_by_its_vendor_keeps_its_price_where_another_sells_it() -> None:
    assert dollars("openrouter/deepseek/deepseek-chat", MILLION, "2026-11-01T00:00") is not None


@pytest.mark.parametrize(
    ("when", "input_usd"),
    [
        ("2026-06-01T02:00", "0.14"),
        ("2026-08-18T02:00", "0.44"),
        ("2026-08-18T05:00", "0.22"),
        ("2026-08-22T02:00", "0.44"),
        ("2026-08-29T02:00", "0.22"),
        ("2026-08-31T09:59", "0.44"),
        ("2026-09-14T03:59", "0.30"),
        ("2026-09-14T04:00", "0.15"),
        ("2026-09-12T03:00", "0.15"),
    ],
)
def test_peak_hours_are_those_of_working_days_once_weekends_are_free_of_them(when: str, input_usd: str) -> None:
    assert dollars("deepseek-v4-flash", Usage(input_tokens=1_000_000), when) == Decimal(input_usd)


@pytest.mark.parametrize(
    ("model", "input_usd", "output_usd"),
    [
        ("deepseek-chat", "0.28", "0.42"),
        ("deepseek-coder", "0.28", "0.42"),
        ("gpt-4", "30", "60"),
        ("gpt-4-turbo", "10", "30"),
        ("gpt-3.5-turbo", "0.5", "1.5"),
        ("claude-3-opus", "15", "75"),
        ("claude-3-sonnet", "3", "15"),
        ("claude-3-haiku", "0.25", "1.25"),
    ],
)
def test_the_eight_models_of_the_runs_document_have_a_price_on_its_day(
    model: str, input_usd: str, output_usd: str
) -> None:
    assert model in PRICING
    assert dollars(model, MILLION, "2025-10-03T12:00") == (Decimal(input_usd) + Decimal(output_usd)) / 10


def test_the_runs_document_can_have_its_own_prices() -> None:
    book = PriceBook.load(PRICING)
    for model, prices in PRICING.items():
        cost = book.price(model, MILLION, at=at("2025-10-03T12:00"))
        assert cost is not None
        assert cost.usd == (Decimal(str(prices["input"])) + Decimal(str(prices["output"]))) / 10


@pytest.mark.parametrize(
    ("model", "input_usd"),
    [("claude-2.1", "8"), ("claude-2.0", "8"), ("claude-instant-1.2", "0.8"), ("claude-3-opus-20240229", "15")],
)
def test_retired_claude_models_keep_their_price(model: str, input_usd: str) -> None:
    assert dollars(model, Usage(input_tokens=1_000_000), "2024-03-10T00:00") == Decimal(input_usd)


CACHED = Usage(
    input_tokens=200_000,
    output_tokens=1_000,
    cache_read_tokens=100_000,
    cache_write_5m_tokens=50_000,
    cache_write_1h_tokens=40_000,
)


def test_claude_cache_writes_cost_a_quarter_more_for_five_minutes_and_twice_for_an_hour() -> None:
    """10,000 fresh at 5, 100,000 read at 0.5, 50,000 at 6.25, 40,000 at 10, 1,000 out at 25 USD per million."""
    assert dollars("claude-opus-4-5", CACHED, "2025-12-09T00:00") == Decimal("0.8375")


def test_batch_halves_everything_anthropic_bills() -> None:
    for when in ("2025-12-09T00:00", "2026-11-01T00:00"):
        assert dollars("claude-opus-4-5", CACHED, when, tier="batch") == Decimal("0.8375") / 2


@pytest.mark.parametrize(
    ("model", "provider", "tokens", "usd"),
    [
        ("claude-sonnet-4-20250514", "anthropic", 200_000, "0.6"),
        ("claude-sonnet-4-20250514", "anthropic", 200_001, "1.200006"),
        ("claude-sonnet-4-5", "anthropic", 200_001, "1.200006"),
        ("gemini-2.5-pro", "google", 200_000, "0.25"),
        ("gemini-2.5-pro", "google", 200_001, "0.5000025"),
    ],
)
def test_long_context_is_charged_on_every_token_from_the_first_one_over(
    model: str, provider: str, tokens: int, usd: str
) -> None:
    assert dollars(model, Usage(input_tokens=tokens), "2025-12-09T00:00", provider) == Decimal(usd)


def test_the_long_context_price_ended_with_the_day_it_was_dropped() -> None:
    usage = Usage(input_tokens=300_000)
    assert dollars("claude-opus-4-6", usage, "2026-03-12T23:59") == Decimal("3.0")
    assert dollars("claude-opus-4-6", usage, "2026-03-13T00:00") == Decimal("1.5")


@pytest.mark.parametrize(
    ("model", "tier", "when", "usd"),
    [
        ("gpt-4o", "batch", "2025-10-03T00:00", "0.625"),
        ("gpt-4o-2024-05-13", "batch", "2025-10-03T00:00", "1.0"),
        ("o3", "flex", "2025-05-01T00:00", "2.5"),
        ("o3", "flex", "2025-07-01T00:00", "0.5"),
        ("gpt-5", "flex", "2025-10-03T00:00", "0.5625"),
        ("gpt-5", "priority", "2026-11-01T00:00", "2.25"),
        ("gemini-2.5-flash", "batch", "2025-10-03T00:00", "0.14"),
        ("claude-opus-5", "fast", "2026-11-01T00:00", "6.0"),
    ],
)
def test_a_tier_has_its_own_price(model: str, tier: str, when: str, usd: str) -> None:
    assert dollars(model, MILLION, when, tier=tier) == Decimal(usd)


@pytest.mark.parametrize(
    ("model", "tier", "when", "provider"),
    [
        ("gpt-4o", "flex", "2025-10-03T00:00", None),
        ("gpt-5", "priority", "2025-10-03T00:00", None),
        ("claude-3-sonnet", "batch", "2025-10-03T00:00", None),
        ("claude-opus-4-5", "fast", "2026-11-01T00:00", None),
        ("claude-opus-4-5", "batch", "2024-10-07T00:00", None),
        ("gpt-4o", "batch", "2026-11-01T00:00", "azure"),
        ("deepseek-chat", "batch", "2025-10-03T00:00", None),
    ],
)
def test_a_tier_without_a_known_price_is_unpriced_and_never_standard(
    model: str, tier: str, when: str, provider: str | None
) -> None:
    assert dollars(model, MILLION, when, provider, tier) is None
    assert dollars(model, MILLION, when, provider) is not None


def test_reasoning_is_billed_as_output_where_it_has_no_price_of_its_own() -> None:
    plain = Usage(output_tokens=1000)
    assert dollars("o3", plain, "2025-10-03T00:00") == dollars(
        "o3", Usage(output_tokens=1000, reasoning_tokens=900), "2025-10-03T00:00"
    )


def test_the_room_prices_a_call_by_itself() -> None:
    cost = price("claude-opus-4-5", Usage(input_tokens=2775, output_tokens=141), at=at("2025-12-08T22:41:09"))
    assert cost is not None
    assert (cost.usd, cost.source, cost.price_version) == (Decimal("0.0174"), "computed", BOOK.version)
