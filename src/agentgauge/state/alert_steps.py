"""Steps of alerts: what happened to one, from its opening on. Notifications are made from them, and undoing.

A step changes the alert and is noted, at once. The version of an alert is the number of its steps: figures that are
renewed raise it not, so that who has read an alert may act on it an hour later. Steps of all alerts have ids that rise
in the order in which they are seen, so that who has read up to one misses none that follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.alert_lifecycle import Severity, Standing, Status, StepKind, Terms, when_found, worse
from agentgauge.state.alert_rows import TABLE, Alert, Detected, Figures, found_alerts, kept, one_alert, renew
from agentgauge.state.audit import note
from agentgauge.state.identifiers import last_id, next_id
from agentgauge.state.statements import Where, insert, select
from agentgauge.state.store import Connection, Store

ITSELF = "job"
"""Who resolved what is over, in rows and in the audit log."""
STANDING = "clear_at IS NULL"
"""Of alerts whose condition was not over since; there is one at most of each."""
NOW_ACTIVE: Mapping[str, object] = {
    "status": "active", "acknowledged_at": None, "acknowledged_by": None, "resolved_at": None, "resolved_by": None,
}  # fmt: skip
NOT_CLEAR: Mapping[str, object] = {"clear_count": 0, "clear_hour": None}
_TELLING: tuple[StepKind, ...] = ("opened", "escalated", "reminded", "reopened")
_COUNTER = "alert_step"
_COLUMNS = "id, alert_id, version, kind, taken_at, actor, status, severity, figures"
_RENEWED = (*Figures.__struct_fields__, "agent_name", "type", "metric", "rule")


class AlertStep(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    """Rises from step to step, of all alerts together."""
    alert_id: int
    version: int
    """Of the alert, from this step on."""
    kind: StepKind
    time: datetime
    actor: str | None
    """None: by itself."""
    status: Status
    severity: Severity
    figures: Figures


class StepLog:
    """The steps of all alerts, for who tells others of them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def after(self, id: int, limit: int = 100) -> tuple[AlertStep, ...]:  # noqa: A002 - the column's name
        """Those that follow a step, in their order. Raises `StateError`."""
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return steps(connection, Where().also("id > ?", id), limit)

    def last(self) -> int:
        """The id of the last step; 0 where there is none. Raises `StateError`."""
        if not self._store.exists:
            return 0
        with self._store.reading() as connection:
            return last_id(connection, _COUNTER)


def times_told(store: Store, ids: Collection[int]) -> Mapping[int, int]:
    """How often somebody was to be told that these alerts need attention. Raises `StateError`."""
    if not ids or not store.exists:
        return {}
    telling = Where().also(f"kind IN ({', '.join('?' * len(_TELLING))})", *_TELLING)
    telling.also(f"alert_id IN ({', '.join('?' * len(ids))})", *ids)
    with store.reading() as connection:
        return Counter(id_ for (id_,) in select(connection, "alert_id", "alert_steps", telling, "id"))


def _open(connection: Connection, found: Detected, at: datetime) -> Alert:
    """Add an alert, which nobody has attended to."""
    id_ = next_id(connection, "alert")
    columns = {name: getattr(found, name) for name in Detected.__struct_fields__}
    insert(
        connection,
        TABLE,
        **{**kept(columns), "project": found.project or ""},
        id=id_,
        status="active",
        detected_at=to_micros(at),
        updated_at=to_micros(at),
        told_at=to_micros(at),
        version=0,
    )
    return _take(connection, one_alert(connection, id_, None), "opened", at, {})


def _take(
    connection: Connection,
    alert: Alert,
    kind: StepKind,
    at: datetime,
    columns: Mapping[str, object],
    actor: str | None = None,
) -> Alert:
    """Give an alert other values, and note why; the alert as it is then."""
    renew(connection, alert, at, {**columns, "version": alert.version + 1})
    after = one_alert(connection, alert.id, None)
    insert(
        connection,
        "alert_steps",
        id=next_id(connection, _COUNTER),
        alert_id=alert.id,
        version=after.version,
        kind=kind,
        taken_at=to_micros(at),
        actor=actor,
        status=after.status,
        severity=after.severity,
        figures=msgspec.json.encode(_figures_of(after)).decode(),
    )
    return after


