"""Alerts: what needs somebody's attention, since when, and who has attended to it.

    active -> acknowledged -> resolved      or active -> resolved

An alert is about a condition, such as `budget 3 warning`, whose words are the writer's: while one about it is open
(active or acknowledged), detecting the condition again renews its figures and makes no other. Ids count from 1 in the
order of detection. Every step by somebody is in the audit log.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import msgspec

from agentgauge.errors import Conflict, NotFound
from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.audit import note
from agentgauge.state.changes import changed
from agentgauge.state.columns import moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

Status = Literal["active", "acknowledged", "resolved"]
Severity = Literal["critical", "error", "warning", "info"]
_TABLE = "performance_alerts"
_COLUMNS = (
    "id, condition, project, agent_name, type, severity, metric, current_value, expected_value, threshold_value, "
    "deviation_percent, message, status, detected_at, updated_at, acknowledged_at, acknowledged_by, resolved_at, "
    "resolved_by, version"
)


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """What was found to need attention."""

    condition: str
    """What it is about: equal as long as it is the same."""
    type: str
    """`budget_overrun`, `performance_degradation`, `outlier`, `anomaly`, ..."""
    severity: Severity
    metric: str
    message: str
    project: str | None = None
    """None: of no project alone."""
    agent_name: str | None = None
    current_value: float | None = None
    expected_value: float | None = None
    threshold_value: float | None = None
    deviation_percent: float | None = None
    """(current - expected) / expected x 100."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    agent_name: str | None
    type: str
    severity: Severity
    metric: str
    current_value: float | None
    expected_value: float | None
    threshold_value: float | None
    deviation_percent: float | None
    message: str
    status: Status
    detected_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    condition: str
    project: str | None
    updated_at: datetime
    """When its figures or status last changed."""
    acknowledged_by: str | None
    resolved_by: str | None
    version: int
    """Rises with every change, from 1."""


class AlertBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def detect(self, found: Detected, at: datetime) -> tuple[Alert, bool]:
        """Note what was found at `at`; the alert about it, and whether it is a new one. Raises `StateError`."""
        figures = {
            name: getattr(found, name) for name in Detected.__struct_fields__ if name not in ("condition", "project")
        }
        with self._store.transaction() as connection:
            open_ = _found(connection, _open(found.condition), 1)
            if open_:
                if any(getattr(open_[0], name) != value for name, value in figures.items()):
                    _change(connection, open_[0], at, **figures)
            else:
                insert(
                    connection,
                    _TABLE,
                    id=next_id(connection, "alert"),
                    condition=found.condition,
                    project=found.project or "",
                    **figures,
                    status="active",
                    detected_at=to_micros(at),
                    updated_at=to_micros(at),
                    version=1,
                )
                changed(connection, "alerts")
            return _found(connection, _open(found.condition), 1)[0], not open_

    def alerts(
        self,
        *,
        status: Status | None = None,
        severity: Severity | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> tuple[Alert, ...]:
        """The newest first, those with an id below `before`: where the page before ended. `projects` are those that
        may be seen (None: all, and alerts of no project alone). Raises `StateError`.
        """
        where = Where().equal(status=status, severity=severity, project=project).of_projects(projects)
        if before is not None:
            where.also("id < ?", before)
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return _found(connection, where, limit)

    def count(
        self,
        status: Status | None = None,
        projects: Collection[str] | None = None,
        *,
        severity: Severity | None = None,
        project: str | None = None,
    ) -> int:
        """How many `alerts` of these there are on all pages. Raises `StateError`."""
        if not self._store.exists:
            return 0
        where = Where().equal(status=status, severity=severity, project=project).of_projects(projects)
        with self._store.reading() as connection:
            counted: int = select(connection, "count(*)", _TABLE, where, "1")[0][0]
            return counted

    def acknowledge(self, id: int, actor: str, at: datetime, projects: Collection[str] | None = None) -> Alert:  # noqa: A002 - the column's name
        """Say that somebody attends to it; of one that is acknowledged nothing changes.

        Raises `NotFound` for an id that there is not among `projects`, `Conflict` for one that is resolved, and
        `StateError`.
        """
        with self._store.transaction() as connection:
            alert = _one(connection, id, projects)
            if alert.status == "resolved":
                raise Conflict(f"alert {id} was resolved at {alert.resolved_at}: it needs no attention any more")
            if alert.status == "active":
                _change(
                    connection, alert, at, status="acknowledged", acknowledged_at=to_micros(at), acknowledged_by=actor
                )
                note(connection, at, actor, "alert.acknowledged", f"alert {id}", alert.project, {"type": alert.type})
            return _one(connection, id, projects)

    def resolve(self, id: int, actor: str, at: datetime, projects: Collection[str] | None = None) -> Alert:  # noqa: A002
        """Say that it is done with; of one that is resolved nothing changes. The condition, detected again, is a new
        alert. Raises `NotFound` and `StateError` as above.
        """
        with self._store.transaction() as connection:
            _resolve(connection, _one(connection, id, projects), actor, at)
            return _one(connection, id, projects)

    def resolve_condition(self, condition: str, actor: str, at: datetime) -> Alert | None:
        """Resolve the open alert about a condition, since that no longer holds; None where none is open.

        Raises `StateError`.
        """
        if not self._store.exists:
            return None
        with self._store.transaction() as connection:
            open_ = _found(connection, _open(condition), 1)
            if not open_:
                return None
            _resolve(connection, open_[0], actor, at)
            return _one(connection, open_[0].id, None)


def _open(condition: str) -> Where:
    return Where().equal(condition=condition).also("status <> 'resolved'")


def _one(connection: Connection, id_: int, projects: Collection[str] | None) -> Alert:
    found = _found(connection, Where().equal(id=id_).of_projects(projects), 1) if 0 < id_ < 1 << 63 else ()
    if not found:
        raise NotFound(f"no alert {id_}", field="alert_id")
    return found[0]


def _resolve(connection: Connection, alert: Alert, actor: str, at: datetime) -> None:
    if alert.status != "resolved":
        _change(connection, alert, at, status="resolved", resolved_at=to_micros(at), resolved_by=actor)
        note(connection, at, actor, "alert.resolved", f"alert {alert.id}", alert.project, {"type": alert.type})


def _change(connection: Connection, alert: Alert, at: datetime, **columns: object) -> None:
    row = Where().equal(id=alert.id)
    update(connection, _TABLE, row, **columns, updated_at=to_micros(at), version=alert.version + 1)
    changed(connection, "alerts")


def _found(connection: Connection, where: Where, limit: int) -> tuple[Alert, ...]:
    return tuple(
        Alert(
            id=id_, condition=condition, project=project or None, agent_name=agent_name, type=type_, severity=severity,
            metric=metric, current_value=current, expected_value=expected, threshold_value=threshold,
            deviation_percent=deviation, message=message, status=status, detected_at=from_micros(detected),
            updated_at=from_micros(updated), acknowledged_at=moment(acknowledged), acknowledged_by=by,
            resolved_at=moment(resolved), resolved_by=resolved_by, version=version,
        )
        for (
            id_, condition, project, agent_name, type_, severity, metric, current, expected, threshold, deviation,
            message, status, detected, updated, acknowledged, by, resolved, resolved_by, version,
        ) in select(connection, _COLUMNS, _TABLE, where, "id DESC", limit)
    )  # fmt: skip
