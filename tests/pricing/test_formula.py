"""The formula is declared once: what Python computes at once and DuckDB in bulk agrees to the last digit."""

from __future__ import annotations

import decimal
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgauge.events import Usage
from agentgauge.pricing import COMPONENTS, PriceBook, Rates, cost_sql

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKENS = st.integers(0, 2_000_000)
# Published prices have up to six decimals per million tokens; a few resellers state more, and those are rounded.
PRICES = st.one_of(
    st.decimals(0, 600, places=6, allow_nan=False, allow_infinity=False),
    st.decimals(0, 1, places=9, allow_nan=False, allow_infinity=False),
)
PRICE_ROWS = st.fixed_dictionaries(
    {"input": PRICES, "output": PRICES, "per_call": st.decimals(0, 50, places=4)},
    optional=dict.fromkeys(("cache_read", "cache_write_5m", "cache_write_1h", "reasoning"), PRICES),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    fresh, read, write_5m, write_1h, plain, reasoning = (draw(TOKENS) for _ in range(6))
    return Usage(
        input_tokens=fresh + read + write_5m + write_1h,
        output_tokens=plain + reasoning,
        cache_read_tokens=read,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=reasoning,
    )


@settings(max_examples=25)
@given(st.lists(st.tuples(PRICE_ROWS, usages()), min_size=1, max_size=12))
def test_a_call_costs_the_same_priced_at_once_and_by_sql(calls: list[tuple[dict[str, Decimal], Usage]]) -> None:
    rows, expected = [], []
    for number, (prices, usage) in enumerate(calls):
        book = PriceBook.load({f"model-{number}": prices})
        cost = book.price(f"model-{number}", usage, at=AT)
        assert cost is not None
        expected.append(cost.usd)
        (window,) = book.windows(f"model-{number}", None, "standard", AT.date())
        rows.append((*msgspec.structs.astuple(usage), *msgspec.structs.astuple(window.rates)))
    columns = (*Usage.__struct_fields__, *Rates.__struct_fields__)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE call (id INTEGER, {', '.join(f'{name} BIGINT' for name in columns)})")
        marks = ", ".join("?" * (len(columns) + 1))
        connection.executemany(f"INSERT INTO call VALUES ({marks})", [(i, *row) for i, row in enumerate(rows)])
        found = connection.execute(f"SELECT {cost_sql('call', 'call')} FROM call ORDER BY id").fetchall()
    assert [value for (value,) in found] == expected


@given(usages(), PRICE_ROWS)
def test_every_token_is_billed_once(usage: Usage, prices: dict[str, Decimal]) -> None:
    """At one price for all components a call costs its two totals."""
    one = prices["input"]
    book = PriceBook.load({"flat": dict.fromkeys(("input", "output", "reasoning", "cache_read"), one)})
    cost = book.price("flat", usage, at=AT)
    assert cost is not None
    exact = (usage.input_tokens + usage.output_tokens) * one / 1_000_000
    assert abs(cost.usd - exact) <= Decimal("5e-13")


def test_components_name_each_rate_once() -> None:
    assert sorted(component.rate for component in COMPONENTS) == sorted(set(Rates.__struct_fields__) - {"per_call"})


def test_halves_of_a_picodollar_round_up() -> None:
    """0.0000005 USD per million tokens is 5e-13 USD a token: half of the last digit kept."""
    book = PriceBook.load({"tiny": {"input": "0.0000005", "output": 0}})
    cost = book.price("tiny", Usage(input_tokens=1), at=AT)
    assert cost is not None
    assert cost.usd == Decimal("1e-12")


def test_the_precision_a_program_sets_for_its_own_decimals_does_not_matter() -> None:
    book = PriceBook.load({"m": {"input": "1.2345678", "output": 3}})
    usage = Usage(input_tokens=987_654_321, output_tokens=123_456_789)
    expected = book.price("m", usage, at=AT)
    with decimal.localcontext() as context:
        context.prec = 3
        assert book.price("m", usage, at=AT) == expected


def test_a_cost_the_column_cannot_hold_is_unpriced_both_ways() -> None:
    """DECIMAL(18,12) ends at a million dollars, and one call does not cost that."""
    book = PriceBook.load({"m": {"input": 1000, "output": 1000}})
    assert book.price("m", Usage(input_tokens=1_000_000_000), at=AT) is None
    below = book.price("m", Usage(input_tokens=999_999_999), at=AT)
    assert below is not None
    assert below.usd == Decimal("999999.999")
    sql = "SELECT {} FROM (SELECT ?::BIGINT AS input_tokens, 0 AS output_tokens, 0 AS cache_read_tokens, "
    sql += "0 AS cache_write_5m_tokens, 0 AS cache_write_1h_tokens, NULL AS reasoning_tokens) AS u, "
    sql += "(SELECT 1000000000000 AS input, 0 AS output, 0 AS cache_read, 0 AS cache_write_5m, 0 AS cache_write_1h, "
    sql += "0 AS reasoning, 0 AS per_call) AS r"
    with duckdb.connect() as connection:
        found = [connection.execute(sql.format(cost_sql("u", "r")), [n]).fetchone() for n in (10**9, 10**9 - 1)]
    assert found == [(None,), (Decimal("999999.999"),)]


def test_usage_without_rates_is_null_in_sql() -> None:
    """A left join that finds no price leaves the cost NULL, never 0."""
    columns = ", ".join(f"NULL::BIGINT AS {name}" for name in Rates.__struct_fields__)
    tokens = ", ".join(f"1 AS {name}" for name in Usage.__struct_fields__)
    with duckdb.connect() as connection:
        sql = f"SELECT {cost_sql('u', 'r')} FROM (SELECT {tokens}) AS u, (SELECT {columns}) AS r"
        assert connection.execute(sql).fetchone() == (None,)
