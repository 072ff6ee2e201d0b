"""Every report says how it was found, and is the same whichever way it was."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

import agentgauge
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.lake import Lake
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

FIRST = datetime(2026, 3, 25, tzinfo=UTC)
NOW = FIRST + timedelta(days=8)
WEEK = Window(FIRST, FIRST + timedelta(days=7))
"""Clocks go forward in Berlin on its fifth day."""


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DuckDBEngine, DuckDBEngine]]:
    """One that reads rollups whenever they can answer, and one that never does."""
    home, rng = tmp_path_factory.mktemp("home"), random.Random(4)
    with agentgauge.open(home, project="shop") as gauge:
        for _ in range(1500):
            at = FIRST + timedelta(seconds=rng.randrange(7 * 86_400))
            agent = rng.choice("abcde")
            with gauge.scope(agent=agent, role={"d": "dev", "e": "qa"}.get(agent) or rng.choice(("dev", "ops"))):
                cost = rng.choice((None, "0.125", "0.003"))
                gauge.llm_call("m", input_tokens=rng.randrange(9000), output_tokens=90, cost_usd=cost, at=at)
                quality = rng.choice((None, rng.uniform(20, 99)))
                gauge.task(
                    "t", duration_ms=rng.lognormvariate(6, 1), success=rng.random() < 0.8, quality_score=quality, at=at
                )
    meter = Meter(get_settings(home))
    Lake(meter.settings.home, meter.book, rollups_from_rows=1).compact()
    with meter.reading() as snapshot:
        yield (
            DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=1),
            DuckDBEngine(snapshot.connection),
        )


Ask = Callable[..., Any]
QUESTIONS: dict[str, Ask] = {
    "overview": lambda engine, **how: reports.overview(engine, WEEK, **how),
    "breakdown": lambda engine, **how: reports.breakdown(engine, WEEK, ["agent"], **how),
    "over_time": lambda engine, **how: reports.over_time(engine, WEEK, "day", "Europe/Berlin", NOW, **how),
    "latency": lambda engine, **how: reports.latency(engine, WEEK, **how),
    "agent": lambda engine, **how: reports.agent(engine, WEEK, "a", **how),
    "role": lambda engine, **how: reports.role(engine, WEEK, "qa", **how),
    "percentiles": lambda engine, **how: reports.percentiles(engine, "execution_time", WEEK, **how),
    "percentiles by agent": lambda engine, **how: reports.percentiles(
        engine, "tokens", WEEK, per="call", by=["agent"], **how
    ),
}
_PERCENTILES = ("median", "median_ms", "p50", "p75", "p90", "p95", "p95_ms", "p99", "p99_ms")


@pytest.mark.parametrize("question", QUESTIONS)
def test_rollups_give_the_answer_of_rows_with_percentiles_within_one_percent(
    engines: tuple[DuckDBEngine, DuckDBEngine], question: str
) -> None:
    rollups, rows = (QUESTIONS[question](engine) for engine in engines)
    assert (rollups.way, rollups.exact) == ("rollups", False)
    assert (rows.way, rows.exact) == ("raw", True)
    assert_alike(msgspec.to_builtins(rollups), msgspec.to_builtins(rows))


def test_of_a_role_only_agents_that_have_others_too_are_read_from_rows(
    engines: tuple[DuckDBEngine, DuckDBEngine],
) -> None:
    rollups, rows = (reports.role(engine, WEEK, "dev") for engine in engines)
    assert (rollups.way, rollups.exact, rows.way) == ("rollups and raw", False, "raw")
    assert_alike(msgspec.to_builtins(rollups), msgspec.to_builtins(rows))
    exactly = {row.agent for row, other in zip(rollups.agents, rows.agents, strict=True) if row == other}
    assert exactly == {"a", "b", "c"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_asked_for_exactly_is_answered_so(engines: tuple[DuckDBEngine, DuckDBEngine], question: str) -> None:
    rollups, rows = (QUESTIONS[question](engine, exact=True) for engine in engines)
    assert rollups.exact
    assert repr(rollups) == repr(rows)


def test_what_is_put_together_of_several_answers_is_as_exact_as_the_least(
    engines: tuple[DuckDBEngine, DuckDBEngine],
) -> None:
    """Percentiles by agent within a role are in no summary, those of the role are."""
    found = reports.role(engines[0], WEEK, "dev")
    assert (found.way, found.exact) == ("rollups and raw", False)


def assert_alike(got: Any, expected: Any, name: str = "") -> None:
    match expected:
        case dict():
            assert got.keys() == expected.keys()
            for key in expected.keys() - {"way", "exact"}:
                assert_alike(got[key], expected[key], key)
        case list() | tuple():
            assert len(got) == len(expected)
            for one, other in zip(got, expected, strict=True):
                assert_alike(one, other, name)
        case float() if math.isnan(expected):
            assert math.isnan(got)
        case float():
            assert got == pytest.approx(expected, rel=0.01 if name in _PERCENTILES else 1e-12), name
        case _:
            assert got == expected, name