def steps(connection: Connection, where: Where, limit: int | None = None) -> tuple[AlertStep, ...]:
    """In the order in which they were taken."""
    return tuple(
        AlertStep(
            id=id_, alert_id=alert_id, version=version, kind=kind, time=from_micros(taken), actor=actor, status=status,
            severity=severity, figures=msgspec.json.decode(figures, type=Figures),
        )
        for id_, alert_id, version, kind, taken, actor, status, severity, figures
        in select(connection, _COLUMNS, "alert_steps", where, "id", limit)
    )  # fmt: skip


def standing_alert(connection: Connection, condition: str) -> Alert | None:
    """The alert about a condition that was not over since."""
    found = found_alerts(connection, Where().equal(condition=condition).also(STANDING), 1)
    return found[0] if found else None


def found_to_hold(
    connection: Connection, found: Detected, at: datetime, terms: Terms, alert: Alert | None
) -> tuple[Alert, StepKind | None]:
    """The alert about what was found to hold, and the step that was taken."""
    if alert is None:
        return _open(connection, found, at), "opened"
    standing = Standing(
        status=alert.status,
        severity=alert.severity,
        told_at=alert.told_at,
        resolved_at=alert.resolved_at,
        is_quiet=alert.status == "resolved" and _is_quiet(connection, alert),
    )
    kind = when_found(standing, found.severity, at, terms)
    if kind == "quieted" or (kind is None and alert.status == "resolved"):
        values: dict[str, object] = {**NOT_CLEAR}  # the figures stay those that it was resolved at
    else:
        rises = kind == "reopened" or worse(found.severity, alert.severity)
        values = {name: getattr(found, name) for name in _RENEWED}
        values |= {"severity": found.severity if rises else alert.severity, **NOT_CLEAR}
    if kind in ("escalated", "reopened"):
        values |= NOW_ACTIVE
    if kind in ("escalated", "reopened", "reminded"):
        values["told_at"] = to_micros(at)
    if kind is not None:
        return _take(connection, alert, kind, at, values), kind
    if any(getattr(alert, name) != value for name, value in values.items()):
        renew(connection, alert, at, values)
        return one_alert(connection, alert.id, None), None
    return alert, None


def _is_quiet(connection: Connection, alert: Alert) -> bool:
    last = Where().equal(alert_id=alert.id, version=alert.version)
    return any(step.kind == "quieted" for step in steps(connection, last, 1))


def found_clear(connection: Connection, alert: Alert, at: datetime, hour: datetime, after: int) -> tuple[StepKind, ...]:
    """Note that a condition was found to be over in the evaluation of one more hour; the step that was taken, if any.

    Evaluating an hour again, by whichever process, is no evaluation more.
    """
    is_counted = alert.clear_hour is not None and hour <= alert.clear_hour
    count = alert.clear_count if is_counted else alert.clear_count + 1
    clear: dict[str, object] = {"clear_count": count}
    if not is_counted:
        clear["clear_hour"] = to_micros(hour)
    if count < after:
        if not is_counted:
            renew(connection, alert, at, clear)
        return ()
    over = clear | {"clear_at": to_micros(at)}
    if alert.status == "resolved":
        renew(connection, alert, at, over)
        return ()
    _take(connection, alert, "resolved", at, over | resolved_by(ITSELF, at))
    note(connection, at, ITSELF, "alert.resolved", f"alert {alert.id}", alert.project, {"type": alert.type})
    return ("resolved",)


def resolved_by(actor: str, at: datetime) -> dict[str, object]:
    """The columns of an alert that is resolved."""
    return {"status": "resolved", "resolved_at": to_micros(at), "resolved_by": actor}


def act(
    connection: Connection, alert: Alert, kind: StepKind, at: datetime, actor: str, columns: Mapping[str, object]
) -> Alert:
    """What somebody did about an alert; the alert as it is then."""
    after = _take(connection, alert, kind, at, columns, actor)
    note(connection, at, actor, f"alert.{kind}", f"alert {alert.id}", alert.project, {"type": alert.type})
    return after


def _figures_of(found: Figures) -> Figures:
    """Its figures alone."""
    return Figures(**{name: getattr(found, name) for name in Figures.__struct_fields__})
