"""The four recommendations about budgets, as document 004 shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agentgauge.policies.budget_rules import AgentFigures, BudgetFigures, budget_findings
from agentgauge.policies.findings import Finding, Period
from agentgauge.policies.thresholds import Thresholds
from tests.policies.facts import MONTH, WEEK, agent, budget


def found(
    figures: AgentFigures, of: BudgetFigures | None, period: Period = MONTH, **thresholds: float
) -> list[Finding]:
    return list(budget_findings(figures, of, period, Thresholds(**thresholds)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figures", "of", "row"),
    [
        (
            agent("reviewer", role="reviewer", tasks=8, cost_usd=Decimal("3.69")),
            budget("30", "3.69"),
            ("reduce_budget", "medium", "30", "15", "Low utilization (12.3%) and minimal activity (8 tasks)", "15"),
        ),
        (
            agent("tester", tasks=3, cost_usd=Decimal("1.5")),
            budget("25", "1.5"),
            ("pause_agent", "medium", "25", "0", "Rarely used (only 3 tasks in 30 days)", "23.5"),
        ),
        (
            agent("coder", quality=89.2),
            budget("30", "2.4"),
            ("increase_capacity", "low", "30", "45", "High quality score (89.2) with capacity (92% available)", "0"),
        ),
        (
            agent("bugfix", quality=58.3, cost_usd=Decimal("14.5")),
            budget("20", "14.5"),
            ("review_agent", "high", "20", "20", "High cost ($14.50) but low quality (58.3)", "0"),
        ),
    ],
    ids=["reduce", "pause", "increase", "review"],
)
def test_the_rows_of_the_document(figures: AgentFigures, of: BudgetFigures, row: tuple[str, ...]) -> None:
    (finding,) = found(figures, of)
    type_, priority, current, recommended, reason, saved = row
    assert (finding.type, finding.priority, finding.reason) == (type_, priority, reason)
    assert (finding.current_budget, finding.recommended_budget) == (Decimal(current), Decimal(recommended))
    assert finding.estimated_savings == Decimal(saved)
    assert (finding.agent, finding.agent_role) == (figures.agent, figures.role)


def test_what_is_used_already_cannot_be_saved() -> None:
    """Half of $30 is $15, but only $12 of it are left."""
    (finding,) = found(agent(tasks=8), budget("30", "18"), low_utilization=0.9)
    assert finding.estimated_savings == Decimal(12)
    (overspent,) = found(agent(tasks=1), budget("30", "40"))
    assert overspent.estimated_savings == 0


@pytest.mark.parametrize(
    ("tasks", "used", "types"),
    [
        (10, "3", []),
        (9, "6", []),
        (9, "5.99", ["reduce_budget"]),
        (5, "1", ["reduce_budget"]),
        (4, "29", ["pause_agent"]),
        (0, "0", ["pause_agent"]),
    ],
)
def test_a_threshold_itself_is_not_below_it(tasks: int, used: str, types: list[str]) -> None:
    assert [finding.type for finding in found(agent(tasks=tasks, calls=tasks), budget("30", used))] == types


@pytest.mark.parametrize(
    ("quality", "used", "cost", "types"),
    [
        (85.0, "1", "1", []),
        (85.1, "15", "1", []),
        (85.1, "14.9", "1", ["increase_capacity"]),
        (59.9, "9", "10", []),
        (59.9, "9", "10.01", ["review_agent"]),
        (60.0, "9", "10.01", []),
    ],
)
def test_quality_and_cost_count_beyond_their_thresholds(quality: float, used: str, cost: str, types: list[str]) -> None:
    figures = agent(quality=quality, cost_usd=Decimal(cost))
    assert [finding.type for finding in found(figures, budget("30", used))] == types


def test_thresholds_are_of_30_days_whatever_the_window() -> None:
    """3 tasks in a week are 13 in a month; 1 is 4."""
    assert found(agent(tasks=3), budget("30", "1"), WEEK) == []
    (finding,) = found(agent(tasks=1), budget("30", "1"), WEEK)
    assert finding.reason == "Rarely used (only 1 task in 7 days)"


def test_without_a_budget_only_a_review_is_recommended() -> None:
    assert found(agent(tasks=1), None) == []
    (finding,) = found(agent(quality=40.0, cost_usd=Decimal(50)), None)
    assert (finding.type, finding.current_budget, finding.recommended_budget) == ("review_agent", None, None)


def test_an_agent_whose_tasks_are_not_recorded_is_not_called_rarely_used() -> None:
    assert found(agent(tasks=0, calls=400), budget("30", "1")) == []


def test_quality_of_few_scores_is_marked() -> None:
    (finding,) = found(agent(quality=95.0, scores=4), budget("30", "1"))
    assert finding.evidence.few_samples
    (sure,) = found(agent(quality=95.0, scores=5), budget("30", "1"))
    assert not sure.evidence.few_samples


def test_a_budget_of_nothing_needs_no_advice() -> None:
    assert found(agent(tasks=0, calls=0), budget("0", "0")) == []


def test_an_agent_whose_calls_have_no_price_is_not_judged_by_what_it_used() -> None:
    unknown: dict[str, Any] = {"cost_usd": Decimal(0), "unpriced_calls": 400}
    assert found(agent(tasks=8, **unknown), budget("30", "0")) == []
    assert found(agent(quality=89.2, **unknown), budget("30", "0")) == []
    (idle,) = found(agent(tasks=3, **unknown), budget("30", "0"))
    assert idle.type == "pause_agent"
    assert idle.evidence.assumption == "400 calls without a price cost nothing"


def test_where_some_calls_have_no_price_it_is_said_what_that_supposes() -> None:
    (finding,) = found(agent(tasks=8, unpriced_calls=1), budget("30", "3.69"))
    assert (finding.type, finding.evidence.assumption) == ("reduce_budget", "1 call without a price cost nothing")
