"""What caches saved, against the same sums done call by call with the price book."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from agentgauge.engines import Answer, Query
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event, Usage
from agentgauge.pricing import PriceBook
from agentgauge.service.cache_savings import CacheSavings, cache_savings
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
RATES = {"input": 3, "output": 15, "cache_read": "0.3", "cache_write_5m": "3.75", "cache_write_1h": 6}
BOOK = PriceBook.load(
    {
        "flat": RATES,
        "banded": [RATES, {**RATES, "above_input_tokens": 200_000, "input": 6, "cache_read": "0.6"}],
        "nightly": [RATES, {**RATES, "hours": "16:30-00:30", "input": "1.5", "cache_read": "0.15"}],
    }
)


def call(model: str, time: datetime = NOON, **tokens: int) -> Event:
    return Event(kind="llm_call", model=model, time=time, **{"input_tokens": 1000, **tokens})  # type: ignore[arg-type]


def saved(*events: Event) -> CacheSavings:
    return cache_savings(DuckDBEngine(connection_with(events)), Window(), BOOK)


def test_reads_save_and_writes_cost_against_plain_input() -> None:
    (model,) = saved(
        call("flat", cache_read_tokens=1_000_000, cache_write_5m_tokens=1_000_000, cache_write_1h_tokens=0)
    ).models
    assert (model.saved_by_reads_usd, model.paid_for_writes_usd) == (Decimal("2.7"), Decimal("0.75"))
    assert model.saved_usd == Decimal("1.95")


def test_a_cache_that_is_written_and_never_read_costs_money() -> None:
    assert saved(call("flat", cache_write_1h_tokens=1_000_000)).total.saved_usd == Decimal(-3)


def test_tokens_at_unknown_rates_are_counted_and_saved_nothing_known() -> None:
    total = saved(call("nobody-prices-this", cache_read_tokens=700)).total
    assert (total.saved_usd, total.unpriced_tokens) == (None, 700)


def test_calls_that_have_expired_are_told_of() -> None:
    class Expired(DuckDBEngine):
        def aggregate(self, query: Query) -> Answer:
            return msgspec.structs.replace(super().aggregate(query), missing_before=NOON)

    found = cache_savings(Expired(connection_with([call("flat", cache_read_tokens=9)])), Window(), BOOK)
    assert (found.way, found.exact, found.missing_before) == ("raw", True, NOON)


def test_calls_without_cache_are_left_out() -> None:
    assert saved(call("flat")).models == ()


@pytest.mark.parametrize("model", ["flat", "banded", "nightly"])
def test_each_call_counts_at_the_rates_of_its_own_time_and_length(model: str) -> None:
    """Saved is what the calls would have cost with plain input, less what they cost."""
    rng = random.Random(model)
    events = [_random_call(model, rng) for _ in range(200)]
    plain = [msgspec.structs.replace(event.usage, **dict.fromkeys(_PARTS, 0)) for event in events]
    expected = sum(_price(e, p) - _price(e, e.usage) for e, p in zip(events, plain, strict=True))
    total = saved(*events).total
    assert total.unpriced_tokens == 0
    assert total.saved_usd is not None
    assert abs(total.saved_usd - expected) < Decimal("1e-9")  # prices of single calls are rounded to 1e-12


_PARTS = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")


def _random_call(model: str, rng: random.Random) -> Event:
    total = rng.randrange(0, 400_000)
    parts: dict[str, Any] = {name: rng.randrange(0, total // 3 + 1) for name in _PARTS}
    return call(model, NOON + timedelta(minutes=rng.randrange(0, 5000)), input_tokens=total, **parts)


def _price(event: Event, usage: Usage) -> Decimal:
    cost = BOOK.price(event.model or "", usage, at=event.time)
    assert cost is not None
    return cost.usd
