"""Which of an agent's budgets questions are answered with, and what is used of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.policies.budget_rules import BudgetFigures
from agentgauge.service.agent_budgets import budget_of, budgets_by_agent
from agentgauge.settings import get_settings
from agentgauge.state import state_of
from agentgauge.state.agents import Agent
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
WEB, ELSEWHERE = Agent(1, "coder", "web"), Agent(2, "coder", None)


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    with agentgauge.open(tmp_path, agent="coder") as gauge:
        for days, project, cost in ((0, "web", 1), (2, "web", 2), (10, "web", 4), (0, "billing", 8), (0, None, 16)):
            at = NOW - timedelta(days=days, hours=1)
            gauge.llm_call("m", input_tokens=1, output_tokens=0, cost_usd=Decimal(cost), project=project, at=at)
    return Meter(get_settings(tmp_path))


@pytest.fixture
def book(meter: Meter) -> BudgetBook:
    return BudgetBook(state_of(meter.settings.home))


def add(book: BudgetBook, total: int, **terms: object) -> None:
    named = {"scope": "agent", "name": "coder", "start": NOW - timedelta(days=30), **terms}
    book.create(Terms(total_usd=Decimal(total), **named), "test", NOW)  # type: ignore[arg-type]


def found(meter: Meter, book: BudgetBook, agent: Agent, projects: set[str] | None = None) -> BudgetFigures | None:
    with meter.engine() as engine:
        return budget_of(engine, book, agent, NOW, projects)


def test_an_agent_without_a_budget_has_none(meter: Meter, book: BudgetBook) -> None:
    assert found(meter, book, WEB) is None
    add(book, 9, name="tester")
    add(book, 9, project="billing")
    assert found(meter, book, WEB) is None


def test_one_of_its_own_project_comes_before_one_of_all(meter: Meter, book: BudgetBook) -> None:
    add(book, 100)
    assert found(meter, book, WEB) == BudgetFigures(Decimal(100), Decimal(31))
    add(book, 50, project="web", period="day")
    assert found(meter, book, WEB) == BudgetFigures(Decimal(50), Decimal(1))
    assert found(meter, book, ELSEWHERE) == BudgetFigures(Decimal(100), Decimal(31))


def test_one_in_total_comes_before_those_of_a_month_a_week_and_a_day(meter: Meter, book: BudgetBook) -> None:
    for total, period, used in ((5, "day", 1), (6, "week", 3), (7, "month", 7), (8, "total", 7)):
        add(book, total, project="web", period=period)
        assert found(meter, book, WEB) == BudgetFigures(Decimal(total), Decimal(used))


def test_who_sees_some_projects_sees_no_budget_of_all(meter: Meter, book: BudgetBook) -> None:
    add(book, 100)
    assert found(meter, book, WEB, {"web"}) is None


def test_budgets_by_agent_are_those_of_one_project_or_of_all_together(meter: Meter, book: BudgetBook) -> None:
    add(book, 100)
    add(book, 50, project="web")
    add(book, 40, project="web", period="day")
    with meter.engine() as engine:
        assert budgets_by_agent(engine, book, NOW, None) == {"coder": BudgetFigures(Decimal(100), Decimal(31))}
        assert budgets_by_agent(engine, book, NOW, "web") == {"coder": BudgetFigures(Decimal(50), Decimal(7))}
        assert budgets_by_agent(engine, book, NOW, "billing") == {}
