"""Forecasts of recorded events."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.reports.forecast import Forecast
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
EVER = Window()


def call(day: int, cost: str | None, *, hour: int = 12, agent: str = "coder", tokens: int = 100) -> Event:
    return Event(
        kind="llm_call", name="m", model="m", time=MONDAY + timedelta(days=day, hours=hour), agent=agent,
        input_tokens=tokens, output_tokens=0, cost_usd=None if cost is None else Decimal(cost),
        cost_source="unpriced" if cost is None else "reported",
    )  # fmt: skip


def days_of_work(count: int) -> list[Event]:
    """Two dollars on working days, and a few cents more or less; nothing at weekends. Two tasks a day."""
    events = []
    for day in range(count):
        if day % 7 < 5:
            events.append(call(day, f"2.0{day * 7 % 10}"))
            noon = MONDAY + timedelta(days=day, hours=12)
            events += [Event(kind="task", name="turn", time=noon, agent="coder", outcome="success")] * 2
    return events


def ask(events: list[Event], day: int, **asked: Any) -> Forecast:
    """At 15:00 on a day."""
    now = MONDAY + timedelta(days=day, hours=15)
    engine = DuckDBEngine(connection_with(events))
    return reports.forecast(engine, asked.pop("window", EVER), zone=asked.pop("zone", "UTC"), now=now, **asked)


def test_today_is_the_first_day_and_only_complete_days_are_learnt_from() -> None:
    answer = ask([*days_of_work(70), call(70, "50")], 70, days=14)
    assert (answer.first, answer.last) == (date(2026, 3, 16), date(2026, 3, 29))
    # The first day is only known from noon on.
    assert (answer.history_days, answer.past[0].day, answer.past[-1].day) == (69, date(2026, 1, 6), date(2026, 3, 15))
    assert answer.days[0].expected.value == pytest.approx(2.05, abs=0.05)
    assert answer.days[5].expected.value == pytest.approx(0, abs=0.05)
    assert answer.total == pytest.approx(answer.total)
    assert answer.total is not None
    assert answer.total.value == pytest.approx(20.5, abs=0.3)
    assert answer.total.low_95 <= answer.total.low_80 <= answer.total.value <= answer.total.high_80
    assert answer.state == "forecast"


def test_a_stray_old_event_is_no_history_of_months_of_nothing() -> None:
    steady = [call(day, f"2.0{day * 7 % 10}") for day in range(200, 261)]
    answer = ask([call(0, "0.05"), *steady], 261)
    assert answer == msgspec.structs.replace(ask(steady, 261), break_days=199)
    assert (answer.history_days, answer.since) == (60, (MONDAY + timedelta(days=201)).date())
    assert answer.total is not None
    assert 58 < answer.total.low_95 < answer.total.high_95 < 65


def test_what_has_no_price_at_all_is_not_forecast_to_cost_nothing() -> None:
    answer = ask([call(day, None) for day in range(40)], 40)
    assert (answer.state, answer.total, answer.history_days, answer.unpriced_calls) == (
        "too little history",
        None,
        0,
        39,
    )


def test_what_only_tools_cost_is_forecast_too() -> None:
    noons = [MONDAY + timedelta(days=day, hours=12) for day in range(40)]
    answer = ask(
        [Event(kind="tool_call", name="t", time=at, cost_usd=Decimal(1), outcome="success") for at in noons], 40
    )
    assert answer.total is not None
    assert (answer.history_days, answer.total.value) == (39, pytest.approx(30))


def test_weeks_are_calendar_weeks_that_add_up() -> None:
    answer = ask(days_of_work(72), 72, days=16)
    assert [(week.first.day, week.last.day) for week in answer.weeks] == [(18, 22), (23, 29), (30, 2)]
    assert sum(week.expected for week in answer.weeks) == pytest.approx(answer.weeks[-1].so_far.value)
    assert answer.weeks[-1].so_far == answer.total


def test_the_past_is_exact_money_and_says_what_is_unpriced() -> None:
    events = [*days_of_work(70), call(30, None), call(31, "0.000000000001")]
    answer = ask(events, 70)
    first_day = Decimal("2.00")
    priced = sum((event.cost_usd or Decimal(0) for event in events), Decimal(0)) - first_day
    assert answer.past_total == priced
    assert answer.unpriced_calls == 1


@pytest.mark.parametrize(("metric", "a_day", "unit"), [("tokens", 100, "token"), ("operations", 2, "operation")])
def test_tokens_and_operations_add_up_too(metric: str, a_day: float, unit: str) -> None:
    answer = ask(days_of_work(70), 70, metric=metric, days=5)
    assert answer.unit == unit
    assert answer.total is not None
    assert answer.total.value == pytest.approx(5 * a_day, rel=0.1)
    assert answer.past_total == sum(day.value for day in answer.past)


def test_filters_and_the_window_choose_what_is_learnt_from() -> None:
    events = [*days_of_work(70), *(call(day, "9", agent="other") for day in range(70))]
    answer = ask(events, 70, filters=(Filter("agent", "=", "coder"),), days=7)
    assert answer.total is not None
    assert answer.total.value == pytest.approx(10.2, abs=0.5)
    assert ask(events, 70, window=Window(MONDAY + timedelta(days=40))).history_days == 30


def test_days_are_those_of_the_zone() -> None:
    """15:00 in London is past midnight in Kiritimati, 14 hours ahead."""
    assert ask(days_of_work(70), 70, zone="Pacific/Kiritimati").first == date(2026, 3, 17)


@pytest.mark.parametrize(
    ("days", "state"), [(5, "too little history"), (9, "no intervals"), (27, "no intervals"), (31, "forecast")]
)
def test_how_much_history_there_is_decides_what_is_said(days: int, state: str) -> None:
    answer = ask(days_of_work(days), days)
    assert answer.state == state
    assert (answer.total is None) == (state == "too little history")
    if answer.total is not None:
        assert math.isnan(answer.total.low_80) == (state == "no intervals")


def test_nothing_recorded_is_too_little() -> None:
    answer = ask([], 10)
    assert (answer.state, answer.history_days, answer.past_total) == ("too little history", 0, 0)


class TestBudgets:
    def test_is_used_up_on_the_day_that_the_sums_reach_what_remains(self) -> None:
        """Ten dollars a week; 22 from the 2nd of March to the 15th and today until three, so 23 of 45 remain."""
        events = [*days_of_work(70), call(70, "1.5")]
        budget = ask(events, 70, budget_usd=Decimal(45), budget_since=date(2026, 3, 2)).budget
        assert budget is not None
        assert budget.spent_usd == Decimal("1.5") + sum(
            (event.cost_usd or Decimal(0) for event in days_of_work(70)[-30:]), Decimal(0)
        )
        assert budget.spent_today_usd == Decimal("1.5")
        assert budget.day == date(2026, 3, 31)
        assert budget.earliest_80 is not None
        assert budget.earliest_80 <= budget.day

    def test_counts_from_the_first_of_the_month_by_default(self) -> None:
        budget = ask(days_of_work(70), 70, budget_usd=Decimal(45)).budget
        assert budget is not None
        assert budget.since == date(2026, 3, 1)

    def test_may_not_be_used_up_within_the_days_ahead(self) -> None:
        budget = ask(days_of_work(70), 70, budget_usd=Decimal(1000), days=10).budget
        assert budget is not None
        assert (budget.day, budget.earliest_95, budget.exhausted) == (None, None, False)
        assert budget.horizon == date(2026, 3, 25)

    def test_is_used_up_already_also_by_what_today_cost(self) -> None:
        budget = ask([*days_of_work(70), call(70, "30")], 70, budget_usd=Decimal(45)).budget
        assert budget is not None
        assert budget.exhausted
        assert budget.day is None

    def test_what_today_has_cost_already_is_no_less_in_the_forecast(self) -> None:
        without, dear = (
            ask([*days_of_work(70), *more], 70, budget_usd=Decimal(60)).budget for more in ([], [call(70, "15")])
        )
        assert without is not None
        assert dear is not None
        assert without.day is not None
        assert dear.earliest_95 is not None
        assert dear.latest_80 is None or without.latest_80 is None or dear.latest_80 <= without.latest_80

    def test_says_what_is_unpriced(self) -> None:
        budget = ask([*days_of_work(70), call(69, None), call(70, None)], 70, budget_usd=Decimal(45)).budget
        assert budget is not None
        assert budget.unpriced_calls == 2

    def test_begins_in_the_past_and_is_of_cost(self) -> None:
        with pytest.raises(QueryError, match="after today"):
            ask(days_of_work(70), 70, budget_usd=Decimal(1), budget_since=date(2027, 1, 1))
        with pytest.raises(QueryError, match="a budget is of cost"):
            ask(days_of_work(70), 70, budget_usd=Decimal(1), metric="tokens")


def test_what_does_not_add_up_or_is_too_far_is_refused() -> None:
    with pytest.raises(QueryError, match="cost, tokens, operations add up"):
        ask([], 1, metric="success_rate")
    with pytest.raises(QueryError, match="did you mean operations"):
        ask([], 1, metric="operation")
    with pytest.raises(QueryError, match="1 to 366 days"):
        ask([], 1, days=400)
