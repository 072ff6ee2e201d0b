"""A change explained from a lake: prices of every kind, rollups beside the rows, and events that have expired."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

import agentgauge
from agentgauge.analysis.decomposition_usage import TOKEN_KINDS
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.service.readings.spending import usage_of
from agentgauge.service.reports import explain
from agentgauge.service.window import Window
from agentgauge.settings import resolve_home

PICO = Decimal("1e-12")
MONDAY = datetime(2025, 2, 17, tzinfo=UTC)
END = MONDAY + timedelta(days=7)
FORTNIGHT = Window(MONDAY, END), Window(MONDAY - timedelta(days=7), MONDAY)


@pytest.fixture
def recorded(tmp_path: Path) -> Lake:
    """Two weeks of work that has landed, with rollups, at prices with hours, lengths of input, caches and fees."""
    rng = random.Random(5)
    models = ("claude-sonnet-4-5", "gemini-2.5-pro", "deepseek-chat", "gpt-4o", "perplexity/sonar", "nobody-knows")
    with agentgauge.open(tmp_path / "home") as gauge:
        for at in (datetime(2025, 2, 10, tzinfo=UTC) + timedelta(hours=hour / 3) for hour in range(14 * 24 * 3)):
            gauge.task("turn", at=at, operation=rng.choice("ab"), success=rng.random() < 0.8, duration_ms=rng.random())
            tokens = rng.choice((0, 900, 150_000, 400_000))
            gauge.llm_call(
                rng.choice(models), input_tokens=tokens, cache_read_tokens=tokens // 3, output_tokens=tokens // 90,
                success=rng.random() < 0.9, tier=rng.choice((None, "batch")), agent=rng.choice("xy"), at=at,
            )  # fmt: skip
    lake = Lake(resolve_home(tmp_path / "home"), PriceBook.load(), rollups_from_rows=1)
    lake.compact()
    return lake


def test_what_the_lake_computed_is_what_the_book_shares(recorded: Lake) -> None:
    """Each call is found at the rates that it was priced at: what they give is its cost, with nothing to be shared."""
    with recorded.snapshot() as snapshot:
        usage = usage_of(DuckDBEngine(snapshot.connection), FORTNIGHT[0], recorded.book)
    assert sum(one.calls for one in usage) > 300
    assert {one.model[0] for one in usage if one.rates} >= {"gemini-2.5-pro", "deepseek-chat", "gpt-4o"}
    for one in usage:
        if one.rates is None:
            assert not any(one.tokens)
            continue
        listed = sum(tokens * getattr(one.rates, kind) for kind, tokens in zip(TOKEN_KINDS, one.tokens, strict=True))
        exact = Decimal(listed + one.rates.per_call * one.calls).scaleb(-15)
        assert abs(one.cost - exact) <= PICO * one.calls


def test_rollups_and_rows_explain_the_same(recorded: Lake) -> None:
    with recorded.snapshot() as snapshot:
        rows = DuckDBEngine(snapshot.connection)
        rollups = DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=1)
        for metric in ("cost", "tokens", "success_rate"):
            by_rows, by_rollups = (
                explain(engine, *FORTNIGHT, book=recorded.book, now=END, metric=metric) for engine in (rows, rollups)
            )
            assert by_rows.way == "raw"
            assert by_rollups.way != "raw"
            assert msgspec.structs.replace(by_rollups, way="raw") == by_rows


def test_what_has_expired_is_not_explained_from_a_part(recorded: Lake) -> None:
    """Sums of the expired week are kept, and its calls are not: the parts would be of something else."""
    with agentgauge.open(recorded.home.root) as gauge:
        gauge.llm_call("gpt-4o", input_tokens=5, at=MONDAY + timedelta(days=8))
    recorded.expire(datetime.now(UTC) + timedelta(minutes=1))
    with recorded.snapshot() as snapshot:
        engine = DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=1)
        with pytest.raises(QueryError, match="have expired"):
            explain(engine, *FORTNIGHT, book=recorded.book, now=END)
