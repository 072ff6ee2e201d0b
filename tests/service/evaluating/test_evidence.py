"""What alerts say they were raised from is what rules have used, and leads to the rows behind it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import agentgauge
from agentgauge.engines import Filter, Measure, Query
from agentgauge.events.marks import BUDGET_UNCHECKED
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.service.evaluating.budget_overrun import Overruns
from agentgauge.service.evaluating.evaluation import Evaluation
from agentgauge.service.evidence_wording import conditions
from agentgauge.service.filters import parse_filters
from agentgauge.service.jobs.job import Work
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span
from agentgauge.state.budget_terms import BudgetPeriod, Terms
from agentgauge.state.budgets import BudgetBook
from tests.service.evaluating.recorded import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    found_by,
    recording,
    silent_since,
    tasks,
    usual_days,
)

LAST_HOUR = Span(start=NOW - HOUR, end=NOW)
LAST_DAY = Span(start=NOW - DAY, end=NOW)


def evidence_of(work: Work, scheduled: datetime = NOW, **fields: Any) -> Evidence:
    """Of the one condition that a rule with these fields finds."""
    (held,) = found_by(work, rule_from("rule", fields), scheduled).holds
    assert held.evidence is not None
    assert held.evidence.value == held.current_value
    return held.evidence


def rows_behind(work: Work, evidence: Evidence, *also: Filter) -> int:
    """How many events its window and its filters lead to."""
    with work.meter.reading() as snapshot:
        engine = Evaluation(snapshot, work.state, NOW).engine
        query = Query(
            start=evidence.window.start,
            end=evidence.window.end,
            filters=(*parse_filters(conditions(evidence)), *also),
            measures=(Measure("count", name="n"),),
        )
        ((count,),) = engine.aggregate(query).rows
    return int(count)


def test_of_an_error_rate_the_operations_of_the_window_and_their_interval(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 50, failed=20)
        tasks(gauge, NOW - 3 * HOUR, 50)
    with recording(work, agent="tester") as gauge:
        tasks(gauge, NOW - HOUR, 50)
    found = evidence_of(work, type="error_rate")
    assert (found.window, found.value, found.unit, found.samples) == (LAST_HOUR, 40, "percent", 50)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (pytest.approx(27.6, abs=0.1), pytest.approx(53.8, abs=0.1))
    assert (found.expected, found.baseline) == (Range(high=20), None)
    assert (found.filters, found.budget, found.budget_id) == ({"project": "shop", "agent": "coder"}, None, None)
    assert rows_behind(work, found) == 50


def test_of_events_that_name_no_project_those_and_the_filters_of_the_rule(work: Work) -> None:
    for operation, failed in (("pay", 30), ("search", 0)):
        with (
            agentgauge.open(home=work.settings.recording.home.root) as gauge,
            gauge.scope(agent="coder", operation=operation),
        ):
            tasks(gauge, NOW - HOUR, 30, failed=failed)
    with recording(work, operation="pay") as gauge:
        tasks(gauge, NOW - HOUR, 30)
    found = evidence_of(work, type="error_rate", by="operation", agent="coder")
    assert found.filters == {"agent": "coder", "project": None, "operation": "pay"}
    assert rows_behind(work, found) == 30


def test_of_satisfaction_the_scores_and_no_other_events(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 5)
        for n in range(60):
            gauge.satisfaction(0.25 if n % 3 else 0.5, scale=1, at=NOW - n * MINUTE - MINUTE)
    found = evidence_of(work, type="satisfaction")
    assert (found.window, found.unit, found.samples, found.expected) == (LAST_DAY, "0-1", 60, Range(low=0.5))
    assert found.interval is not None
    assert found.interval.high == pytest.approx(0.46, abs=0.01)
    assert rows_behind(work, found) == 60


def test_of_calls_without_a_price_those_calls(work: Work) -> None:
    with recording(work) as gauge:
        for n in range(3):
            gauge.llm_call(model="unheard-of", input_tokens=1000, output_tokens=n, at=NOW - HOUR)
        gauge.llm_call(model="unheard-of", input_tokens=10, output_tokens=1, cost_usd=Decimal(1), at=NOW - HOUR)
    found = evidence_of(work, type="unpriced_models")
    assert (found.window, found.value, found.unit, found.samples) == (LAST_DAY, 3, "calls", 3)
    assert found.filters == {"project": "shop", "model": "unheard-of", "kind": "llm_call", "cost_usd": None}
    assert rows_behind(work, found) == 3


def test_of_a_budget_that_could_not_be_checked_its_name_and_the_marks_of_outages(work: Work) -> None:
    with recording(work) as gauge:
        for calls in (2, 3):
            told = {"budget": "agent:coder", "reason": "the database is locked", "calls": calls}
            gauge.mark(BUDGET_UNCHECKED, attributes=told, at=NOW - HOUR)
    found = evidence_of(work, type="budget_unchecked", by="agent")
    assert (found.window, found.value, found.unit, found.samples) == (LAST_HOUR, 5, "calls", 2)
    assert (found.budget, found.budget_id, found.expected) == ("agent:coder", None, Range(high=0))
    assert found.filters == {"project": "shop", "kind": "mark", "name": BUDGET_UNCHECKED}
    assert rows_behind(work, found) == 2


def test_of_silence_the_weeks_that_say_something_usually_is_by_now(work: Work) -> None:
    friday = datetime(2026, 11, 13, 17, tzinfo=NOW.tzinfo)
    silent_since(work, friday, weekends=False)
    due = friday + 3 * DAY
    found = evidence_of(work, due, type="no_data", threshold=6)
    assert (found.value, found.unit, found.expected) == (71, "hours", Range(high=6))
    assert found.window == Span(start=due - timedelta(hours=336), end=due)
    last_monday = due - HOUR - 7 * DAY
    assert found.baseline == Comparison(start=last_monday - 4 * 7 * DAY, end=last_monday + HOUR, count=5, of="weeks")
    assert rows_behind(work, found) == found.samples


def test_of_silence_after_less_than_two_weeks_no_weeks(work: Work) -> None:
    with recording(work) as gauge:
        for n in range(20):
            tasks(gauge, NOW - 30 * HOUR - n * HOUR, 10)
    found = evidence_of(work, type="no_data", threshold=24)
    assert (found.samples, found.baseline) == (200, None)


def test_of_a_degradation_the_windows_before_and_where_95_of_100_would_be(work: Work) -> None:
    usual_days(work, 2, slower="agent-1")
    slow = {"type": "performance_degradation", "metric": "execution_time", "window_hours": 4, "min_samples": 20}
    found = evidence_of(work, **slow)
    assert (found.window, found.unit, found.samples) == (Span(start=NOW - 4 * HOUR, end=NOW), "ms", 30)
    assert found.baseline == Comparison(start=NOW - 28 * DAY - 4 * HOUR, end=NOW - DAY, count=28, of="windows")
    assert found.expected is not None
    assert found.expected.low is not None
    assert found.expected.high is not None
    assert found.value is not None
    assert 95 < found.expected.low < 113 < found.expected.high < found.value
    assert rows_behind(work, found) == 30


def test_of_a_degradation_only_windows_that_had_enough(work: Work) -> None:
    with recording(work) as gauge:
        for day in (0, *range(2, 12)):
            tasks(gauge, NOW - day * DAY - 2 * HOUR, 30, duration_ms=(300 if not day else 100 + day))
    slow = {"type": "performance_degradation", "metric": "execution_time", "window_hours": 4}
    found = evidence_of(work, **slow)
    assert found.baseline == Comparison(start=NOW - 11 * DAY - 4 * HOUR, end=NOW - 2 * DAY, count=10, of="windows")


@pytest.mark.parametrize("named", [True, False], ids=["operation", "name"])
def test_of_an_outlier_its_operation_and_the_month_of_it(work: Work, named: bool) -> None:
    with recording(work, **({"operation": "build"} if named else {})) as gauge:
        for n in range(60):
            gauge.task("build", 100 * (1 + n % 10 / 20), at=NOW - DAY - n * HOUR)
        gauge.task("build", 9000, at=NOW - 20 * MINUTE)
        gauge.task("build", 120, at=NOW - 30 * MINUTE)
        gauge.task("test", 120, at=NOW - 30 * MINUTE, operation="test")
    found = evidence_of(work, type="outlier", metric="execution_time")
    assert (found.window, found.value, found.unit, found.samples) == (LAST_HOUR, 9000, "ms", 2)
    assert found.baseline == Comparison(start=NOW - 30 * DAY, end=NOW, count=62, of="operations")
    assert found.expected is not None
    assert found.expected.low is None
    assert found.expected.high is not None
    assert 200 < found.expected.high < 9000
    called = {"operation": "build"} if named else {"operation": None, "name": "build"}
    assert found.filters == {"project": "shop", "agent": "coder", **called}
    assert rows_behind(work, found) == 2


def test_of_an_anomaly_the_hours_that_its_own_is_compared_with(work: Work) -> None:
    with recording(work) as gauge:
        for n in range(10 * 168):
            gauge.task("work", 1000 + n % 5 if n else 9000, at=NOW - (n + 1) * HOUR + MINUTE)
    found = evidence_of(work, type="anomaly", metric="execution_time")
    assert (found.window, found.value, found.unit, found.samples) == (LAST_HOUR, 9000, "ms", 1)
    assert found.baseline == Comparison(start=NOW - 10 * 168 * HOUR, end=NOW - HOUR, count=10 * 168 - 1, of="hours")
    assert found.expected is not None
    assert found.expected.low is not None
    assert found.expected.high is not None
    assert found.expected.low < 1002 < found.expected.high < 9000
    assert found.filters == {"project": "shop"}
    assert rows_behind(work, found) == 1


@pytest.mark.parametrize(
    ("period", "window"),
    [("total", Span(start=NOW - 3 * DAY, end=None)), ("day", Span(start=NOW - 12 * HOUR, end=None))],
    ids=["total", "day"],
)
def test_of_a_budget_its_period_and_what_it_is_of(work: Work, period: BudgetPeriod, window: Span) -> None:
    with recording(work, ticket="T-1") as gauge:
        gauge.llm_call(model="gpt-4o", input_tokens=1, output_tokens=1, cost_usd=Decimal(9), at=NOW - HOUR)
    terms = Terms(scope="ticket", name="T-1", total_usd=Decimal(10), period=period, start=NOW - 3 * DAY)
    BudgetBook(work.state).create(terms, "test", NOW)
    with work.meter.reading() as snapshot:
        evaluation = Evaluation(snapshot, work.state, NOW)
        (held,) = Overruns(evaluation, NOW - HOUR).of(evaluation, rule_from("rule", {"type": "budget_overrun"})).holds
    found = held.evidence
    assert found is not None
    assert (found.window, found.value, found.unit, found.samples) == (window, 9, "USD", None)
    assert (found.expected, found.baseline) == (Range(high=8), None)
    assert (found.filters, found.budget_id, found.budget) == ({"work_item": "T-1"}, 1, "ticket:T-1")
    assert rows_behind(work, found) == 1


def test_of_a_budget_whose_period_ended_that_period(work: Work) -> None:
    with recording(work) as gauge:
        gauge.llm_call(model="gpt-4o", input_tokens=1, output_tokens=1, cost_usd=Decimal(9), at=NOW - DAY)
    midnight = NOW - 12 * HOUR
    terms = Terms(scope="agent", name="coder", project="shop", total_usd=Decimal(10), period="day", start=NOW - 9 * DAY)
    BudgetBook(work.state).create(terms, "test", NOW)
    with work.meter.reading() as snapshot:
        evaluation = Evaluation(snapshot, work.state, NOW)
        overruns = Overruns(evaluation, midnight - HOUR)
        (held,) = overruns.of(evaluation, rule_from("rule", {"type": "budget_overrun"})).holds
    assert held.evidence is not None
    assert held.evidence.window == Span(start=midnight - DAY, end=midnight)
    assert held.evidence.filters == {"project": "shop", "agent": "coder"}
