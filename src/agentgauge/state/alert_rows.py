"""Rows of alerts: what one is found as, how it is kept, and reading it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.errors import NotFound
from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.alert_evidence import Evidence
from agentgauge.state.alert_lifecycle import Severity, Status
from agentgauge.state.changes import changed
from agentgauge.state.columns import moment
from agentgauge.state.statements import Where, select, update
from agentgauge.state.store import Connection

TABLE = "performance_alerts"
_COLUMNS = (
    "id, condition, rule, project, agent_name, type, severity, metric, current_value, expected_value, threshold_value, "
    "deviation_percent, message, status, detected_at, updated_at, acknowledged_at, acknowledged_by, resolved_at, "
    "resolved_by, version, told_at, clear_at, clear_count, clear_hour, evidence"
)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, as it was when a step was taken."""

    message: str
    current_value: float | None = None
    expected_value: float | None = None
    threshold_value: float | None = None
    deviation_percent: float | None = None
    """(current - expected) / expected x 100."""
    evidence: Evidence | None = None
    """What that was found from; None of an alert about rules, and of what an older version found."""


class Detected(Figures, frozen=True, kw_only=True):
    """What was found to need attention."""

    condition: str
    """What it is about: equal as long as it is the same."""
    type: str
    """`budget_overrun`, `performance_degradation`, `outlier`, `anomaly`, ..."""
    severity: Severity
    metric: str
    project: str | None = None
    """None: of no project alone."""
    agent_name: str | None = None
    rule: str = ""
    """The name of the rule that it was found by."""


class Alert(Figures, frozen=True, kw_only=True):
    id: int
    agent_name: str | None
    type: str
    severity: Severity
    """The worst since it was opened."""
    metric: str
    status: Status
    detected_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    condition: str
    rule: str
    project: str | None
    updated_at: datetime
    """When its figures or status last changed."""
    acknowledged_by: str | None
    resolved_by: str | None
    version: int
    """Rises with every step, from 1."""
    told_at: datetime
    """When somebody was last to be told of it."""
    clear_at: datetime | None
    """When its condition was found to be over; None while it holds, whoever resolved the alert."""
    clear_count: int
    """Evaluations in a row that have found it over."""
    clear_hour: datetime | None
    """End of the hour that the last of them was about; None where there is none."""


def found_alerts(connection: Connection, where: Where, limit: int | None = None) -> tuple[Alert, ...]:
    """The newest first."""
    return tuple(
        Alert(
            id=id_, condition=condition, rule=rule, project=project or None, agent_name=agent_name, type=type_,
            severity=severity, metric=metric, current_value=current, expected_value=expected,
            threshold_value=threshold, deviation_percent=deviation, message=message, status=status,
            detected_at=from_micros(detected), updated_at=from_micros(updated), acknowledged_at=moment(acknowledged),
            acknowledged_by=by, resolved_at=moment(resolved), resolved_by=resolved_by, version=version,
            told_at=from_micros(detected if told is None else told), clear_at=moment(clear), clear_count=clear_count,
            clear_hour=moment(clear_hour),
            evidence=None if evidence is None else msgspec.json.decode(evidence, type=Evidence),
        )
        for (
            id_, condition, rule, project, agent_name, type_, severity, metric, current, expected, threshold, deviation,
            message, status, detected, updated, acknowledged, by, resolved, resolved_by, version, told, clear,
            clear_count, clear_hour, evidence,
        ) in select(connection, _COLUMNS, TABLE, where, "id DESC", limit)
    )  # fmt: skip


def one_alert(connection: Connection, id_: int, projects: Collection[str] | None) -> Alert:
    """Raises `NotFound` for an id that there is not among `projects`."""
    found = found_alerts(connection, Where().equal(id=id_).of_projects(projects), 1) if 0 < id_ < 1 << 63 else ()
    if not found:
        raise absent(id_)
    return found[0]


def absent(id_: int) -> NotFound:
    return NotFound(f"no alert {id_}", field="alert_id")


def renew(connection: Connection, alert: Alert, at: datetime, columns: Mapping[str, object]) -> None:
    """Give an alert other values, which are no step."""
    update(connection, TABLE, Where().equal(id=alert.id), **{**kept(columns), "updated_at": to_micros(at)})
    changed(connection, "alerts")


def kept(columns: Mapping[str, object]) -> dict[str, Any]:
    """Values of an alert as their columns hold them."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, Evidence) else value
        for name, value in columns.items()
    }
