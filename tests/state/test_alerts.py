"""Alerts as they are kept: one open per condition, their steps, who took them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from agentgauge.errors import Conflict, NotFound, Outdated, StateError
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span
from agentgauge.state.alert_steps import StepLog
from agentgauge.state.alerts import AlertBook, Case, Detected, Terms
from agentgauge.state.audit import AuditLog
from agentgauge.state.database import Database
from agentgauge.state.schema import migrations
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVERRUN = Detected(
    condition="budget 3", type="budget_overrun", severity="warning", metric="budget_utilization", agent_name="coder",
    project="shop", current_value=24.5, expected_value=30.0, threshold_value=24.0, deviation_percent=-18.33,
    message="Budget alert: coder at 81.7% utilization ($24.50/$30.00)",
)  # fmt: skip
WORSE = msgspec.structs.replace(OVERRUN, severity="critical", current_value=29.0)
DAILY = Terms(remind_after=24 * HOUR, clear_after=2)
SLOW = Detected(condition="slow", type="anomaly", severity="info", metric="execution_time", message="slow")


def kinds(book: AlertBook, id_: int = 1) -> list[str]:
    return [step.kind for step in book.history(id_)]


def test_a_condition_that_is_found_again_renews_its_alert_and_makes_no_other(store: Store) -> None:
    book = AlertBook(store)
    first, is_new = book.detect(OVERRUN, NOON)
    assert is_new
    assert (first.id, first.status, first.version, first.detected_at) == (1, "active", 1, NOON)
    assert msgspec.structs.asdict(OVERRUN).items() <= msgspec.structs.asdict(first).items()
    same, is_new = book.detect(OVERRUN, NOON + HOUR)
    assert not is_new
    assert same == first
    renewed, is_new = book.detect(msgspec.structs.replace(OVERRUN, current_value=25.0), NOON + HOUR)
    assert not is_new
    assert (renewed.id, renewed.current_value, renewed.version) == (1, 25.0, 1)
    assert (renewed.detected_at, renewed.updated_at) == (NOON, NOON + HOUR)
    assert len(book.alerts()) == 1
    assert kinds(book) == ["opened"]


def test_an_alert_is_acknowledged_and_resolved_by_somebody_once(store: Store) -> None:
    book = AlertBook(store)
    alert, _ = book.detect(OVERRUN, NOON)
    seen = book.acknowledge(alert.id, "ann", NOON + HOUR)
    assert (seen.status, seen.acknowledged_at, seen.acknowledged_by) == ("acknowledged", NOON + HOUR, "ann")
    assert book.acknowledge(alert.id, "bob", NOON + 2 * HOUR) == seen
    assert not book.detect(OVERRUN, NOON + HOUR)[1]
    done = book.resolve(alert.id, "bob", NOON + 2 * HOUR)
    assert (done.status, done.resolved_at, done.resolved_by, done.version) == ("resolved", NOON + 2 * HOUR, "bob", 3)
    assert book.resolve(alert.id, "ann", NOON + 3 * HOUR) == done
    with pytest.raises(Conflict, match="was resolved at"):
        book.acknowledge(alert.id, "ann", NOON + 3 * HOUR)
    assert [(act.actor, act.act, act.subject, act.project) for act in AuditLog(store).acts(subject="alert 1")] == [
        ("bob", "alert.resolved", "alert 1", "shop"), ("ann", "alert.acknowledged", "alert 1", "shop"),
    ]  # fmt: skip


def test_a_condition_that_returns_after_it_was_resolved_is_a_new_alert(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    assert book.evaluated("", [], NOON + HOUR) == {"resolved": 1}
    resolved = book.get(1)
    assert (resolved.status, resolved.acknowledged_at, resolved.resolved_by) == ("resolved", None, "job")
    assert book.evaluated("", [], NOON + HOUR) == {}
    again, is_new = book.detect(OVERRUN, NOON + 2 * HOUR)
    assert (again.id, is_new) == (2, True)


def test_lists_are_the_newest_first_by_status_severity_and_project(store: Store) -> None:
    book = AlertBook(store)
    assert book.alerts() == ()
    assert book.count("active") == 0
    for number in range(3):
        book.detect(msgspec.structs.replace(OVERRUN, condition=f"budget {number}"), NOON)
    book.detect(SLOW, NOON)
    book.resolve(2, "ann", NOON)

    def ids(**asked: object) -> list[int]:
        return [alert.id for alert in book.alerts(**asked)]  # type: ignore[arg-type] - any of them

    assert ids() == [4, 3, 2, 1]
    assert ids(status="active") == [4, 3, 1]
    assert ids(severity="warning", status="active") == [3, 1]
    assert ids(limit=2) == [4, 3]
    assert ids(limit=2, before=3) == [2, 1]
    assert ids(projects={"shop"}) == [3, 2, 1]
    assert ids(projects={"blog"}) == ids(projects=()) == []
    assert ids(project="shop", severity="info") == []
    assert (book.count("active"), book.count("active", {"shop"})) == (3, 2)


def test_an_alert_of_another_project_is_not_there(store: Store) -> None:
    book = AlertBook(store)
    for id_ in (1, 0, -1, 10**30):
        with pytest.raises(NotFound, match=f"no alert {id_}"):
            book.resolve(id_, "ann", NOON)
    book.detect(OVERRUN, NOON)
    with pytest.raises(NotFound):
        book.acknowledge(1, "ann", NOON, projects={"blog"})
    assert book.acknowledge(1, "ann", NOON, projects={"shop", "blog"}).status == "acknowledged"


def test_every_step_is_a_change_for_caches(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    before = store.changes("alerts")
    book.detect(OVERRUN, NOON)
    assert store.changes("alerts") == before
    book.acknowledge(1, "ann", NOON)
    assert store.changes("alerts") != before


def test_an_alert_that_gets_worse_is_to_be_attended_to_anew_and_never_gets_better(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    book.acknowledge(1, "ann", NOON)
    escalated, is_new = book.detect(WORSE, NOON + HOUR)
    assert not is_new
    assert (escalated.id, escalated.severity, escalated.status, escalated.version) == (1, "critical", "active", 3)
    assert (escalated.acknowledged_at, escalated.acknowledged_by, escalated.told_at) == (None, None, NOON + HOUR)
    eased, _ = book.detect(OVERRUN, NOON + 2 * HOUR)
    assert (eased.severity, eased.current_value, eased.version) == ("critical", 24.5, 3)
    assert kinds(book) == ["opened", "acknowledged", "escalated"]


def test_nobodys_alert_is_told_of_again_after_the_interval_and_somebodys_is_not(store: Store) -> None:
    book = AlertBook(store)
    for hours in (0, 1, 23, 24, 25, 47, 48):
        book.detect(OVERRUN, NOON + hours * HOUR, DAILY)
    assert [step.time for step in book.history(1) if step.kind == "reminded"] == [NOON + 24 * HOUR, NOON + 48 * HOUR]
    book.acknowledge(1, "ann", NOON + 49 * HOUR)
    book.detect(OVERRUN, NOON + 100 * HOUR, DAILY)
    assert kinds(book)[-1] == "acknowledged"
    book.detect(SLOW, NOON)
    book.detect(SLOW, NOON + 10_000 * HOUR)
    assert kinds(book, 2) == ["opened"]


def test_a_condition_is_over_after_as_many_clear_evaluations_in_a_row_as_its_rule_says(store: Store) -> None:
    book = AlertBook(store)
    found = msgspec.structs.replace(OVERRUN, rule="r")
    assert book.evaluated("r", [found], NOON, terms=DAILY) == {"opened": 1}
    for hour, (holds, between) in enumerate([([], ()), ([found], ()), ([], ()), ([], {"budget 3"}), ([], ())], 1):
        assert not book.evaluated("r", holds, NOON + hour * HOUR, between=between, terms=DAILY)
    assert book.get(1).clear_count == 1
    assert book.evaluated("other", [], NOON + 6 * HOUR, terms=DAILY) == {}
    assert book.get(1).status == "active"
    assert book.evaluated("r", [], NOON + 6 * HOUR, terms=DAILY) == {"resolved": 1}
    assert (book.get(1).resolved_by, book.get(1).clear_at) == ("job", NOON + 6 * HOUR)
    assert book.evaluated("r", [found], NOON + 7 * HOUR, terms=DAILY) == {"opened": 1}
    assert book.alerts()[0].id == 2


def test_an_hour_that_is_evaluated_again_finds_a_condition_over_once(store: Store) -> None:
    book, minute = AlertBook(store), timedelta(minutes=1)
    found = msgspec.structs.replace(OVERRUN, rule="r")
    book.evaluated("r", [found], NOON, hour=NOON, terms=DAILY)
    for minutes in (1, 2, 3):
        assert not book.evaluated("r", [], NOON + HOUR + minutes * minute, hour=NOON + HOUR, terms=DAILY)
    late = NOON + HOUR + 4 * minute
    assert not book.evaluated("r", [], late, hour=NOON, terms=DAILY), "nor does an hour before it"
    assert book.get(1).clear_count == 1
    book.evaluated("r", [found], late, hour=NOON + HOUR, terms=DAILY)
    assert book.get(1).clear_count == 0, "events that came late"
    book.evaluated("r", [], late, hour=NOON + HOUR, terms=DAILY)
    assert book.evaluated("r", [], late + HOUR, hour=NOON + 2 * HOUR, terms=DAILY) == {"resolved": 1}


def test_an_alert_that_a_person_resolved_too_early_is_quiet_until_it_was_over(store: Store) -> None:
    book = AlertBook(store)
    found = msgspec.structs.replace(OVERRUN, rule="r")
    book.evaluated("r", [found], NOON)
    book.resolve(1, "ann", NOON)
    assert book.evaluated("r", [found], NOON + HOUR) == {"quieted": 1}
    assert book.evaluated("r", [found], NOON + 2 * HOUR) == {}
    assert book.evaluated("r", [], NOON + 3 * HOUR) == {}
    assert [(alert.id, alert.status, alert.resolved_by) for alert in book.alerts()] == [(1, "resolved", "ann")]
    assert book.get(1).clear_at == NOON + 3 * HOUR
    assert book.evaluated("r", [found], NOON + 4 * HOUR) == {"opened": 1}
    assert [(alert.id, alert.status) for alert in book.alerts()] == [(2, "active"), (1, "resolved")]


@pytest.mark.parametrize(
    ("found", "hours"), [(WORSE, 1), (OVERRUN, 24)], ids=["it is worse", "the interval of reminders is over"]
)
def test_an_alert_that_a_person_resolved_too_early_comes_back(store: Store, found: Detected, hours: int) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON, DAILY)
    book.acknowledge(1, "ann", NOON)
    book.resolve(1, "ann", NOON)
    book.detect(OVERRUN, NOON + timedelta(minutes=1), DAILY)
    again, is_new = book.detect(found, NOON + hours * HOUR, DAILY)
    assert not is_new
    assert (again.id, again.status, again.severity, again.resolved_at) == (1, "active", found.severity, None)
    assert (again.acknowledged_by, again.told_at, again.detected_at) == (None, NOON + hours * HOUR, NOON)
    assert kinds(book)[-2:] == ["quieted", "reopened"]


def test_what_a_person_did_last_can_be_taken_back_step_by_step(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    book.acknowledge(1, "ann", NOON)
    book.resolve(1, "bob", NOON)
    book.detect(OVERRUN, NOON + HOUR)  # which leaves it quiet, and is in nobody's way
    undone = book.undo(1, "bob", NOON + HOUR)
    assert (undone.status, undone.acknowledged_by, undone.resolved_at, undone.version) == (
        "acknowledged",
        "ann",
        None,
        5,
    )
    undone = book.undo(1, "ann", NOON + HOUR)
    assert (undone.status, undone.acknowledged_by, undone.acknowledged_at) == ("active", None, None)
    with pytest.raises(Conflict, match=r"no act of a person that can be taken back: .* was undone"):
        book.undo(1, "ann", NOON + HOUR)
    assert [(step.kind, step.actor, step.status) for step in book.history(1)] == [
        ("opened", None, "active"), ("acknowledged", "ann", "acknowledged"), ("resolved", "bob", "resolved"),
        ("quieted", None, "resolved"), ("undone", "bob", "acknowledged"), ("undone", "ann", "active"),
    ]  # fmt: skip
    assert [step.version for step in book.history(1)] == [1, 2, 3, 4, 5, 6]
    assert [act.act for act in AuditLog(store).acts(subject="alert 1")][:2] == ["alert.undone"] * 2


def test_nothing_is_taken_back_once_something_else_has_happened(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    with pytest.raises(Conflict, match="was opened"):
        book.undo(1, "ann", NOON)
    book.acknowledge(1, "ann", NOON)
    book.detect(WORSE, NOON)
    with pytest.raises(Conflict, match="was escalated"):
        book.undo(1, "ann", NOON)
    book.evaluated("", [], NOON)
    with pytest.raises(Conflict, match="was resolved"):
        book.undo(1, "ann", NOON)


def test_resolving_is_not_taken_back_where_a_new_alert_is_about_the_condition(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    book.resolve(1, "ann", NOON)
    assert book.evaluated("", [], NOON + HOUR) == {}
    book.detect(OVERRUN, NOON + 2 * HOUR)
    with pytest.raises(Conflict, match="alert 2 is about by now"):
        book.undo(1, "ann", NOON + 2 * HOUR)


def test_an_act_that_was_meant_for_an_earlier_version_is_refused(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    for act in (book.acknowledge, book.resolve, book.undo):
        with pytest.raises(Outdated, match="alert 1 is of version 1 by now, not 2"):
            act(1, "ann", NOON, version=2)
    book.detect(msgspec.structs.replace(OVERRUN, current_value=26.0), NOON + HOUR)
    assert book.acknowledge(1, "ann", NOON, version=1).version == 2
    with pytest.raises(Outdated):
        book.acknowledge(1, "bob", NOON, version=1)


def test_a_step_says_how_things_were_then(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    book.detect(msgspec.structs.replace(WORSE, message="more", deviation_percent=float("nan")), NOON + HOUR)
    first, second = book.history(1)
    assert (first.figures.current_value, first.figures.message, first.severity) == (24.5, OVERRUN.message, "warning")
    assert (second.figures.current_value, second.figures.message, second.severity) == (29.0, "more", "critical")
    assert second.figures.deviation_percent is None


def test_steps_of_all_alerts_are_read_on_from_where_one_was(store: Store) -> None:
    log, book = StepLog(store), AlertBook(store)
    assert (log.last(), log.after(0)) == (0, ())
    book.detect(OVERRUN, NOON)
    book.detect(SLOW, NOON)
    book.acknowledge(1, "ann", NOON)
    assert [(step.id, step.alert_id, step.kind) for step in log.after(0)] == [
        (1, 1, "opened"), (2, 2, "opened"), (3, 1, "acknowledged"),
    ]  # fmt: skip
    assert [step.id for step in log.after(1, limit=1)] == [2]
    assert log.after(log.last()) == ()


def test_alerts_of_rules_that_there_are_no_more_are_resolved(store: Store) -> None:
    book = AlertBook(store)
    assert book.retire({"r"}, NOON) == 0
    for rule in ("r", "gone", ""):
        book.detect(msgspec.structs.replace(SLOW, rule=rule, condition=rule), NOON)
    assert book.retire({"r"}, NOON) == 1
    assert [(alert.rule, alert.status) for alert in book.alerts()] == [
        ("", "active"), ("gone", "resolved"), ("r", "active"),
    ]  # fmt: skip


def test_the_database_itself_keeps_a_second_alert_of_a_condition_away(store: Store) -> None:
    AlertBook(store).detect(OVERRUN, NOON)
    columns = "condition, project, type, severity, metric, message, status, detected_at, updated_at, version"
    with pytest.raises(StateError, match=r"(?i)unique"), store.transaction() as connection:
        connection.execute(
            f"INSERT INTO performance_alerts (id, {columns}) SELECT 7, {columns} FROM performance_alerts"
        )
    assert AlertBook(store).count() == 1


def test_open_alerts_are_counted_by_severity_and_status(store: Store) -> None:
    book = AlertBook(store)
    assert book.open_counts() == {}
    for number in range(3):
        book.detect(msgspec.structs.replace(OVERRUN, condition=f"budget {number}"), NOON)
    book.detect(SLOW, NOON)
    book.acknowledge(1, "ann", NOON)
    book.resolve(2, "ann", NOON)
    assert book.open_counts() == {("warning", "acknowledged"): 1, ("warning", "active"): 1, ("info", "active"): 1}


def test_nothing_is_made_by_asking_or_acting_where_there_is_nothing(store: Store) -> None:
    book = AlertBook(store)
    assert book.evaluated("r", [], NOON) == {}
    for act in (book.get, book.history):
        with pytest.raises(NotFound):
            act(1)
    with pytest.raises(NotFound):
        book.undo(1, "ann", NOON)
    assert not store.exists or book.count() == 0


def test_an_alert_of_an_older_version_goes_on_with_the_default_rule_of_its_type(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as file, file:
        for migration in migrations()[:10]:
            for statement in migration.statements:
                file.execute(statement)
        file.execute("PRAGMA user_version = 10")
        file.execute("INSERT INTO identifiers (name, last) VALUES ('alert', 2)")
        for id_, condition, resolved in ((1, "old", 5), (2, "slow", None)):
            status = "active" if resolved is None else "resolved"
            file.execute(
                "INSERT INTO performance_alerts (id, condition, project, type, severity, metric, message, status, "
                "detected_at, updated_at, resolved_at, version) "
                "VALUES (?, ?, '', 'anomaly', 'info', 'cost', 'm', ?, 3, 4, ?, 2)",
                (id_, condition, status, resolved),
            )
    book = AlertBook(Database(tmp_path / "state.db"))
    found = msgspec.structs.replace(SLOW, rule="anomaly")
    assert book.evaluated("anomaly", [found, msgspec.structs.replace(found, condition="old")], NOON) == {"opened": 1}
    assert [(alert.id, alert.condition, alert.status) for alert in book.alerts()] == [
        (3, "old", "active"), (2, "slow", "active"), (1, "old", "resolved"),
    ]  # fmt: skip
    assert book.history(2) == ()
    assert book.evaluated("anomaly", [], NOON + HOUR) == {"resolved": 2}
    with pytest.raises(Conflict, match="no act of a person"):
        book.undo(1, "ann", NOON + HOUR)


def slow(value: float, at: datetime = NOON, **more: object) -> Detected:
    """An anomaly of the hour until a time, with all that evidence may have."""
    evidence = Evidence(
        window=Span(start=at - HOUR, end=at), value=value, unit="ms", samples=12, expected=Range(low=9.5, high=31.25),
        interval=Range(high=40.0), baseline=Comparison(start=at - 9 * HOUR, end=at - HOUR, count=8, of="hours"),
        filters={"project": None, "agent": "a 'quoted' \u00fc"}, budget_id=7, budget="agent:coder",
    )  # fmt: skip
    return msgspec.structs.replace(SLOW, current_value=value, evidence=evidence, **more)


def test_evidence_is_that_of_the_last_evaluation_and_of_each_step_that_of_then(store: Store) -> None:
    book = AlertBook(store)
    opened, _ = book.detect(slow(50.0), NOON)
    assert opened.evidence == slow(50.0).evidence
    assert book.detect(slow(50.0), NOON + HOUR)[0].updated_at == NOON, "the same is no change"
    later = NOON + HOUR
    renewed, _ = book.detect(slow(60.0, later), later)
    assert (renewed.evidence, renewed.version) == (slow(60.0, later).evidence, 1)
    book.acknowledge(1, "ann", later)
    book.detect(slow(90.0, later + HOUR, severity="critical"), later + HOUR)
    assert [(step.kind, step.figures.evidence) for step in book.history(1)] == [
        ("opened", slow(50.0).evidence),
        ("acknowledged", slow(60.0, later).evidence),
        ("escalated", slow(90.0, later + HOUR).evidence),
    ]
    assert book.alerts()[0].evidence == slow(90.0, later + HOUR).evidence


def test_an_alert_that_a_person_resolved_keeps_the_evidence_that_they_saw(store: Store) -> None:
    book = AlertBook(store)
    book.detect(slow(50.0), NOON)
    book.resolve(1, "ann", NOON)
    quieted, _ = book.detect(slow(60.0), NOON + HOUR)
    assert (quieted.status, quieted.evidence) == ("resolved", slow(50.0).evidence)


def test_a_case_is_an_alert_with_its_history_and_the_act_that_can_be_taken_back(store: Store) -> None:
    book = AlertBook(store)
    book.detect(OVERRUN, NOON)
    assert book.case(1) == Case(book.get(1), book.history(1))
    assert book.case(1).undoable is None
    book.acknowledge(1, "ann", NOON)
    assert book.case(1, {"shop"}).undoable == "acknowledged"
    for id_, projects in ((2, None), (1, {"lab"}), (1, set())):
        with pytest.raises(NotFound):
            book.case(id_, projects)


def test_those_that_are_open_are_listed_page_by_page_and_counted(store: Store) -> None:
    book = AlertBook(store)
    assert book.counts() == {"active": 0, "acknowledged": 0, "resolved": 0}
    for number in range(6):
        project = "shop" if number % 2 else None
        book.detect(msgspec.structs.replace(OVERRUN, condition=f"budget {number}", project=project), NOON)
    book.acknowledge(2, "ann", NOON)
    book.resolve(3, "ann", NOON)
    first = book.alerts(status="open", limit=3)
    assert [alert.id for alert in first] == [6, 5, 4]
    assert [alert.id for alert in book.alerts(status="open", limit=3, before=first[-1].id)] == [2, 1]
    assert book.count("open") == 5
    assert book.counts() == {"active": 4, "acknowledged": 1, "resolved": 1}
    assert book.counts({"shop"}) == book.counts(project="shop") == {"active": 2, "acknowledged": 1, "resolved": 0}
    assert book.counts(set()) == book.counts(severity="critical") == {"active": 0, "acknowledged": 0, "resolved": 0}
