"""What the book promises its callers: a version per set of prices, refusals that advise, nothing loaded unasked."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

import pytest

from agentgauge.errors import EventRefused
from agentgauge.events import Usage
from agentgauge.pricing import PriceBook
from agentgauge.pricing.near_names import near_names
from agentgauge.pricing.price_file import from_toml
from agentgauge.runs import PRICING

BOOK = PriceBook.load()
AT = datetime(2025, 12, 9, 12, tzinfo=UTC)


def test_the_version_changes_when_a_price_could() -> None:
    cheaper = {**PRICING, "gpt-4": {"input": 29.0, "output": 60.0}}
    versions = [PriceBook.load(overrides).version for overrides in (None, PRICING, cheaper)]
    assert len(set(versions)) == 3
    assert PriceBook.load(dict(reversed(PRICING.items()))).version == versions[1]
    assert all(len(version) < 64 for version in versions)


def test_a_comment_in_a_price_file_changes_no_version() -> None:
    row = '[[price]]\nmodel = "m"\ninput = 1\noutput = 2\n'
    one, other = (PriceBook(from_toml(text, "mine.toml"), from_toml("", "none")) for text in (row, f"# why\n{row}"))
    assert one.version == other.version


def test_a_withdrawal_changes_the_version() -> None:
    withdrawn = from_toml('[[withdrawn]]\nmodels = ["gpt-4"]\nfrom = 2025-01-01\n', "mine.toml")
    assert PriceBook(withdrawn, from_toml("", "none")).version != PriceBook.load().version


@pytest.mark.parametrize(
    ("usage", "reason", "advice"),
    [
        (Usage(input_tokens=10, cache_read_tokens=11), "parts exceed total", "add them"),
        (Usage(input_tokens=10, cache_read_tokens=6, cache_write_5m_tokens=5), "parts exceed total", "add them"),
        (Usage(output_tokens=1, reasoning_tokens=2), "parts exceed total", "2 were reasoning"),
        (Usage(input_tokens=-1), "negative tokens", "input_tokens is -1"),
        (Usage(input_tokens=5, cache_read_tokens=-1), "negative tokens", "cache_read_tokens is -1"),
        (Usage(output_tokens=5, reasoning_tokens=-1), "negative tokens", "reasoning_tokens is -1"),
    ],
)
@pytest.mark.parametrize("model", ["claude-opus-4-5", "gemini-2.5-pro", "nobody-knows-this"])
def test_usage_that_cannot_be_is_refused_with_advice(usage: Usage, reason: str, advice: str, model: str) -> None:
    with pytest.raises(EventRefused, match=reason) as refused:
        BOOK.price(model, usage, at=AT)
    assert advice in str(refused.value)


def test_an_unknown_tier_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="standard, batch, flex, priority, fast, got 'turbo'"):
        BOOK.price("gpt-4o", Usage(), at=AT, tier="turbo")


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        BOOK.price("gpt-4o", Usage(), at=datetime(2025, 12, 9))  # noqa: DTZ001


def test_a_time_of_any_zone_is_its_moment() -> None:
    beijing = timezone(timedelta(hours=8))
    usage = Usage(input_tokens=1_000_000)
    night = BOOK.price("deepseek-chat", usage, at=datetime(2025, 7, 2, 0, 30, tzinfo=beijing))
    day = BOOK.price("deepseek-chat", usage, at=datetime(2025, 7, 2, 8, 30, tzinfo=beijing))
    assert night is not None
    assert day is not None
    assert (night.usd, day.usd) == (Decimal("0.135"), Decimal("0.27"))


def test_a_call_without_tokens_costs_nothing() -> None:
    cost = BOOK.price("gpt-4o", Usage(), at=AT)
    assert cost is not None
    assert cost.usd == 0


def test_the_windows_of_every_row_of_ours_are_disjoint_and_in_order() -> None:
    chat = ("deepseek-chat", "deepseek-reasoner")
    days = {date(2025, 2, 8): chat, date(2025, 2, 26): chat, date(2025, 9, 5): chat}
    days |= dict.fromkeys((date(2026, 8, 16), date(2026, 8, 22)), ("deepseek-v4-flash", "deepseek-v4-pro"))
    for day, models in days.items():
        for model in models:
            windows = BOOK.windows(model, "deepseek", "standard", day)
            assert windows[0].start == datetime(day.year, day.month, day.day, tzinfo=UTC)
            assert windows[-1].end - windows[0].start == timedelta(days=1)
            assert all(a.end == b.start for a, b in pairwise(windows))


def test_a_listing_names_rates_source_and_validity() -> None:
    (row,) = BOOK.explain("deepseek/deepseek-chat", at=datetime(2025, 10, 3, tzinfo=UTC))
    assert (row.model, row.provider, row.tier, row.source) == ("deepseek-chat", "deepseek", "standard", "prices.toml")
    assert (row.input, row.output, row.cache_read) == (Decimal("0.28"), Decimal("0.42"), Decimal("0.028"))
    assert "https://" in row.evidence
    assert (row.valid_from, row.valid_to) == (datetime(2025, 9, 29, tzinfo=UTC), datetime(2026, 4, 24, tzinfo=UTC))
    assert row.hours is None


def test_a_listing_shows_hours_bands_and_tiers() -> None:
    hours = BOOK.explain("deepseek-chat", at=datetime(2025, 7, 1, tzinfo=UTC))
    assert [row.hours for row in hours] == ["00:00-00:30", "00:30-16:30", "16:30-00:00"]
    bands = BOOK.explain("claude-sonnet-4-5", at=AT)
    assert [(row.tier, row.min_input_tokens, row.input) for row in bands] == [
        ("standard", 0, Decimal(3)),
        ("standard", 200_001, Decimal(6)),
        ("batch", 0, Decimal("1.5")),
        ("batch", 200_001, Decimal(3)),
    ]
    assert bands[2].source.startswith("prices.toml, 0.5 of genai-prices")
    assert BOOK.explain("nobody-knows-this") == ()
    (batch, *_) = BOOK.explain("claude-opus-5", at=datetime(2026, 11, 1, tzinfo=UTC), tier="batch")
    assert batch.source.startswith("genai-prices")
    assert batch.valid_from == datetime(2026, 10, 14, tzinfo=UTC)
    (standard,) = BOOK.explain("claude-opus-5", at=datetime(2026, 11, 1, tzinfo=UTC), tier="standard")
    assert standard.valid_from is None


def test_a_withdrawn_name_is_not_proposed_in_its_own_place() -> None:
    near = near_names("deepseek/deepseek-chat")
    assert near
    assert "deepseek-chat" not in near


def test_a_misspelt_name_is_answered_with_names_that_have_a_price() -> None:
    near = near_names("anthropic/claude-opus-4-55")
    assert near[0] == "claude-opus-4-5"
    assert all(BOOK.windows(name, None, "standard", AT.date()) for name in near)
    assert near_names("entirely-different") == ()


def test_loading_a_book_loads_no_price_library() -> None:
    """The list and pydantic wait for the first question."""
    program = (
        "import sys; from agentgauge.pricing import PriceBook; PriceBook.load().version; "
        "print([name for name in ('genai_prices', 'pydantic', 'duckdb') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
