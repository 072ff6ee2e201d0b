"""What happens to an alert, whatever happens to it."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agentgauge.errors import Conflict
from agentgauge.state.alert_lifecycle import Happened, Severity, Standing, StepKind, Terms, undoable, when_found, worse
from agentgauge.state.alerts import Alert, AlertBook, Detected
from agentgauge.state.database import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = Terms(remind_after=24 * HOUR)
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
ACTIVE = Standing(status="active", severity="warning", told_at=NOON, resolved_at=None)
RESOLVED = msgspec.structs.replace(ACTIVE, status="resolved", resolved_at=NOON)


@pytest.mark.parametrize(
    ("standing", "severity", "hours", "step"),
    [
        (None, "info", 0, "opened"),
        (ACTIVE, "warning", 23, None),
        (ACTIVE, "warning", 24, "reminded"),
        (ACTIVE, "info", 1, None),
        (ACTIVE, "error", 1, "escalated"),
        (msgspec.structs.replace(ACTIVE, status="acknowledged"), "warning", 1000, None),
        (msgspec.structs.replace(ACTIVE, status="acknowledged"), "critical", 1, "escalated"),
        (RESOLVED, "warning", 1, "quieted"),
        (msgspec.structs.replace(RESOLVED, is_quiet=True), "warning", 1, None),
        (msgspec.structs.replace(RESOLVED, is_quiet=True), "error", 1, "reopened"),
        (msgspec.structs.replace(RESOLVED, is_quiet=True), "info", 24, "reopened"),
    ],
)
def test_what_is_found_again_does_what_its_standing_says(
    standing: Standing | None, severity: Severity, hours: int, step: str | None
) -> None:
    assert when_found(standing, severity, NOON + hours * HOUR, DAILY) == step


def test_severities_have_an_order() -> None:
    assert [[worse(one, than) for than in SEVERITIES] for one in SEVERITIES] == [
        [place > other for other in range(4)] for place in range(4)
    ]


@pytest.mark.parametrize(
    ("steps", "taken_back"),
    [
        ("", None),
        ("opened", None),
        ("opened acknowledged", "acknowledged"),
        ("opened acknowledged resolved quieted reminded", "resolved"),
        ("opened acknowledged resolved undone", "acknowledged"),
        ("opened acknowledged resolved undone undone", None),
        ("opened acknowledged undone acknowledged", "acknowledged"),
        ("opened acknowledged escalated", None),
        ("opened resolved reopened", None),
    ],
)
def test_undoing_takes_back_the_last_act_that_still_holds(steps: str, taken_back: str | None) -> None:
    kinds = cast("list[StepKind]", steps.split())
    found = undoable(
        Happened(kind, "ann" if kind in ("acknowledged", "resolved", "undone") else None) for kind in kinds
    )
    assert (None if found is None else found.kind) == taken_back


def test_what_resolved_by_itself_is_not_taken_back() -> None:
    assert undoable([Happened("opened", None), Happened("acknowledged", "ann"), Happened("resolved", None)]) is None


class Lives(RuleBasedStateMachine):
    """One condition, evaluated and acted on in any order, on a real file."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.book = AlertBook(Database(Path(self.folder.name) / "state.db"))
        self.now = NOON

    def teardown(self) -> None:
        self.folder.cleanup()

    def _newest(self) -> Alert | None:
        return next(iter(self.book.alerts()), None)

    @rule(severity=st.sampled_from(SEVERITIES), hours=st.sampled_from([1, 30]))
    def holds(self, severity: Severity, hours: int) -> None:
        before = self._newest()
        self.now += hours * HOUR
        found = Detected(condition="c", rule="r", type="anomaly", severity=severity, metric="cost", message="odd")
        taken = self.book.evaluated("r", [found], self.now, terms=DAILY)
        assert sum(taken.values()) <= 1
        after = self._newest()
        assert after is not None
        assert ("opened" in taken) == (before is None or before.clear_at is not None)
        assert after.clear_at is None
        assert after.status != "resolved" or after.resolved_by == "ann"

    @rule()
    def is_over(self) -> None:
        self.now += HOUR
        self.book.evaluated("r", [], self.now, terms=DAILY)
        after = self._newest()
        assert after is None or (after.status == "resolved" and after.clear_at is not None)

    @precondition(lambda self: self._newest() is not None)
    @rule(act=st.sampled_from(["acknowledge", "resolve", "undo"]))
    def somebody_acts(self, act: str) -> None:
        before = self._newest()
        assert before is not None
        try:
            after: Alert = getattr(self.book, act)(before.id, "ann", self.now, version=before.version)
        except Conflict:
            assert self.book.get(before.id) == before
            return
        assert after.version - before.version == (after.status != before.status)

    @invariant()
    def every_change_of_status_is_a_step(self) -> None:
        for alert in self.book.alerts():
            steps = self.book.history(alert.id)
            assert [step.version for step in steps] == list(range(1, alert.version + 1))
            assert (steps[-1].status, steps[-1].severity) == (alert.status, alert.severity)
            assert (alert.status == "acknowledged") <= (alert.acknowledged_at is not None)
            assert (alert.status == "resolved") == (alert.resolved_at is not None)

    @invariant()
    def one_alert_is_open_at_most(self) -> None:
        assert sum(self.book.open_counts().values()) <= 1


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=15)  # a transaction waits for the disk
