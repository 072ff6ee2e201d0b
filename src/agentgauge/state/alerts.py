"""Alerts: what needs somebody's attention, since when, and who has attended to it.

    active -> acknowledged -> resolved      or active -> resolved

An alert is about a condition, such as one budget's overrun of March, whose words are the writer's: while one about it
is open (active or acknowledged), finding the condition again renews its figures and makes no other, and so says the
database too. What is decided on the way is in `alert_lifecycle`. Every step is kept (`history`), those by somebody are
in the audit log as well. Ids count from 1 in the order of detection.

An act of a person may name the version that it is meant for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, get_args

import msgspec

from agentgauge.errors import Conflict, Outdated
from agentgauge.events.event import to_micros
from agentgauge.state.alert_evidence import Evidence
from agentgauge.state.alert_lifecycle import Happened, Severity, Status, StepKind, Terms, undoable
from agentgauge.state.alert_rows import TABLE, Alert, Detected, Figures, absent, found_alerts, one_alert, renew
from agentgauge.state.alert_steps import (
    NOT_CLEAR,
    NOW_ACTIVE,
    STANDING,
    AlertStep,
    act,
    found_clear,
    found_to_hold,
    resolved_by,
    standing_alert,
    steps,
)
from agentgauge.state.statements import Where, select
from agentgauge.state.store import Connection, Store

__all__ = [
    "Alert",
    "AlertBook",
    "AlertStep",
    "Case",
    "Detected",
    "Evidence",
    "Figures",
    "Severity",
    "Status",
    "StepKind",
    "Terms",
    "Which",
]

Which = Status | Literal["open"]
"""`open`: not resolved, so active or acknowledged."""
_OPEN = "status <> 'resolved'"


class Case(msgspec.Struct, frozen=True):
    """An alert, and everything that happened to it."""

    alert: Alert
    history: tuple[AlertStep, ...]
    """The first step first."""

    @property
    def undoable(self) -> StepKind | None:
        """The act of a person that `AlertBook.undo` takes back; None: there is none."""
        last = undoable(Happened(step.kind, step.actor) for step in self.history)
        return None if last is None else last.kind


class AlertBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def detect(self, found: Detected, at: datetime, terms: Terms | None = None) -> tuple[Alert, bool]:
        """Note that a condition was found to hold at `at`; the alert about it, and whether it is a new one.

        Raises `StateError`.
        """
        with self._store.transaction() as connection:
            alert, kind = found_to_hold(
                connection, found, at, terms or Terms(), standing_alert(connection, found.condition)
            )
            return alert, kind == "opened"

    def evaluated(
        self,
        rule: str,
        found: Iterable[Detected],
        at: datetime,
        *,
        hour: datetime | None = None,
        between: Collection[str] = (),
        terms: Terms | None = None,
    ) -> Mapping[StepKind, int]:
        """Note everything that one evaluation of a rule came to: how many steps of each kind were taken.

        `hour` is the end of the hour that was evaluated; None: `at`. However often it is, of one hour a condition is
        over once. `between` are conditions that neither hold nor are over; all others that the rule was alerted of are
        over, so also those that there is too little to say of. In one transaction. Raises `StateError`.
        """
        found, terms = tuple(found), terms or Terms()
        if not found and not self._store.exists:
            return {}
        taken: Counter[StepKind] = Counter()
        with self._store.transaction() as connection:
            of_rule = Where().equal(rule=rule).also(STANDING)
            standing = {alert.condition: alert for alert in found_alerts(connection, of_rule)}
            for each in found:
                alert = standing.get(each.condition)
                _, kind = found_to_hold(
                    connection, each, at, terms, alert or standing_alert(connection, each.condition)
                )
                taken.update(() if kind is None else (kind,))
            held = {each.condition for each in found}
            for condition, alert in standing.items():
                if condition in held:
                    continue
                if condition not in between:
                    taken.update(found_clear(connection, alert, at, hour or at, terms.clear_after))
                elif alert.clear_count:
                    renew(connection, alert, at, NOT_CLEAR)
        return taken

    def retire(self, rules: Collection[str], at: datetime) -> int:
        """Resolve the alerts that were found by rules other than these, which evaluate nothing any more; how many.

        Raises `StateError`.
        """
        if not self._store.exists:
            return 0
        with self._store.transaction() as connection:
            standing = found_alerts(connection, Where().also(STANDING).also("rule <> ''"))
            gone = [alert for alert in standing if alert.rule not in rules]
            return sum(len(found_clear(connection, alert, at, at, 1)) for alert in gone)

    def get(self, id: int, projects: Collection[str] | None = None) -> Alert:  # noqa: A002 - the column's name
        """Raises `NotFound` for an id that there is not among `projects`, and `StateError`."""
        if not self._store.exists:
            raise absent(id)
        with self._store.reading() as connection:
            return one_alert(connection, id, projects)

    def history(self, id: int, projects: Collection[str] | None = None) -> tuple[AlertStep, ...]:  # noqa: A002
        """What happened to an alert, the first step first. Raises as `get`."""
        return self.case(id, projects).history

    def case(self, id: int, projects: Collection[str] | None = None) -> Case:  # noqa: A002 - the column's name
        """An alert with its history, both of one moment. Raises as `get`."""
        if not self._store.exists:
            raise absent(id)
        with self._store.reading() as connection:
            return Case(one_alert(connection, id, projects), steps(connection, Where().equal(alert_id=id)))

    def alerts(
        self,
        *,
        status: Which | None = None,
        severity: Severity | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
        limit: int | None = 50,
        before: int | None = None,
    ) -> tuple[Alert, ...]:
        """The newest first, those with an id below `before`: where the page before ended. `projects` are those that
        may be seen (None: all, and alerts of no project alone). Raises `StateError`.
        """
        where = _among(status, severity, project, projects)
        if before is not None:
            where.also("id < ?", before)
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return found_alerts(connection, where, limit)

    def count(
        self,
        status: Which | None = None,
        projects: Collection[str] | None = None,
        *,
        severity: Severity | None = None,
        project: str | None = None,
    ) -> int:
        """How many `alerts` of these there are on all pages. Raises `StateError`."""
        if not self._store.exists:
            return 0
        with self._store.reading() as connection:
            counted: int = select(connection, "count(*)", TABLE, _among(status, severity, project, projects), "1")[0][0]
            return counted

    def counts(
        self,
        projects: Collection[str] | None = None,
        *,
        severity: Severity | None = None,
        project: str | None = None,
    ) -> Mapping[Status, int]:
        """How many `alerts` of these there are, by status, 0 where there are none. Raises `StateError`."""
        counted: dict[Status, int] = dict.fromkeys(get_args(Status), 0)
        if not self._store.exists:
            return counted
        where = _among(None, severity, project, projects)
        with self._store.reading() as connection:
            rows = connection.execute(
                f"SELECT status, count(*) FROM {TABLE} {where.text} GROUP BY status",  # noqa: S608 - constants of this module
                where.parameters,
            ).fetchall()
        return {**counted, **dict(rows)}

    def open_counts(self) -> dict[tuple[Severity, Status], int]:
        """How many alerts are open, by severity and status; those that there are. Raises `StateError`."""
        if not self._store.exists:
            return {}
        with self._store.reading() as connection:
            rows = connection.execute(
                f"SELECT severity, status, count(*) FROM {TABLE} WHERE {_OPEN} GROUP BY severity, status"  # noqa: S608 - constants of this module
            ).fetchall()
        return {(severity, status): number for severity, status, number in rows}

    def open_by_rule(self, projects: Collection[str] | None = None) -> Mapping[str, int]:
        """How many alerts are open, by the rule that found them; those that there are. Raises `StateError`."""
        if not self._store.exists:
            return {}
        where = _among("open", None, None, projects)
        with self._store.reading() as connection:
            rows = connection.execute(
                f"SELECT rule, count(*) FROM {TABLE} {where.text} GROUP BY rule",  # noqa: S608 - constants of this module
                where.parameters,
            ).fetchall()
        return dict(map(tuple, rows))

    def acknowledge(
        self,
        id: int,  # noqa: A002
        actor: str,
        at: datetime,
        projects: Collection[str] | None = None,
        *,
        version: int | None = None,
    ) -> Alert:
        """Say that somebody attends to it; of one that is acknowledged nothing changes.

        Raises `NotFound` for an id that there is not among `projects`, `Conflict` for one that is resolved, `Outdated`
        where it is not of this version any more, and `StateError`.
        """
        with self._acting(id, projects, version) as (connection, alert):
            if alert.status == "resolved":
                raise Conflict(
                    f"alert {id} was resolved at {alert.resolved_at:%Y-%m-%d %H:%M} UTC: it needs no attention any more"
                )
            if alert.status == "acknowledged":
                return alert
            values = {"status": "acknowledged", "acknowledged_at": to_micros(at), "acknowledged_by": actor}
            return act(connection, alert, "acknowledged", at, actor, values)

    def resolve(
        self,
        id: int,  # noqa: A002
        actor: str,
        at: datetime,
        projects: Collection[str] | None = None,
        *,
        version: int | None = None,
    ) -> Alert:
        """Say that it is done with; of one that is resolved nothing changes. While its condition still holds it is
        quiet until that is worse, or the interval of reminders is over. Raises `NotFound`, `Outdated` and `StateError`
        as above.
        """
        with self._acting(id, projects, version) as (connection, alert):
            if alert.status == "resolved":
                return alert
            return act(connection, alert, "resolved", at, actor, resolved_by(actor, at))

    def undo(
        self,
        id: int,  # noqa: A002
        actor: str,
        at: datetime,
        projects: Collection[str] | None = None,
        *,
        version: int | None = None,
    ) -> Alert:
        """Take back the last act of a person: an alert that was acknowledged is active, one that was resolved is what
        it was before.

        Raises `Conflict` where nobody did anything, or something else has happened since, and `NotFound`, `Outdated`
        and `StateError` as above.
        """
        with self._acting(id, projects, version) as (connection, alert):
            done = steps(connection, Where().equal(alert_id=id))
            last = undoable(Happened(step.kind, step.actor) for step in done)
            if last is None:
                since = f": the last that happened is that it was {done[-1].kind}" if done else ""
                raise Conflict(f"alert {id} has no act of a person that can be taken back{since}")
            if last.kind == "acknowledged":
                return act(connection, alert, "undone", at, actor, NOW_ACTIVE)
            other = standing_alert(connection, alert.condition)
            if other is not None and other.id != id:
                raise Conflict(f"alert {id} is of a condition that alert {other.id} is about by now: see that one")
            before = "active" if alert.acknowledged_at is None else "acknowledged"
            values = {"status": before, "resolved_at": None, "resolved_by": None, "clear_at": None, **NOT_CLEAR}
            return act(connection, alert, "undone", at, actor, values)

    @contextmanager
    def _acting(
        self, id_: int, projects: Collection[str] | None, version: int | None
    ) -> Iterator[tuple[Connection, Alert]]:
        """An alert that somebody acts on, inside the transaction that does it."""
        if not self._store.exists:
            raise absent(id_)
        with self._store.transaction() as connection:
            alert = one_alert(connection, id_, projects)
            if version is not None and version != alert.version:
                raise Outdated(f"alert {id_} is of version {alert.version} by now, not {version}: read it again")
            yield connection, alert


def _among(
    status: Which | None, severity: Severity | None, project: str | None, projects: Collection[str] | None
) -> Where:
    where = Where().equal(severity=severity, project=project).of_projects(projects)
    return where.also(_OPEN) if status == "open" else where.equal(status=status)
