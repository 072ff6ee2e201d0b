"""The course of an alert ends with the value that it was raised for, whichever rule found it; and its chart says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agentgauge.policies.alerts.checking import rule_from
from agentgauge.service.evaluating.budget_overrun import Overruns
from agentgauge.service.evaluating.evaluation import Evaluation
from agentgauge.service.evidence_course import Course, evidence_course
from agentgauge.service.graphs.evidence import evidence_chart
from agentgauge.service.jobs.job import Work
from agentgauge.state.alerts import Alert, AlertBook, Detected
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from tests.service.evaluating.recorded import DAY, HOUR, MINUTE, NOW, found_by, recording, tasks, usual_days


def course_of(work: Work, held: Detected) -> tuple[Alert, Course]:
    alert, _ = AlertBook(work.state).detect(held, NOW)
    with work.engine() as engine:
        course = evidence_course(engine, alert, NOW)
    assert course is not None
    return alert, course


def found(work: Work, **fields: Any) -> Detected:
    (held,) = found_by(work, rule_from("rule", fields)).holds
    return held


def slow_agent(work: Work) -> Detected:
    usual_days(work, 2, slower="agent-1")
    slow = {"type": "performance_degradation", "window_hours": 4, "min_samples": 20}
    return found(work, metric="execution_time", **slow)


def slowest_of_an_agent(work: Work) -> Detected:
    usual_days(work, 2, slower="agent-1")
    slow = {"type": "performance_degradation", "window_hours": 4, "min_samples": 20}
    return found(work, metric="execution_time_p95", **slow)


def failing(work: Work) -> Detected:
    with recording(work) as gauge:
        tasks(gauge, NOW - HOUR, 50, failed=20)
        tasks(gauge, NOW - 3 * HOUR, 50)
    return found(work, type="error_rate")


def discontent(work: Work) -> Detected:
    with recording(work) as gauge:
        for n in range(60):
            gauge.satisfaction(0.25 if n % 3 else 0.5, scale=1, at=NOW - n * MINUTE - MINUTE)
    return found(work, type="satisfaction")


def unpriced(work: Work) -> Detected:
    with recording(work) as gauge:
        for n in range(3):
            gauge.llm_call(model="unheard-of", input_tokens=1000, output_tokens=n, at=NOW - HOUR)
    return found(work, type="unpriced_models")


def dear_calls(work: Work) -> Detected:
    with recording(work) as gauge:
        for day in range(12):
            for n in range(30):
                usd = Decimal("0.9") if not day else Decimal("0.1") + Decimal(day) / 1000
                at = NOW - day * DAY - n * MINUTE - MINUTE
                gauge.llm_call(model="gpt-4o", input_tokens=1, output_tokens=1, cost_usd=usd, at=at)
    return found(work, type="performance_degradation", metric="cost", by="model", window_hours=4, min_samples=20)


def unusual_hour(work: Work) -> Detected:
    with recording(work) as gauge:
        for n in range(10 * 168):
            gauge.task("work", 1000 + n % 5 if n else 9000, at=NOW - (n + 1) * HOUR + MINUTE)
    return found(work, type="anomaly", metric="execution_time")


def slow_operation(work: Work) -> Detected:
    with recording(work) as gauge:
        for n in range(60):
            gauge.task("build", 100 * (1 + n % 10 / 20), at=NOW - DAY - n * HOUR)
        gauge.task("build", 9000, at=NOW - 20 * MINUTE)
    return found(work, type="outlier", metric="execution_time")


def overrun(work: Work) -> Detected:
    with recording(work) as gauge:
        for n in range(3):
            at = NOW - n * DAY - HOUR
            gauge.llm_call(model="gpt-4o", input_tokens=1, output_tokens=1, cost_usd=Decimal(3), at=at)
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(10), start=NOW - 3 * DAY)
    BudgetBook(work.state).create(terms, "test", NOW)
    with work.meter.reading() as snapshot:
        evaluation = Evaluation(snapshot, work.state, NOW)
        (held,) = Overruns(evaluation, NOW - HOUR).of(evaluation, rule_from("rule", {"type": "budget_overrun"})).holds
    return held


@pytest.mark.parametrize(
    "make",
    [
        slow_agent, slowest_of_an_agent, failing, discontent, unpriced, dear_calls, unusual_hour, slow_operation,
        overrun,
    ],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_the_course_ends_with_the_value_of_the_evidence(work: Work, make: Any) -> None:
    alert, course = course_of(work, make(work))
    assert alert.evidence is not None
    # A percentile of few values is read from sums within 1 %.
    assert course.points[-1].value == pytest.approx(alert.evidence.value, rel=0.011)
    chart = evidence_chart(alert, alert.evidence, course, NOW.tzinfo)  # type: ignore[arg-type] # UTC
    assert chart.rows
    assert "was expected" in chart.summary
    assert {row["series"] for row in chart.rows} == {series.name for series in chart.series}


def test_windows_are_those_that_the_rule_compared_with(work: Work) -> None:
    alert, course = course_of(work, slow_agent(work))
    assert alert.evidence is not None
    assert alert.evidence.baseline is not None
    assert (course.of, len(course.points)) == ("windows", alert.evidence.baseline.count + 1)
    assert course.points[0].start == alert.evidence.baseline.start


def test_a_course_begins_with_what_was_recorded_first(work: Work) -> None:
    _, course = course_of(work, failing(work))
    assert [(point.value, point.samples) for point in course.points] == [(0.0, 50), (40.0, 50)]


def test_an_alert_about_a_rule_has_no_course(work: Work) -> None:
    held = Detected(condition="c", type="rule_failed", severity="error", metric="rules", message="it failed")
    alert, _ = AlertBook(work.state).detect(held, NOW)
    with work.engine() as engine:
        assert evidence_course(engine, alert, NOW) is None
