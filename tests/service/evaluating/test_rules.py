"""What each type of rule finds in a real home, and that one that fails stops no other."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from agentgauge.errors import QueryError
from agentgauge.events.marks import BUDGET_UNCHECKED
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.policies.alerts.kinds import RULE_FAILED
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found
from agentgauge.service.evaluating.rules import EVALUATORS, evaluate_rules, tell_of_failures
from agentgauge.service.jobs.detecting import check_rules
from agentgauge.service.jobs.job import Work
from agentgauge.state.alerts import AlertBook
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


def test_an_error_rate_holds_where_the_lower_end_of_its_interval_is_above_the_threshold(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 50, failed=20)
        tasks(gauge, NOW - 3 * HOUR, 50, failed=50)  # before the window
        tasks(gauge, NOW, 50, failed=50)  # after the hour that was due
    with recording(work, agent="tester") as gauge:
        tasks(gauge, NOW - HOUR, 20, failed=6)  # 30 %, and the interval begins at 14.5 %
    with recording(work, agent="seldom") as gauge:
        tasks(gauge, NOW - HOUR, 5, failed=5)
    rule = rule_from("error_rate", {"type": "error_rate"})
    found = found_by(work, rule)
    (held,) = found.holds
    assert (held.agent_name, held.project, held.metric, held.severity) == ("coder", "shop", "error_rate", "error")
    assert (held.current_value, held.threshold_value, held.deviation_percent) == (40, 20, 100)
    assert held.message == (
        "40.0 % of 50 operations of coder in project shop failed in the hour from 2026-11-18 11:00 UTC "
        "(95 % interval 27.6 to 53.8 %); up to 20 % is accepted"
    )
    assert found.between == {rule.condition("shop", "tester")}


def test_a_rule_is_of_what_its_filters_choose_and_told_apart_by_what_it_says(work: Work) -> None:
    for operation, failed in (("pay", 30), ("search", 0)):
        with recording(work, operation=operation, user="ada") as gauge:
            tasks(gauge, NOW - HOUR, 30, failed=failed)
    by = {"type": "error_rate", "by": "operation"}
    assert [held.condition for held in found_by(work, rule_from("of", by)).holds] == ['["of","shop","pay"]']
    assert found_by(work, rule_from("of", {**by, "operation": "search"})).holds == ()
    (held,) = found_by(work, rule_from("of", {**by, "by": "user", "operation": "pay"})).holds
    assert "of operation pay at user ada in project shop" in held.message
    (held,) = found_by(work, rule_from("of", {**by, "by": None})).holds
    assert "50.0 % of 60 operations of all agents together in project shop" in held.message


def test_satisfaction_holds_where_the_upper_end_of_its_interval_is_below_the_threshold(work: Work) -> None:
    with recording(work) as gauge:
        for n in range(60):
            gauge.satisfaction(0.25 if n % 3 else 0.5, scale=1, at=NOW - n * MINUTE - MINUTE)
    rule = rule_from("satisfaction", {"type": "satisfaction"})
    (held,) = found_by(work, rule).holds
    assert held.current_value == pytest.approx(1 / 3)
    assert "was 0.33 of 1 in the 24 hours until 2026-11-18 12:00 UTC (60 scores, 95 % interval 0.23 to 0.46)" in (
        held.message
    )
    assert found_by(work, rule_from("satisfaction", {"type": "satisfaction", "threshold": 0.4})).holds == ()


def test_calls_without_a_price_are_told_of_by_model_with_their_tokens(work: Work) -> None:
    with recording(work) as gauge:
        for n in range(3):
            gauge.llm_call(model="unheard-of", input_tokens=1000, output_tokens=n, at=NOW - HOUR)
        gauge.llm_call(model="gpt-4o", input_tokens=10, output_tokens=1, cost_usd=Decimal(1), at=NOW - HOUR)
    (held,) = found_by(work, rule_from("unpriced_models", {"type": "unpriced_models"})).holds
    assert held.message.startswith(
        "3 calls of model unheard-of in project shop in the 24 hours until 2026-11-18 12:00 UTC have no price: "
        "3,003 tokens are in no cost and no budget"
    )
    assert (held.current_value, held.expected_value, held.deviation_percent) == (3, 0, None)


def test_a_budget_that_could_not_be_checked_is_told_of_with_its_calls(work: Work) -> None:
    with recording(work) as gauge:
        for calls in (2, 3):
            told = {"budget": "agent:coder", "reason": "the database is locked", "calls": calls}
            gauge.mark(BUDGET_UNCHECKED, attributes=told, at=NOW - HOUR)
    (held,) = found_by(work, rule_from("budget_unchecked", {"type": "budget_unchecked"})).holds
    assert held.message == (
        "5 calls went ahead in the hour from 2026-11-18 11:00 UTC although budget agent:coder could not be checked: "
        "the database is locked"
    )


def test_an_hour_that_is_better_than_expected_is_told_of_where_that_is_asked_for(work: Work) -> None:
    with recording(work) as gauge:
        for n in range(10 * 168):
            tasks(gauge, NOW - (n + 1) * HOUR, 4, duration_ms=1000 + n % 5 if n else 10)
    fields = {"type": "anomaly", "metric": "execution_time"}
    assert found_by(work, rule_from("quick", fields)).holds == ()
    assert found_by(work, rule_from("quick", {**fields, "severity": "critical"})).holds == ()
    (held,) = found_by(work, rule_from("quick", {**fields, "severity": "info"})).holds
    assert (held.severity, held.current_value) == ("info", pytest.approx(11.5))


def test_silence_is_told_of_in_hours_in_which_something_usually_is(work: Work) -> None:
    friday = datetime(2026, 11, 13, 17, tzinfo=UTC)
    silent_since(work, friday, weekends=False)
    rule = rule_from("no_data", {"type": "no_data", "threshold": 6})
    sunday = found_by(work, rule, friday + 2 * DAY)
    assert (sunday.holds, sunday.between) == ((), {rule.condition("shop", None)})
    assert found_by(work, rule, friday + 6 * HOUR) == Found(())
    (held,) = found_by(work, rule, friday + 3 * DAY).holds
    assert (held.current_value, held.threshold_value) == (71, 6)
    assert "nothing was recorded of all agents together in project shop since 2026-11-13 18:00 UTC" in held.message


def test_silence_of_one_agent_is_told_of_where_that_is_asked_for(work: Work) -> None:
    silent_since(work, NOW - 30 * HOUR, weekends=True)
    silent_since(work, NOW - HOUR, weekends=True, agent="tester")
    assert found_by(work, rule_from("no_data", {"type": "no_data", "threshold": 24})).holds == ()
    by_agent = found_by(work, rule_from("no_data", {"type": "no_data", "threshold": 24, "by": "agent"}))
    assert [held.agent_name for held in by_agent.holds] == ["coder"]


def test_what_is_slower_than_at_the_same_hours_of_the_days_before_has_degraded(work: Work) -> None:
    usual_days(work, 4, slower="agent-2")
    rule = rule_from(
        "slow", {"type": "performance_degradation", "metric": "execution_time", "window_hours": 4, "min_samples": 20}
    )
    found = found_by(work, rule)
    (held,) = found.holds
    assert (held.agent_name, held.metric, held.severity) == ("agent-2", "execution_time", "warning")
    assert held.current_value is not None
    assert held.expected_value == pytest.approx(113, abs=3)
    assert held.current_value == pytest.approx(1.8 * 110, rel=0.05)
    assert held.deviation_percent == pytest.approx(75, abs=10)
    assert "(30 samples, compared with 28 windows; adjusted p" in held.message
    assert found.between == set()


def test_calls_that_hang_now_and_then_are_found_by_the_95th_percentile(work: Work) -> None:
    """One in ten takes four times as long: on average that is 30 % more, and more than the average is accepted to."""
    for project in ("shop", "lab"):
        with recording(work, project=project) as gauge:
            for day in range(30):
                for n in range(40):
                    hangs = project == "shop" and day == 0 and n % 10 == 0
                    usual = 100 + n % 7 + 3 * (day * 7 % 5)
                    gauge.task("work", usual * (4 if hangs else 1), at=NOW - day * DAY - 2 * HOUR + n * MINUTE)
    slow = {"type": "performance_degradation", "window_hours": 4}
    (held,) = found_by(work, rule_from("slow", {**slow, "threshold": 50})).holds
    assert (held.metric, held.project, held.agent_name) == ("execution_time_p95", "shop", "coder")
    assert held.current_value == pytest.approx(410, rel=0.05)
    assert held.expected_value == pytest.approx(112, abs=4)
    assert "execution_time_p95 of coder in project shop was 4" in held.message
    assert "(40 samples, compared with 28 windows; adjusted p" in held.message
    of_all = rule_from("slow", {**slow, "threshold": 50, "by": None, "metric": "execution_time_p95"})
    assert [(each.project, each.agent_name) for each in found_by(work, of_all).holds] == [("shop", None)]


def test_what_is_slower_on_average_and_at_its_worst_is_one_alert(work: Work) -> None:
    usual_days(work, 2, slower="agent-1")
    rule = rule_from("slow", {"type": "performance_degradation", "window_hours": 4, "min_samples": 20})
    found = found_by(work, rule)
    assert [held.metric for held in found.holds] == ["execution_time"]
    assert found.between == {rule.condition("execution_time_p95", "shop", "agent-1")}, "one that is open stays"


def test_a_change_that_is_less_than_accepted_or_no_more_than_chance_is_no_degradation(work: Work) -> None:
    usual_days(work, 2, slower="agent-1")
    slow = {"type": "performance_degradation", "metric": "execution_time", "window_hours": 4, "min_samples": 20}
    more = rule_from("slow", {**slow, "threshold": 120, "clear_threshold": 50})
    assert found_by(work, more) == Found((), frozenset({more.condition("execution_time", "shop", "agent-1")}))
    assert found_by(work, rule_from("slow", {**slow, "min_samples": 31})) == Found(())


def test_an_operation_far_above_those_of_its_project_is_an_outlier_and_usual_in_another(work: Work) -> None:
    for project, usual in (("shop", 100), ("lab", 9000)):
        with recording(work, project=project, operation="build") as gauge:
            for n in range(60):
                gauge.task("build", usual * (1 + n % 10 / 20), at=NOW - DAY - n * HOUR)
            gauge.task("build", 9000, at=NOW - 20 * MINUTE)
    (held,) = found_by(work, rule_from("outlier", {"type": "outlier"})).holds
    assert (held.project, held.agent_name, held.metric, held.severity) == ("shop", "coder", "execution_time", "error")
    assert held.current_value == 9000
    assert held.expected_value == pytest.approx(125, abs=5)
    assert "(61 operations in 30 days; up to" in held.message
    assert found_by(work, rule_from("outlier", {"type": "outlier", "min_samples": 62})).holds == ()


def test_a_missed_hour_is_evaluated_as_it_would_have_been_and_with_what_came_late(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - 5 * HOUR, 30, failed=30)
    rule = rule_from("error_rate", {"type": "error_rate"})
    due = NOW - 4 * HOUR
    in_time = found_by(work, rule, due)
    with recording(work) as gauge:
        tasks(gauge, NOW - 2 * HOUR, 30)
    assert found_by(work, rule, due) == in_time
    assert found_by(work, rule, due + 25 * MINUTE) == in_time
    with recording(work) as gauge:
        tasks(gauge, NOW - 5 * HOUR, 10, failed=10)
    assert "of 40 operations" in found_by(work, rule, due).holds[0].message


def test_a_rule_that_fails_stops_no_other_and_is_an_alert_until_it_works(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 30, failed=30)
    rules = [rule_from("error_rate", {"type": "error_rate"}), rule_from("satisfaction", {"type": "satisfaction"})]
    book = AlertBook(work.state)

    def broken(evaluation: Evaluation, rule: Rule) -> Found:
        raise QueryError("no such column")

    def evaluate(**evaluators: Any) -> str:
        with work.meter.reading() as snapshot:
            evaluated = evaluate_rules(
                Evaluation(snapshot, work.state, NOW), rules, NOW, evaluators={**EVALUATORS, **evaluators}
            )
        tell_of_failures(book, evaluated.failed, (), NOW)
        return str(evaluated)

    said = evaluate(satisfaction=broken)
    assert said == "2 rules, 1 condition holds; alerts 1 opened; satisfaction failed: no such column"
    assert {alert.rule: alert.status for alert in book.alerts()} == {"error_rate": "active", RULE_FAILED: "active"}
    assert evaluate(error_rate=broken).endswith("error_rate failed: no such column")
    assert {(alert.rule, alert.status) for alert in book.alerts()} == {
        ("error_rate", "active"),  # what is not known is not over
        (RULE_FAILED, "active"),
        (RULE_FAILED, "resolved"),
    }
    evaluate()
    assert {(alert.rule, alert.status) for alert in book.alerts()} == {
        ("error_rate", "active"),
        (RULE_FAILED, "resolved"),
    }


def test_the_job_evaluates_the_rules_in_force_and_retires_those_that_are_no_more(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 30, failed=30)
    file = work.settings.recording.home.alerts
    file.write_text('[[rule]]\nname = "strict"\ntype = "error_rate"\nthreshold = 1\nclear_threshold = 1\n')
    assert check_rules(work, NOW).startswith("10 rules, 2 conditions hold; alerts 2 opened")
    file.write_text("")
    assert "resolved 1 alert of rules that were removed or turned off" in check_rules(work, NOW + 5 * MINUTE)
    alerts = AlertBook(work.state).alerts()
    assert {alert.rule: alert.status for alert in alerts} == {"strict": "resolved", "error_rate": "active"}


@pytest.mark.parametrize("broken", ["[[rule", '[[rule]]\nname = "strict"\nkind = 1\n'], ids=["toml", "rule"])
def test_while_the_file_of_rules_cannot_be_used_no_alert_of_its_rules_is_resolved(work: Work, broken: str) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 30, failed=30)
    file = work.settings.recording.home.alerts
    strict = '[[rule]]\nname = "strict"\ntype = "error_rate"\nthreshold = 1\nclear_threshold = 1\n'
    file.write_text(strict)
    check_rules(work, NOW)
    file.write_text(broken)
    fresh = Work(work.settings, work.state, lambda: NOW)
    for each in (work, fresh):
        assert "of rules that were removed" not in check_rules(each, NOW + 5 * MINUTE)
        alerts = AlertBook(work.state).alerts()
        assert {alert.status for alert in alerts if alert.rule == "strict"} == {"active"}
    file.write_text("")
    assert "resolved 1 alert of rules that were removed" in check_rules(fresh, NOW + 6 * MINUTE)


def test_an_hour_that_the_job_evaluates_again_counts_once(work: Work) -> None:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 50, failed=20)
    check_rules(work, NOW)
    for _ in range(3):
        assert check_rules(work, NOW + HOUR).endswith("no alert changed"), "it is over after two clear hours"
    assert "1 resolved" in check_rules(work, NOW + 2 * HOUR)


def test_a_file_of_rules_that_cannot_be_read_is_an_alert(work: Work) -> None:
    file = work.settings.recording.home.alerts
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[[rule]]\nname = "error_rate"\nthreshhold = 1\n')
    assert "threshhold" in check_rules(work, NOW)
    (alert,) = AlertBook(work.state).alerts()
    assert (alert.type, alert.severity) == (RULE_FAILED, "error")
    assert "did you mean threshold?" in alert.message
