"""Recommendations over a recorded month: what is found, by which id it is known, what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.meter import Meter
from agentgauge.policies.findings import Finding, Period
from agentgauge.policies.thresholds import Thresholds
from agentgauge.pricing import PriceBook
from agentgauge.service import reports
from agentgauge.service.recommending import Recommendations, current_recommendations, decide, period_of
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from agentgauge.state import state_of
from agentgauge.state.recommendations import RecommendationBook
from tests.engines.relation import connection_with
from tests.service.month import ANSWERED, BUDGETS, CHEAP, DEAR, INPUTS, ISSUES, UNKNOWN, record_month

END = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = Period(END - timedelta(days=30), END)
BUDGET_OF = {agent: Decimal(amount) for agent, amount in BUDGETS.items()}
BOOK = PriceBook.load()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("month")
    record_month(place, END)
    return place


@contextmanager
def engine_over(home: Path) -> Iterator[DuckDBEngine]:
    with Meter(get_settings(home)).engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def found(home: Path) -> dict[tuple[str, str | None], Finding]:
    with engine_over(home) as engine:
        answer = reports.recommendations(engine, MONTH, BOOK, BUDGET_OF)
    return {(finding.type, finding.agent or finding.model): finding for finding in answer.findings}


def _cost(model: str, lengths: tuple[int, ...] = INPUTS) -> float:
    windows = BOOK.windows(model, "anthropic", "standard", END.date())
    rates = windows[0].rates
    return sum(length * rates.input + ANSWERED * rates.output for length in lengths) * 1e-15


def test_the_four_documented_recommendations_are_found(found: dict[tuple[str, str | None], Finding]) -> None:
    rows = {
        key: (row.current_budget, row.recommended_budget, row.reason, row.estimated_savings)
        for key, row in found.items()
        if row.current_budget is not None
    }
    assert rows == {
        ("reduce_budget", "reviewer"): (30, 15, "Low utilization (12.3%) and minimal activity (8 tasks)", 15),
        ("pause_agent", "tester"): (25, 0, "Rarely used (only 3 tasks in 30 days)", Decimal("23.5")),
        ("increase_capacity", "writer"): (30, 45, "High quality score (89.2) with capacity (92% available)", 0),
        ("review_agent", "bugfix"): (20, 20, "High cost ($14.50) but low quality (58.3)", 0),
    }


def test_the_cheaper_model_saves_the_difference_times_the_dear_tasks(
    found: dict[tuple[str, str | None], Finding],
) -> None:
    finding = found["cheaper_model", "coder"]
    assert (finding.model, finding.alternative, finding.operation) == (DEAR, CHEAP, "implementation")
    tasks = ISSUES // 2 + 2 * 7  # 7 of the dear model's issues are tried twice more
    assert float(finding.saving.usd) == pytest.approx(tasks * (_cost(DEAR) - _cost(CHEAP)), abs=1e-5)
    assert finding.evidence.assumption


def test_the_cache_would_save_what_the_rates_say(found: dict[tuple[str, str | None], Finding]) -> None:
    caches = {key: row for key, row in found.items() if row.type == "use_cache"}
    assert caches
    finding = found["use_cache", "coder"]
    assert finding.model is not None
    rates = BOOK.windows(finding.model, "anthropic", "standard", END.date())[0].rates
    repeated = sum(INPUTS[:-1])
    each = repeated * (rates.input - rates.cache_read)
    each -= (INPUTS[-1]) * (rates.cache_write_5m - rates.input)  # what is new, from the first call to the last
    assert float(finding.saving.usd) == pytest.approx(finding.evidence.n * each * 1e-15, rel=1e-6)


def test_retries_in_vain_are_counted_without_the_first_try(found: dict[tuple[str, str | None], Finding]) -> None:
    finding = found["stop_retries", "coder"]
    assert finding.evidence.n == 2 * 14
    assert float(finding.saving.usd) == pytest.approx(14 * (_cost(DEAR) + _cost(CHEAP)), abs=1e-5)


def test_a_model_without_a_price_is_named_with_one_like_it(found: dict[tuple[str, str | None], Finding]) -> None:
    finding = found["unpriced_models", UNKNOWN]
    assert (finding.evidence.n, finding.agent, finding.estimated_savings) == (5, None, 0)
    assert "gpt-4o" in finding.evidence.names


def test_thresholds_are_an_argument(home: Path) -> None:
    with engine_over(home) as engine:
        answer = reports.recommendations(engine, MONTH, BOOK, BUDGET_OF, Thresholds(few_tasks=8, success_margin=0.001))
    types = {finding.type for finding in answer.findings}
    assert "reduce_budget" not in types
    assert "cheaper_model" not in types


def test_of_nothing_nothing_is_recommended() -> None:
    answer = reports.recommendations(DuckDBEngine(connection_with([])), MONTH, BOOK)
    assert (answer.findings, answer.cost_usd) == ((), 0)


def test_a_budget_of_an_agent_that_did_nothing_is_freed() -> None:
    answer = reports.recommendations(DuckDBEngine(connection_with([])), MONTH, BOOK, {"ghost": Decimal(9)})
    (finding,) = answer.findings
    assert (finding.type, finding.estimated_savings) == ("pause_agent", 9)


def test_an_agent_that_reads_from_a_cache_is_not_told_to(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for talk in range(20):
            for number, tokens in enumerate(INPUTS):
                gauge.llm_call(
                    DEAR, input_tokens=tokens, output_tokens=100, agent="a", session=str(talk),
                    cache_read_tokens=7000 if talk == 0 and number else 0, at=END - timedelta(minutes=9 - number),
                )  # fmt: skip
    with engine_over(tmp_path) as engine:
        assert reports.recommendations(engine, MONTH, BOOK).findings == ()


def test_failed_calls_within_retries_in_vain_are_counted_once(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for number in range(12):
            at = END - timedelta(hours=12 - number)
            more: dict[str, Any] = {"agent": "a", "issue": "1", "at": at}
            gauge.llm_call("m", cost_usd="1", success=False, parent_id=f"s{number}", **more)
            gauge.task("fix", success=False, span_id=f"s{number}", **more)
    with engine_over(tmp_path) as engine:
        findings = reports.recommendations(engine, MONTH, BOOK).findings
    assert sum(finding.estimated_savings for finding in findings) == 11


# Ids and decisions


@pytest.fixture
def book(tmp_path: Path) -> RecommendationBook:
    return RecommendationBook(state_of(get_settings(tmp_path / "elsewhere").home))


def ask(home: Path, book: RecommendationBook, now: datetime = END, period: Period = MONTH) -> Recommendations:
    with engine_over(home) as engine:
        return current_recommendations(engine, period, BOOK, book, now, BUDGET_OF)


def test_the_same_finding_has_the_same_id_with_other_figures(home: Path, book: RecommendationBook) -> None:
    first = {(row.type, row.agent, row.model): row.id or 0 for row in ask(home, book).recommendations}
    assert sorted(first.values()) == list(range(1, len(first) + 1))
    later = Period(MONTH.start + timedelta(days=1), MONTH.end)
    again = {(row.type, row.agent, row.model): row.id for row in ask(home, book, period=later).recommendations}
    assert again.items() <= first.items()


def test_the_total_is_the_sum_of_the_rows(home: Path, book: RecommendationBook) -> None:
    answer = ask(home, book)
    assert answer.total_potential_savings == sum(row.estimated_savings for row in answer.recommendations)
    assert answer.count == len(answer.recommendations)


def test_what_was_decided_is_not_recommended_again(home: Path, book: RecommendationBook) -> None:
    rows = {row.type: row for row in ask(home, book).recommendations}
    decide(book, rows["pause_agent"].id or 0, "dismissed", END)
    decide(book, rows["cheaper_model"].id or 0, "accepted", END)
    answer = ask(home, book)
    assert {"pause_agent", "cheaper_model"}.isdisjoint(row.type for row in answer.recommendations)
    assert answer.dismissed == 1
    (adopted,) = answer.adopted
    assert adopted.recommendation.estimated_savings == rows["cheaper_model"].estimated_savings
    assert adopted.accepted == END
    assert adopted.achieved.status == "too_early"


def test_what_an_accepted_one_saved_is_measured_per_operation(home: Path, book: RecommendationBook) -> None:
    """Accepted after 15 days in which both models took turns; the dear one was not given up, so nothing was saved."""
    rows = {row.type: row for row in ask(home, book).recommendations}
    decide(book, rows["cheaper_model"].id or 0, "accepted", END - timedelta(days=15))
    (adopted,) = ask(home, book).adopted
    result = adopted.achieved
    assert (result.status, result.measure) == ("measured", "cost per task")
    assert result.so_far is not None
    assert result.so_far.low is not None
    assert result.so_far.high is not None
    assert result.so_far.low < 0 < result.so_far.high


def test_a_model_that_was_exchanged_has_saved_its_difference(tmp_path: Path, book: RecommendationBook) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        for number in range(600):
            dear, at = number < 400 and number % 2 == 0, END - timedelta(hours=600 - number)
            more: dict[str, Any] = {"agent": "a", "role": "r", "issue": str(number), "at": at}
            cost = f"{(1 if dear else 0.1) * (1 + number % 7 / 100):.4f}"
            gauge.llm_call(DEAR if dear else CHEAP, cost_usd=cost, parent_id=f"s{number}", **more)
            gauge.task("fix", success=True, span_id=f"s{number}", **more)
    decided = END - timedelta(hours=200)
    with engine_over(tmp_path / "home") as engine:
        before = Period(decided - timedelta(days=30), decided)
        (row,) = current_recommendations(engine, before, BOOK, book, decided).recommendations
        decide(book, row.id or 0, "accepted", decided)
        (adopted,) = current_recommendations(engine, MONTH, BOOK, book, END).adopted
    result = adopted.achieved
    assert (result.operations_before, result.operations_after) == (400, 200)
    assert (result.mean_before, result.mean_after) == (pytest.approx(0.566, abs=0.01), pytest.approx(0.103, abs=0.001))
    assert result.so_far is not None
    assert float(result.so_far.usd) == pytest.approx(200 * (result.mean_before - result.mean_after), abs=1e-5)
    assert result.so_far.low is not None
    assert result.so_far.low > 80


@pytest.mark.parametrize("type_", ["use_cache", "stop_retries", "pause_agent", "unpriced_models"])
def test_every_type_has_a_measure_or_says_that_it_has_none(home: Path, book: RecommendationBook, type_: str) -> None:
    row = next(row for row in ask(home, book).recommendations if row.type == type_)
    decide(book, row.id or 0, "accepted", END - timedelta(days=15))
    (adopted,) = ask(home, book).adopted
    measures = {
        "use_cache": "cost per task",
        "stop_retries": "cost per piece of work",
        "pause_agent": "cost per day",
        "unpriced_models": "nothing was to be saved",
    }
    assert adopted.achieved.measure == measures[type_]
    statuses = {"unpriced_models": "not_measurable", "pause_agent": "too_early"}  # 15 days are 15 operations
    assert adopted.achieved.status == statuses.get(type_, "measured")


def test_where_nothing_can_be_kept_it_is_listed_without_ids(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = ask(home, RecommendationBook(state_of(get_settings(tmp_path / "file" / "home").home)))
    assert answer.count == len(answer.recommendations) > 0
    assert {(row.id, row.status, row.first_found) for row in answer.recommendations} == {(None, "pending", None)}
    assert "state.db cannot be used" in (answer.not_kept or "")


def test_a_state_file_that_is_broken_hides_no_finding(home: Path, book: RecommendationBook, tmp_path: Path) -> None:
    assert ask(home, book).not_kept is None
    (tmp_path / "elsewhere" / "state.db").write_bytes(b"not a database" * 100)
    answer = ask(home, book)
    assert answer.recommendations[0].id is None
    assert "file is not a database" in (answer.not_kept or "")


def test_a_period_is_30_days_until_now_unless_it_is_named() -> None:
    assert period_of(Window(), END) == MONTH
    assert period_of(Window(start=END - timedelta(days=7), end=END + timedelta(days=7)), END).days == 7
    with pytest.raises(QueryError, match="less than an hour"):
        period_of(Window(start=END), END)
