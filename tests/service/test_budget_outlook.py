"""When budgets are used up, and how their periods went: of events whose answers are known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.service import run_out_wording
from agentgauge.service.budget_course import Course, course
from agentgauge.service.budget_outlook import Outlook, outlooks
from agentgauge.service.budgets import states
from agentgauge.state.budget_terms import Budget
from tests.service.budgeted import Budgeted

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Budgeted:
    """Two dollars of the coder on each of the last sixty days, at noon, today included: $36 in March so far."""
    spend(tmp_path, 60, "1.5", "0.5", agent="coder", project="shop")
    return Budgeted(tmp_path)


def spend(home: Path, days: int, *costs: str | None, **scope: str) -> None:
    """Calls of these costs at noon of so many days, the last of them today."""
    with agentgauge.open(home) as gauge, gauge.scope(**scope):
        for day in range(days):
            for cost in costs:
                noon = NOW.replace(hour=12) - timedelta(days=day)
                gauge.llm_call("in-house", input_tokens=1, output_tokens=1, cost_usd=cost, at=noon)


def outlook(home: Budgeted, budget: Budget, now: datetime = NOW) -> Outlook:
    with home.meter.engine() as engine:
        listed = [home.book.get(budget.id)]
        return outlooks(engine, home.store, listed, states(engine, home.store, listed, now), now)[budget.id]


def course_of(home: Budgeted, budget: Budget, now: datetime = NOW) -> Course:
    with home.meter.engine() as engine:
        return course(engine, home.store, budget, states(engine, home.store, [budget], now)[0], now)


class TestTheDateOfABudget:
    def test_what_costs_the_same_every_day_is_used_up_on_the_day_that_division_says(self, home: Budgeted) -> None:
        found = outlook(home, home.add("agent:coder", "45", period="month", start=MARCH))
        # $34 until yesterday, and $2 a day from today on: $44 by the 22nd, $46 by the 23rd.
        assert (found.day, found.exhausted, found.state) == (date(2026, 3, 23), False, "forecast")
        assert (found.earliest_95, found.latest_95) == (date(2026, 3, 23), date(2026, 3, 23))
        assert (found.last, found.period_ends) == (date(2026, 3, 31), True)
        assert run_out_wording.expected(found) == "23 Mar"

    def test_it_is_none_where_the_period_ends_before(self, home: Budgeted) -> None:
        found = outlook(home, home.add("agent:coder", "63", period="month", start=MARCH))
        assert (found.day, found.earliest_95, found.latest_95) == (None, None, None)
        assert found.days[-1].used.value == pytest.approx(62)
        assert run_out_wording.expected(found) == "not by 31 Mar"
        assert "by 31 Mar, when its period ends" in run_out_wording.sentence(found)

    def test_a_budget_in_total_counts_from_its_exact_start(self, home: Budgeted) -> None:
        budget = home.add("agent:coder", "10", start=NOW.replace(hour=13) - timedelta(days=1))
        found = outlook(home, budget)
        assert found.days[0].used.value == pytest.approx(2)  # that of yesterday was before it
        assert (found.day, found.last) == (date(2026, 3, 22), date(2026, 4, 16))

    def test_what_today_has_cost_already_is_no_less_in_any_case(self, home: Budgeted) -> None:
        home.record("6", at=NOW - timedelta(hours=1), agent="coder", project="shop")
        found = outlook(home, home.add("agent:coder", "45", period="month", start=MARCH))
        assert found.days[0].used.low_95 == pytest.approx(42)
        assert found.days[0].used.value == pytest.approx(42)

    def test_what_is_used_up_has_no_date(self, home: Budgeted) -> None:
        found = outlook(home, home.add("agent:coder", "36", period="month", start=MARCH))
        assert (found.exhausted, found.day) == (True, None)
        assert run_out_wording.expected(found) == "used up"
        assert run_out_wording.between(found, 95) == ""

    def test_too_little_history_says_so(self, home: Budgeted) -> None:
        home.record("1", at=NOW - timedelta(days=2), agent="newcomer")
        found = outlook(home, home.add("agent:newcomer", "10", start=MARCH))
        assert (found.state, found.days, found.day) == ("too little history", (), None)
        assert run_out_wording.expected(found) == "cannot be said yet"

    def test_what_has_no_price_is_not_expected_to_cost_nothing(self, home: Budgeted) -> None:
        spend(home.root, 40, None, agent="intern")
        assert outlook(home, home.add("agent:intern", "10", start=MARCH)).state == "too little history"

    def test_without_an_interval_it_says_how_many_days_one_needs(self, home: Budgeted) -> None:
        spend(home.root, 12, "2", agent="tester")
        found = outlook(home, home.add("agent:tester", "40", start=NOW - timedelta(days=5)))
        assert found.state == "no intervals"
        assert found.day is not None
        assert found.latest_95 is None
        assert run_out_wording.sentence(found).endswith("An interval needs 28 complete days, and there are 10.")

    def test_its_interval_is_said_with_what_lies_beyond_what_was_looked_at(self) -> None:
        found = Outlook(
            state="forecast", history_days=60, exhausted=False, last=date(2026, 3, 31), period_ends=True, days=(),
            day=date(2026, 3, 27), earliest_80=date(2026, 3, 25), latest_80=date(2026, 3, 30),
            earliest_95=date(2026, 3, 24), latest_95=None,
        )  # fmt: skip
        assert run_out_wording.sentence(found) == (
            "Expected to be used up on 27 Mar; in 80 of 100 cases 25 Mar to 30 Mar; "
            "in 95 from 24 Mar on, or not in this period."
        )

    def test_budgets_of_one_scope_are_asked_together_and_kept_apart(self, home: Budgeted) -> None:
        coder = home.add("agent:coder", "45", period="month", start=MARCH)
        other = home.add("agent:nobody", "5", period="month", start=MARCH)
        with home.meter.engine() as engine:
            listed = [coder, other]
            found = outlooks(engine, home.store, listed, states(engine, home.store, listed, NOW), NOW)
        assert found[coder.id].day == date(2026, 3, 23)
        assert found[other.id].state == "too little history"


class TestTheCourseOfAPeriod:
    def test_it_goes_from_nothing_to_what_is_used_now(self, home: Budgeted) -> None:
        found = course_of(home, home.add("agent:coder", "45", period="month", start=MARCH))
        assert (found.start, found.end, found.width) == (MARCH, datetime(2026, 4, 1, tzinfo=UTC), "day")
        assert (found.points[0].time, found.points[0].used_usd) == (MARCH, Decimal(0))
        assert [point.used_usd for point in found.points[1:4]] == [Decimal(2), Decimal(4), Decimal(6)]
        assert (found.points[-1].time, found.points[-1].used_usd) == (NOW, Decimal(36))

    def test_a_day_goes_by_the_hour(self, home: Budgeted) -> None:
        found = course_of(home, home.add("agent:coder", "5", period="day", start=MARCH))
        assert found.width == "hour"
        used = {point.time.hour: point.used_usd for point in found.points}
        assert (used[12], used[13], used[15]) == (Decimal(0), Decimal(2), Decimal(2))

    def test_what_was_told_and_is_no_event_yet_is_at_its_end(self, home: Budgeted) -> None:
        budget = home.add("agent:coder", "45", start=NOW - timedelta(days=1))
        told = home.record(None, at=NOW - timedelta(minutes=5), agent="coder")
        home.accounts.charge(budget.id, told)
        found = course_of(home, budget)
        assert found.points[-1].used_usd == Decimal(3)  # of it a dollar for the call without a price
        assert found.points[-2].used_usd < Decimal(3)

    def test_other_projects_are_not_in_it(self, home: Budgeted) -> None:
        home.record("100", at=NOW - timedelta(hours=2), agent="coder", project="blog")
        budget = home.add("agent:coder", "45", project="shop", period="month", start=MARCH)
        assert course_of(home, budget).points[-1].used_usd == Decimal(36)
