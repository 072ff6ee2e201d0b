"""What the jobs do, on homes with data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

import agentgauge
from agentgauge.engines import Answer, Engine, Query
from agentgauge.service.jobs.aggregating import aggregate_days, aggregate_weeks
from agentgauge.service.jobs.budgets import check_budgets
from agentgauge.service.jobs.detecting import check_rules
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.recommending import recommend
from agentgauge.service.jobs.reporting import write_report
from agentgauge.service.jobs.upkeep import clean_up, roll_up
from agentgauge.service.projects import OfProjects
from agentgauge.settings.server import get_server_settings
from agentgauge.state.aggregations import Aggregation, AggregationBook
from agentgauge.state.alerts import AlertBook
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.opening import served_state
from agentgauge.state.recommendations import RecommendationBook

SUNDAY = datetime(2026, 11, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    settings = get_server_settings(tmp_path)
    state = served_state(settings)
    state.prepare()
    yield Work(settings, state)
    state.close()


def record(work: Work, *moments: datetime, cost: str = "0.5", duration_ms: float = 100.0, **scope: str) -> None:
    """A task with a model call inside at each of these times."""
    home = work.settings.recording.home.root
    with agentgauge.open(home=home) as gauge, gauge.scope(**{"agent": "coder", "operation": "build", **scope}):
        for moment in moments:
            span = f"{moment.timestamp():.0f}{scope.get('agent', '')}"
            with gauge.scope(span_id=span):
                gauge.task("build", duration_ms, quality_score=80, at=moment)
            with gauge.scope(parent_id=span):
                gauge.llm_call(
                    model="gpt-4o", input_tokens=90, output_tokens=10, cost_usd=Decimal(cost),
                    at=moment - timedelta(milliseconds=1),
                )  # fmt: skip


def test_the_aggregations_of_a_day_are_its_figures(work: Work) -> None:
    yesterday = SUNDAY - DAY
    durations = [float(n * n) for n in range(1, 11)]
    for n, duration in enumerate(durations):
        record(work, yesterday + n * HOUR, duration_ms=duration, project="shop", role="dev")
    record(work, SUNDAY, yesterday - 10 * DAY)  # neither yesterday nor the day before
    aggregate_days(work, SUNDAY)
    book = AggregationBook(work.state)
    rows = book.rows("day", yesterday, SUNDAY)
    assert {(row.project, row.agent, row.role, row.operation_type) for row in rows} == {
        (project, *key)
        for project in (None, "shop")
        for key in ((None, None, None), ("coder", None, None), (None, "dev", None), (None, None, "build"))
    }
    whole = {
        row.metric: row for row in book.rows("day", yesterday, SUNDAY, agent="", role="", operation_type="", project="")
    }
    time = whole["execution_time"]
    assert (time.start, time.end, time.count, time.minimum, time.maximum) == (yesterday, SUNDAY, 10, 1, 100)
    wanted = [float(np.percentile(durations, p)) for p in (50, 75, 90, 95, 99)]
    assert [time.median, time.p75, time.p90, time.p95, time.p99] == pytest.approx(wanted)
    assert time.std_dev == pytest.approx(np.std(durations, ddof=1))
    assert (whole["cost"].total, whole["cost"].mean) == (Decimal(5), 0.5)
    assert (whole["success"].count, whole["success"].mean) == (10, 1.0)
    assert whole["tokens"].mean == 100
    hours = book.rows("hour", yesterday, SUNDAY, metric="cost", agent="coder", project="shop")
    assert [(row.start, row.count) for row in hours] == [(yesterday + n * HOUR, 1) for n in range(10)]


def test_aggregating_again_replaces_and_has_what_came_late(work: Work) -> None:
    record(work, SUNDAY - 5 * HOUR)
    aggregate_days(work, SUNDAY)
    before = _comparable(AggregationBook(work.state).rows("day"))
    aggregate_days(work, SUNDAY)
    assert _comparable(AggregationBook(work.state).rows("day")) == before
    record(work, SUNDAY - 4 * HOUR)
    aggregate_days(work, SUNDAY)
    assert {row.count for row in AggregationBook(work.state).rows("day")} == {2}


def test_others_write_to_the_state_while_the_figures_are_computed(work: Work) -> None:
    record(work, SUNDAY - 5 * HOUR)
    path, asked = work.settings.recording.home.root / "state.db", []

    class Writing(OfProjects):
        def aggregate(self, query: Query) -> Answer:
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")  # raises where somebody else writes
            asked.append(query)
            return self._engine.aggregate(query)

    class Watched(Work):
        @contextmanager
        def engine(self) -> Iterator[Engine]:
            with super().engine() as engine:
                yield Writing(engine, ["shop"])

    aggregate_days(Watched(work.settings, work.state), SUNDAY)
    assert asked


def _comparable(rows: tuple[Aggregation, ...]) -> list[Aggregation]:
    return [msgspec.structs.replace(row, computed=SUNDAY) for row in rows]


def test_weeks_are_iso_weeks_and_the_current_one_is_computed_as_far_as_it_is(work: Work) -> None:
    monday = datetime(2026, 11, 9, tzinfo=UTC)
    record(work, monday - HOUR, monday, monday + 3 * DAY)
    aggregate_weeks(work, SUNDAY)
    rows = AggregationBook(work.state).rows("week", metric="cost", agent="", role="", operation_type="", project="")
    assert [(row.start, row.end, row.count) for row in rows] == [
        (monday - 7 * DAY, monday, 1),
        (monday, monday + 7 * DAY, 2),
    ]


def test_a_period_whose_events_may_be_gone_keeps_its_figures(work: Work) -> None:
    record(work, SUNDAY - 13 * DAY, SUNDAY - DAY)
    aggregate_weeks(work, SUNDAY)
    book = AggregationBook(work.state)
    before = [(row.start, row.count) for row in book.rows("week", metric="cost", project="", agent="coder")]
    work.meter.lake.expire(datetime.now(UTC) + DAY)
    short = msgspec.structs.replace(work.settings, retention_days=7)
    aggregate_weeks(Work(short, work.state), SUNDAY)
    after = [(row.start, row.count) for row in book.rows("week", metric="cost", project="", agent="coder")]
    assert before == [(datetime(2026, 11, 2, tzinfo=UTC), 1), (datetime(2026, 11, 9, tzinfo=UTC), 1)]
    assert after == before[:1]


def test_a_month_is_aggregated_after_its_last_day(work: Work) -> None:
    record(work, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))
    aggregate_days(work, datetime(2026, 11, 1, tzinfo=UTC))
    rows = AggregationBook(work.state).rows("month", metric="cost", agent="coder", project="")
    assert [(row.start.day, row.end.month, row.count) for row in rows] == [(1, 11, 2)]


def test_a_budget_that_is_nearly_used_alerts_once_and_is_resolved_when_it_is_raised(work: Work) -> None:
    now = SUNDAY + 12 * HOUR
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(30), start=SUNDAY - 30 * DAY)
    budgets, alerts = BudgetBook(work.state), AlertBook(work.state)
    budget = budgets.create(terms, "test", now)
    record(work, now - HOUR, cost="24.50")
    check_budgets(work, now)
    check_budgets(work, now + HOUR)
    (alert,) = alerts.alerts()
    assert alert.message == "Budget alert: coder at 81.7% utilization ($24.50/$30.00)"
    assert (alert.type, alert.severity, alert.metric) == ("budget_overrun", "warning", "budget_utilization")
    assert (alert.current_value, alert.expected_value, alert.threshold_value) == (24.5, 30.0, 24.0)
    assert alert.deviation_percent == pytest.approx(-18.33, abs=0.01)
    assert budgets.get(budget.id).used_usd == Decimal("24.5")
    record(work, now - HOUR - timedelta(minutes=1), cost="4.50")
    check_budgets(work, now + 2 * HOUR)
    (alert,) = alerts.alerts()
    assert (alert.severity, alert.status) == ("critical", "active")
    assert [step.kind for step in alerts.history(alert.id)] == ["opened", "escalated"]
    budgets.replace(
        budget.id, msgspec.structs.replace(terms, total_usd=Decimal(300)), "test", now, version=budget.version
    )
    check_budgets(work, now + 3 * HOUR)
    assert {alert.status for alert in alerts.alerts()} == {"resolved"}


def test_what_a_budget_of_a_day_used_in_its_last_hour_is_told_of_when_the_day_is_over(work: Work) -> None:
    midnight = SUNDAY + DAY
    budgets, alerts = BudgetBook(work.state), AlertBook(work.state)
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(10), period="day", start=SUNDAY - 3 * DAY)
    budget = budgets.create(terms, "test", SUNDAY)
    record(work, midnight - timedelta(minutes=20), cost="12")
    record(work, midnight + timedelta(minutes=20), cost="1")
    check_budgets(work, midnight)
    (alert,) = alerts.alerts()
    assert alert.message == (
        "Budget alert: coder at 120.0% utilization ($12.00/$10.00) in the day that ended at 2026-11-16 00:00 UTC"
    )
    check_budgets(work, midnight + HOUR)
    assert [each.status for each in alerts.alerts()] == ["resolved"]
    assert budgets.get(budget.id).used_usd == 1


def test_each_day_on_which_no_budget_was_checked_is_told_of(work: Work) -> None:
    budgets, alerts = BudgetBook(work.state), AlertBook(work.state)
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(10), period="day", start=SUNDAY - 9 * DAY)
    budgets.create(terms, "test", SUNDAY)
    runs = JobRuns(work.state)
    last = SUNDAY - 4 * DAY + 6 * HOUR
    runs.succeeded(runs.start("budgets", last, "here", last), last, "")
    for days, cost in ((6, "50"), (4, "11"), (3, "12"), (2, "3"), (1, "13")):
        record(work, SUNDAY - days * DAY + 7 * HOUR, cost=cost)
    check_budgets(work, SUNDAY)
    assert sorted(alert.message.partition("utilization ")[2] for alert in alerts.alerts()) == [
        f"(${cost}.00/$10.00) in the day that ended at 2026-11-{day} 00:00 UTC"
        for cost, day in ((11, 12), (12, 13), (13, 15))
    ]


def test_an_alert_is_detected_when_its_job_runs_and_one_resolved_too_early_stays_quiet(work: Work) -> None:
    due, made = SUNDAY + 12 * HOUR, SUNDAY + 12 * HOUR + timedelta(minutes=3)
    late = Work(work.settings, work.state, lambda: made + timedelta(minutes=1))
    budgets, alerts = BudgetBook(work.state), AlertBook(work.state)
    budgets.create(Terms(scope="agent", name="coder", total_usd=Decimal(1), start=SUNDAY), "test", made)
    record(work, due - HOUR, cost="5")
    check_budgets(late, due)
    (alert,) = alerts.alerts()
    assert (alert.detected_at, budgets.get(1).used_at) == (late.now(), late.now())
    alerts.resolve(alert.id, "ada", late.now())
    check_budgets(late, due + HOUR)
    assert [(each.id, each.status) for each in alerts.alerts()] == [(1, "resolved")]
    assert [step.kind for step in alerts.history(1)] == ["opened", "resolved", "quieted"]


def test_an_hour_unlike_its_season_alerts_in_its_project_and_is_over_with_the_next(work: Work) -> None:
    weeks, now = 10, SUNDAY + 12 * HOUR
    hours = [now - n * HOUR for n in range(1, weeks * 7 * 24)]
    record(work, *(hour + timedelta(minutes=7) for hour in hours), project="shop")
    burst = tuple(now - HOUR + timedelta(minutes=n) for n in range(10, 50))
    record(work, *burst, cost="5", project="shop")
    check_rules(work, now)
    found = AlertBook(work.state).alerts()
    assert {(alert.metric, alert.agent_name, alert.project) for alert in found} >= {
        ("cost", None, "shop"),
        ("cost", "coder", "shop"),
        ("tokens", "coder", "shop"),
    }
    cost = next(alert for alert in found if alert.metric == "cost" and alert.agent_name is None)
    assert cost.current_value == 200.5
    assert cost.deviation_percent is not None
    assert cost.deviation_percent > 1000
    assert "in the hour from 2026-11-15 11:00 UTC" in cost.message
    for n in range(1, 4):  # over when three evaluations in a row have found it over
        assert anomalies_of_cost(work) == {"active"}
        record(work, now + (n - 1) * HOUR + timedelta(minutes=7), project="shop")
        check_rules(work, now + n * HOUR)
    assert anomalies_of_cost(work) == {"resolved"}


def anomalies_of_cost(work: Work) -> set[str]:
    found = AlertBook(work.state).alerts()
    return {alert.status for alert in found if (alert.type, alert.metric) == ("anomaly", "cost")}


def test_operations_far_above_those_of_their_type_are_one_alert(work: Work) -> None:
    now = SUNDAY + 12 * HOUR
    usual = [now - n * HOUR for n in range(2, 40)]
    for n, moment in enumerate(usual):
        record(work, moment, duration_ms=100 + n)
    record(work, now - timedelta(minutes=20), duration_ms=9000)
    record(work, now - timedelta(minutes=10), duration_ms=8000)
    check_rules(work, now)
    (alert,) = AlertBook(work.state).alerts()
    assert (alert.type, alert.metric, alert.agent_name, alert.severity) == (
        "outlier",
        "execution_time",
        "coder",
        "error",
    )
    assert alert.current_value == 9000
    assert alert.message.endswith("and 1 more")


def test_an_outlier_of_the_hour_alerts_however_many_farther_ones_there_were(work: Work) -> None:
    now = SUNDAY + 12 * HOUR
    with agentgauge.open(home=work.settings.recording.home.root) as gauge, gauge.scope(agent="coder"):
        for n in range(9000):
            far = n % 8 == 0  # 1,125 of them
            gauge.task("build", 90_000 if far else 100 + n % 50, at=now - 2 * HOUR - timedelta(minutes=n))
        gauge.task("build", 5000, at=now - timedelta(minutes=20))
    check_rules(work, now)
    (alert,) = AlertBook(work.state).alerts()
    assert alert.current_value == 5000


def test_recommendations_have_their_ids_before_anyone_asks(work: Work) -> None:
    now = SUNDAY
    record(work, now - DAY)
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(30), start=SUNDAY - 30 * DAY)
    BudgetBook(work.state).create(terms, "test", now)
    recommend(work, now)
    assert [kept.key.agent for kept in RecommendationBook(work.state).all()] == ["coder"]


def test_a_budget_of_a_project_is_recommended_about_in_the_project(work: Work) -> None:
    record(work, SUNDAY - DAY, project="shop")
    terms = Terms(scope="agent", name="coder", project="shop", total_usd=Decimal(30), start=SUNDAY - 30 * DAY)
    BudgetBook(work.state).create(terms, "test", SUNDAY)
    recommend(work, SUNDAY)
    book = RecommendationBook(work.state)
    assert [kept.key.agent for kept in book.all("shop")] == ["coder"]
    assert book.all() == ()


def test_the_weekly_report_knows_the_budgets(work: Work) -> None:
    record(work, SUNDAY - DAY)
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(30), start=SUNDAY - 30 * DAY)
    BudgetBook(work.state).create(terms, "test", SUNDAY)
    write_report(work, SUNDAY)
    (file,) = (work.settings.recording.home.root / "reports").iterdir()
    (row,) = json.loads(file.read_text())["recommendations"]["recommendations"]
    assert (row["type"], row["current_budget"]) == ("pause_agent", "30")


def test_the_weekly_report_is_a_file_that_says_what_changed(work: Work) -> None:
    record(work, SUNDAY - 10 * DAY, SUNDAY - 2 * DAY, SUNDAY - DAY)
    said = write_report(work, SUNDAY + HOUR)
    file = work.settings.recording.home.root / "reports" / "week-until-2026-11-15.json"
    report = json.loads(file.read_text())
    assert (report["since"], report["until"]) == ("2026-11-08T00:00:00Z", "2026-11-15T00:00:00Z")
    assert report["summary"] in said
    assert report["summary"].startswith("Cost rose by $0.50")
    assert report["by_agent"]["overview"]["cost_usd"] == "1"
    write_report(work, SUNDAY)
    assert json.loads(file.read_text())["by_model"] == report["by_model"]


def test_the_first_weekly_report_has_nothing_to_compare_with(work: Work) -> None:
    write_report(work, SUNDAY)
    (file,) = (work.settings.recording.home.root / "reports").iterdir()
    assert json.loads(file.read_text())["by_agent"]["overview"]["tasks"] == 0


def test_raw_events_are_kept_so_many_days_after_they_arrived_and_sums_for_ever(tmp_path: Path) -> None:
    settings = get_server_settings(environ={"AGENTGAUGE_HOME": str(tmp_path), "AGENTGAUGE_RETENTION_DAYS": "30"})
    state = served_state(settings)
    state.prepare()
    work = Work(settings, state)
    record(work, SUNDAY - 100 * DAY)  # it happened long ago, and arrives now
    clean_up(work, datetime.now(UTC))
    with work.engine() as engine:
        assert len(list(engine.scan(Query(), ("id",)))) == 2
    said = clean_up(work, datetime.now(UTC) + 31 * DAY)
    assert said.startswith("2 events")
    with work.engine() as engine:
        assert not list(engine.scan(Query(), ("id",)))
    kept = msgspec.structs.replace(settings, retention_days=0)
    assert clean_up(Work(kept, state), SUNDAY) == "events are kept for ever"
    state.close()


def test_rolling_up_lands_what_the_journal_holds(work: Work) -> None:
    record(work, SUNDAY)
    assert roll_up(work, SUNDAY).startswith("2 events landed,")
    assert roll_up(work, SUNDAY).startswith("0 events landed,")
