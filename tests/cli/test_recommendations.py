"""`agentgauge recommendations`, `insights`, `economics` and `collect change`, over a recorded month."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from tests.cli.conftest import Run
from tests.service.month import BUDGETS, CHEAP, DEAR, ISSUES, UNKNOWN, record_month

Ask = Callable[..., Any]
BUDGET_OPTIONS = [text for agent, amount in BUDGETS.items() for text in ("--budget", f"{agent}={amount}")]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("month")
    record_month(place, datetime.now(UTC))
    return place


def _ids(document: Ask, home: Path) -> dict[str, int]:
    rows = document("recommendations", "--home", home, *BUDGET_OPTIONS)["recommendations"]
    return {row["type"]: row["id"] for row in rows}


def test_rows_have_the_documented_fields_and_amounts_are_strings(document: Ask, month: Path) -> None:
    answer = document("recommendations", "--home", month, *BUDGET_OPTIONS)
    rows = {row["type"]: row for row in answer["recommendations"]}
    documented = ("type", "priority", "agent", "agent_role", "current_budget", "recommended_budget", "reason")
    assert {name: rows["reduce_budget"][name] for name in documented} == {
        "type": "reduce_budget",
        "priority": "medium",
        "agent": "reviewer",
        "agent_role": "reviewer",
        "current_budget": "30",
        "recommended_budget": "15",
        "reason": "Low utilization (12.3%) and minimal activity (8 tasks)",
    }
    assert rows["reduce_budget"]["estimated_savings"] == "15"
    assert answer["total_potential_savings"] == str(
        sum(Decimal(row["estimated_savings"]) for row in answer["recommendations"])
    )
    assert answer["count"] == len(answer["recommendations"])


def test_calls_beside_tasks_are_counted_as_the_reason_that_no_models_are_compared(
    run: Run, document: Ask, month: Path, tmp_path: Path
) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    with agentgauge.open(tmp_path / "flat") as gauge:
        for _ in range(3):
            gauge.llm_call("gpt-4o", input_tokens=1000, output_tokens=300, at=at)
            gauge.task("review", duration_ms=10, at=at)
    said = "3 calls belong to no task, so models could not be compared; record calls inside a span."
    assert said in run("recommendations", "--home", tmp_path / "flat").stdout
    answer = document("recommendations", "--home", tmp_path / "flat")
    assert (answer["calls"], answer["calls_without_span"]) == (3, 3)
    assert "belong to no task" not in run("recommendations", "--home", month).stdout


def test_the_screen_says_what_would_be_saved_and_what_that_supposes(run: Run, month: Path) -> None:
    shown = " ".join(run("recommendations", "--home", month, *BUDGET_OPTIONS).stdout.split())
    assert f"cheaper model: coder {CHEAP} does implementation for" in re.sub(r" \$[\d.]+ (?=claude)", " ", shown)
    assert "if both models got tasks that were equally hard" in shown
    assert "pause agent $25.00 -> $0.00: tester" in shown
    assert f"5 calls of {UNKNOWN} without a price" in shown
    assert "less what rows about the same work share" in shown


def test_decisions_are_kept_and_what_was_accepted_is_followed(run: Run, document: Ask, month: Path) -> None:
    ids = _ids(document, month)
    accepted = run("recommendations", "accept", ids["cheaper_model"], "--home", month)
    assert accepted.exit_code == 0
    assert f"{ids['cheaper_model']} is accepted: {CHEAP} does implementation" in accepted.stdout
    assert document("recommendations", "dismiss", ids["pause_agent"], "--home", month)["status"] == "dismissed"
    after = document("recommendations", "--home", month, *BUDGET_OPTIONS)
    assert {"cheaper_model", "pause_agent"}.isdisjoint(row["type"] for row in after["recommendations"])
    (adopted,) = after["adopted"]
    assert adopted["recommendation"]["model"] == DEAR
    assert adopted["achieved"]["status"] == "too_early"
    shown = run("recommendations", "--home", month).stdout
    assert "too early to say: 0 since then, at least 20 are needed" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("accept", "999"), "no recommendation 999"),
        (("--budget", "coder"), "--budget 'coder': write NAME=VALUE, such as coder=30"),
        (("--budget", "coder=lots"), "--budget coder=lots: the budget is an amount in USD"),
        (("--budget", "coder=-1"), "a budget is at least 0"),
        (("--budget", "coder=1e400"), "a budget is at least 0, and below 1,000,000,000,000"),
        (("--threshold", "capacity_growth=1e300"), "threshold capacity_growth is at most 1,000,000,000"),
        (("accept", "9" * 30), "no recommendation 999"),
        (("--budget", "codr=10"), "no event has agent 'codr': did you mean coder? There are coder, reviewer"),
        (("--threshold", "few_task=3"), "no threshold 'few_task': did you mean few_tasks?"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(run: Run, home: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("recommendations", *arguments, "--home", home)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_agent_that_is_idle_in_the_period_may_have_a_budget(document: Ask, home: Path) -> None:
    answer = document("recommendations", "--budget", "coder=10", "--since", "1d", "--home", home)
    assert {row["agent"] for row in answer["recommendations"]} == {"coder"}


def test_a_home_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    result = run("recommendations", "--home", tmp_path / "nowhere")
    assert "Nothing to recommend." in result.stdout
    assert not (tmp_path / "nowhere" / "state.db").exists()


def test_insights_have_the_documented_lists(run: Run, document: Ask, month: Path) -> None:
    answer = document("insights", "--home", month)
    assert answer["fastest_agents_by_operation"]["implementation"]["agent"] == "coder"
    assert answer["most_cost_efficient"][0]["agent"] == "writer"
    assert [row["agent"] for row in answer["highest_quality"]] == ["writer", "coder", "bugfix"]
    assert {"hour", "avg_time_ms", "operations"} <= answer["peak_performance_hours"][0].keys()
    assert answer["degrading_operations"] == []
    shown = run("insights", "--home", month).stdout
    assert "few samples" in next(line for line in shown.splitlines() if line.startswith("tester"))
    assert "No operation is shown to get worse" in shown


def test_economics_shows_failed_work_and_what_is_not_attributed(run: Run, document: Ask, month: Path) -> None:
    answer = document("economics", "--home", month)
    rows = {row["outcome"]: row for row in answer["outcomes"]}
    won = ISSUES - 14
    assert (rows["issue"]["attempts"], rows["issue"]["successes"]) == (ISSUES, won)
    assert (rows["pipeline"]["attempts"], rows["pipeline"]["successes"]) == (ISSUES, won)
    assert rows["change"]["successes"] == sum(n % 40 not in (38, 39) for n in range(0, ISSUES, 3))
    total = Decimal(answer["cost_usd"])
    for row in rows.values():
        assert sum(Decimal(part["cost_usd"]) for part in row["spent"]) == total
    unattributed = Decimal(rows["issue"]["spent"][2]["cost_usd"])
    assert unattributed == Decimal("22.09")
    price = rows["issue"]["cost_per_success"]
    assert Decimal(price["value"]) == round((total - unattributed) / won, 6)
    assert Decimal(price["low"]) < Decimal(price["value"]) < Decimal(price["high"])
    shown = run("economics", "--home", month).stdout
    assert f"resolved issue ({won})" in shown
    assert "$22.09 + 5 calls unpriced" in shown
    assert "cost: all that was spent on it, per success; per try: the same over all tries." in shown


def test_collect_change_records_a_merge_once(run: Run, document: Ask, home: Path) -> None:
    for _ in range(2):
        assert run("collect", "change", "!7", "--issue", "SHOP-1", "--home", home).exit_code == 0
    (row,) = [row for row in document("economics", "--home", home)["outcomes"] if row["outcome"] == "change"]
    assert row["successes"] == 1
    refused = run("collect", "change", "!7", "--home", home)
    assert refused.exit_code == 2
    assert "name whose work was merged" in refused.stderr
