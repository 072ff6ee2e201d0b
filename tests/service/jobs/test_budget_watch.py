"""Budgets between full hours: told of in the minute after what was recorded, and not counted again without need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.service.jobs.budget_watch import watch_budgets
from agentgauge.service.jobs.budgets import check_budgets
from agentgauge.service.jobs.holding import held
from agentgauge.service.jobs.job import Work
from agentgauge.settings.server import get_server_settings
from agentgauge.state.alerts import AlertBook
from agentgauge.state.budget_terms import BudgetPeriod, Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.leases import LeaseBook
from agentgauge.state.opening import served_state

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
NOON = MONDAY + timedelta(hours=12)
MINUTE = timedelta(minutes=1)


class Clock:
    """Goes on by `step` whenever it is looked at."""

    def __init__(self) -> None:
        self.time, self.step = NOON, timedelta()

    def __call__(self) -> datetime:
        self.time += self.step
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def work(tmp_path: Path, clock: Clock) -> Iterator[Work]:
    settings = get_server_settings(tmp_path)
    state = served_state(settings)
    state.prepare()
    yield Work(settings, state, clock)
    state.close()


def spend(work: Work, usd: str, at: datetime = NOON) -> None:
    with agentgauge.open(home=work.settings.recording.home.root) as gauge, gauge.scope(agent="coder"):
        gauge.llm_call(model="gpt-4o", input_tokens=1, output_tokens=1, cost_usd=Decimal(usd), at=at)


def budget(work: Work, usd: int, period: BudgetPeriod = "total") -> None:
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(usd), period=period, start=MONDAY - timedelta(days=3))
    BudgetBook(work.state).create(terms, "test", MONDAY)


def alerts(work: Work) -> list[tuple[str, str]]:
    return [(alert.status, alert.severity) for alert in AlertBook(work.state).alerts()]


def test_who_runs_away_without_a_guard_is_told_of_in_the_next_minute_and_once(work: Work) -> None:
    assert watch_budgets(work, NOON) == "no budget to watch"
    budget(work, 10)
    spend(work, "1")
    assert watch_budgets(work, NOON) == "1 budget; 1 rule, 0 conditions hold; no alert changed"
    assert watch_budgets(work, NOON + MINUTE) == "nothing new since the last check"
    spend(work, "20")
    assert watch_budgets(work, NOON + 2 * MINUTE).endswith("alerts 1 opened")
    spend(work, "1")
    assert watch_budgets(work, NOON + 3 * MINUTE).endswith("no alert changed")
    assert alerts(work) == [("active", "critical")]


def test_a_budget_that_is_raised_has_its_alert_resolved_in_the_next_minute(work: Work) -> None:
    budget(work, 10)
    spend(work, "20")
    watch_budgets(work, NOON)
    (found,) = BudgetBook(work.state).budgets()
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(100), start=found.start)
    BudgetBook(work.state).replace(found.id, terms, "test", NOON, version=found.version)
    assert watch_budgets(work, NOON + MINUTE).endswith("alerts 1 resolved")


def test_a_check_that_takes_long_is_made_every_five_minutes(work: Work, clock: Clock) -> None:
    budget(work, 10)
    clock.step = timedelta(seconds=30)
    began = clock.time
    watch_budgets(work, NOON)
    spend(work, "20")
    clock.time, clock.step = began + 4 * MINUTE, timedelta()
    assert watch_budgets(work, NOON + 4 * MINUTE) == "something is new, and the last check was just now"
    assert alerts(work) == []
    clock.time = began + 6 * MINUTE
    assert watch_budgets(work, NOON + 6 * MINUTE).endswith("alerts 1 opened")


def test_a_clock_that_is_set_back_ends_the_pause(work: Work, clock: Clock) -> None:
    budget(work, 10)
    clock.step = timedelta(seconds=30)
    watch_budgets(work, NOON)
    spend(work, "20", NOON - timedelta(days=1))
    clock.time, clock.step = NOON - timedelta(hours=3), timedelta()
    assert watch_budgets(work, clock.time).endswith("alerts 1 opened")


def test_no_two_checks_are_made_at_once(work: Work) -> None:
    """The one that read older events would resolve what the other alerted of."""
    budget(work, 10)
    spend(work, "20")
    with held(LeaseBook(work.state), "job budgets", "another process"):
        assert watch_budgets(work, NOON) == "they are being checked"
    assert alerts(work) == []
    assert watch_budgets(work, NOON + MINUTE).endswith("alerts 1 opened")


def test_an_alert_about_a_day_that_ended_stays_until_the_next_full_hour(work: Work) -> None:
    budget(work, 10, "day")
    spend(work, "20", MONDAY - 20 * MINUTE)
    runs = JobRuns(work.state)

    def hourly(due: datetime) -> None:
        run = runs.start("budgets", due, "here", due)
        runs.succeeded(run, due, check_budgets(work, due))

    hourly(MONDAY)
    spend(work, "1", MONDAY + MINUTE)
    assert watch_budgets(work, MONDAY + 2 * MINUTE).endswith("no alert changed")
    assert alerts(work) == [("active", "critical")]
    hourly(MONDAY + 60 * MINUTE)
    assert alerts(work) == [("resolved", "critical")]
