"""A user's prices come first, are read exactly, and are refused with place and reason where they cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agentgauge.errors import PriceBookError
from agentgauge.events import Usage
from agentgauge.pricing import PriceBook
from agentgauge.pricing.price_file import from_toml

AT = datetime(2025, 12, 9, 12, tzinfo=UTC)
INPUT = Usage(input_tokens=1_000_000)

NEGOTIATED = """
[[price]]
model = ["claude-opus-4-5", "our-own-model"]
from = 2025-12-09T10:00:00Z
input = 4.000001
output = 20

[[price]]
model = "our-own-model"
above_input_tokens = 500_000
from = 2025-12-09T10:00:00Z
input = 8
output = 40

[[discount]]
provider = "anthropic"
tier = "batch"
models = ["claude-opus-4-5"]
factor = 0.4
"""


@pytest.fixture
def book(tmp_path: Path) -> PriceBook:
    path = tmp_path / "prices.toml"
    path.write_text(NEGOTIATED)
    return PriceBook.load(path)


def usd(book: PriceBook, model: str, at: datetime = AT, **more: Any) -> Decimal | None:
    cost = book.price(model, INPUT, at=at, **more)
    return None if cost is None else cost.usd


def test_an_override_wins_for_as_long_as_it_says(book: PriceBook) -> None:
    assert usd(book, "claude-opus-4-5-20251101") == Decimal("4.000001")
    assert usd(book, "anthropic/claude-opus-4-5") == Decimal("4.000001")
    assert usd(book, "claude-opus-4-5", AT.replace(hour=9)) == 5


def test_a_model_nobody_lists_can_be_priced_wherever_it_runs(book: PriceBook) -> None:
    assert usd(book, "our-own-model", provider="ollama") == 8
    assert usd(book, "our-own-model", AT.replace(hour=9)) is None
    assert usd(book, "our-own-model", tier="batch") is None


def test_a_share_of_ones_own_is_taken_of_ones_own_price(book: PriceBook) -> None:
    assert usd(book, "claude-opus-4-5", tier="batch") == Decimal("1.6000004")


def test_a_published_share_is_taken_of_the_list_price() -> None:
    """An override says what standard calls cost; what a batch costs it does not say."""
    book = PriceBook.load({"claude-opus-4-5": {"input": 1, "output": 2}})
    assert usd(book, "claude-opus-4-5") == 1
    assert usd(book, "claude-opus-4-5", tier="batch") == Decimal("2.5")


def test_the_windows_of_a_day_neither_overlap_nor_leave_what_is_known_out(book: PriceBook) -> None:
    windows = book.windows("claude-opus-4-5", None, "standard", AT.date())
    assert [(w.start.hour, w.end.hour, w.rates.input) for w in windows] == [(0, 10, 5 * 10**9), (10, 0, 4_000_001_000)]
    bands = book.windows("our-own-model", None, "standard", AT.date())
    assert [(w.min_input_tokens, w.max_input_tokens) for w in bands] == [(0, 500_001), (500_001, None)]


def test_a_withdrawn_model_has_no_price_of_any_tier_but_what_the_same_file_says(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        '[[withdrawn]]\nmodels = ["claude-opus-4-5", "gpt-4o", "deepseek-chat"]\nfrom = 2025-12-09T10:00:00Z\n'
        '[[price]]\nmodel = "gpt-4o"\nfrom = 2025-12-09T11:00:00Z\ninput = 7\noutput = 7\n'
    )
    book = PriceBook.load(path)
    assert usd(book, "claude-opus-4-5", AT.replace(hour=9)) == 5
    assert usd(book, "claude-opus-4-5", AT.replace(hour=9), tier="batch") == Decimal("2.5")
    for tier in ("standard", "batch"):
        assert usd(book, "anthropic/claude-opus-4-5-20251101", tier=tier) is None
    assert usd(book, "gpt-4o", AT.replace(hour=10)) is None
    assert usd(book, "gpt-4o") == 7
    assert usd(book, "deepseek-chat") is None


def test_ones_own_price_of_a_model_that_we_know_to_be_withdrawn_holds() -> None:
    book = PriceBook.load({"deepseek-chat": {"input": 1, "output": 2}})
    assert usd(book, "deepseek-chat", datetime(2026, 11, 20, tzinfo=UTC)) == 1


def test_a_float_counts_as_the_decimal_it_prints_as() -> None:
    book = PriceBook.load({"m": {"input": 0.1, "output": "0.2", "cache_read": Decimal("0.01")}})
    assert usd(book, "m") == Decimal("0.1")


def test_a_free_model_costs_nothing_and_is_priced() -> None:
    assert usd(PriceBook.load({"m": {"input": 0, "output": 0}}), "m") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[price]\n", "not TOML"),
        ("[prices]\n", "unknown table 'prices'"),
        ("[price]\ninput = 1\n", "two brackets"),
        ("[[price]]\ninput = 1\noutput = 1\n", "price 1: model"),
        ('[[price]]\nmodel = "m"\ninput = 1\n', "no output price"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = -1\n', "price 1: output: -1 is not a price"),
        ('[[price]]\nmodel = "m"\ninput = nan\noutput = 1\n', "NaN is not a price"),
        ('[[price]]\nmodel = "m"\ninput = "dear"\noutput = 1\n', "'dear' is not a number"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\ncache = 1\n', "unknown key 'cache'"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\ntier = "cheap"\n', "unknown tier 'cheap'"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nprovider = "acme"\n', "unknown provider 'acme'"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nhours = "4pm"\n', "hours '4pm'"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\ndays = "fri-mon"\n', "days 'fri-mon'"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nfrom = "2025-01-01"\n', "is no date"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nfrom = 2025-01-01T00:00:00\n', "no time zone"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nfrom = 2025-01-02\nto = 2025-01-02\n', "not before"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nabove_input_tokens = 1.5\n', "whole number of tokens"),
        ('[[discount]]\nprovider = "openai"\ntier = "batch"\nmodels = ["m"]\n', "gives no factor"),
        ('[[discount]]\nprovider = "openai"\ntier = "batch"\nmodels = "m"\nfactor = 0.5\n', "name them in a list"),
        ('[[withdrawn]]\nmodels = ["m"]\n', "withdrawn 1: gives no from"),
        ('[[withdrawn]]\nmodel = "m"\nfrom = 2025-01-01\n', "unknown key 'model'"),
        ('[withdrawn]\nmodels = ["m"]\n', "two brackets"),
        ('[[discount]]\nprovider = "openai"\ntier = "batch"\nmodels = ["m"]\nfactor = 0.5\nrates = ["x"]\n', "'x'"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(text: str, message: str) -> None:
    with pytest.raises(PriceBookError) as refused:
        from_toml(text, "mine.toml")
    assert message in str(refused.value)
    assert "mine.toml" in str(refused.value)


def test_a_mapping_that_cannot_be_used_names_the_model() -> None:
    with pytest.raises(PriceBookError, match="gpt-x"):
        PriceBook.load({"gpt-x": 3})
    with pytest.raises(PriceBookError, match="gpt-x"):
        PriceBook.load({"gpt-x": {"input": 3}})


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PriceBookError, match=r"none\.toml"):
        PriceBook.load(tmp_path / "none.toml")
