"""Alerts as they are kept: one open per condition, their steps, who took them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from agentgauge.errors import Conflict, NotFound
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.audit import AuditLog
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVERRUN = Detected(
    condition="budget 3", type="budget_overrun", severity="warning", metric="budget_utilization", agent_name="coder",
    project="shop", current_value=24.5, expected_value=30.0, threshold_value=24.0, deviation_percent=-18.33,
    message="Budget alert: coder at 81.7% utilization ($24.50/$30.00)",
)  # fmt: skip
SLOW = Detected(condition="slow", type="anomaly", severity="info", metric="execution_time", message="slow")


def test_a_condition_that_is_found_again_renews_its_alert_and_makes_no_other(store: Store) -> None:
    book = AlertBook(store)
    first, is_new = book.detect(OVERRUN, NOON)
    assert is_new
    assert (first.id, first.status, first.version, first.detected_at) == (1, "active", 1, NOON)
    assert msgspec.structs.asdict(OVERRUN).items() <= msgspec.structs.asdict(first).items()
    same, is_new = book.detect(OVERRUN, NOON + HOUR)
    assert not is_new
    assert same == first
    worse = msgspec.structs.replace(OVERRUN, severity="critical", current_value=29.0)
    renewed, is_new = book.detect(worse, NOON + HOUR)
    assert not is_new
    assert (renewed.id, renewed.severity, renewed.current_value, renewed.version) == (1, "critical", 29.0, 2)
    assert (renewed.detected_at, renewed.updated_at) == (NOON, NOON + HOUR)
    assert len(book.alerts()) == 1


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
    assert book.resolve_condition("budget 3", "jobs", NOON) is None
    book.detect(OVERRUN, NOON)
    resolved = book.resolve_condition("budget 3", "jobs", NOON + HOUR)
    assert resolved is not None
    assert (resolved.status, resolved.acknowledged_at) == ("resolved", None)
    assert book.resolve_condition("budget 3", "jobs", NOON + HOUR) is None
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
