"""Anomalies and outliers of the hour before, as alerts; an alert about what is over is resolved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from agentgauge.engines import Engine, Filter, Query
from agentgauge.service.jobs.job import Work
from agentgauge.service.reports.anomalies import Found, anomalies
from agentgauge.service.reports.outliers import Outlier, Outliers, outliers, outliers_within
from agentgauge.service.window import Window
from agentgauge.state.alerts import AlertBook, Detected

ACTOR = "job"
"""Who resolves what is over, in the audit."""
OUTLIER_METRICS = ("execution_time", "cost", "tokens")
_HOUR = timedelta(hours=1)
_HISTORY = timedelta(days=30)
_MOST = 1000
_SCORE_ERROR = 6.0
"""Spreads from the centre beyond which an outlier is an error, not a warning."""


def detect_anomalies(work: Work, scheduled: datetime) -> str:
    """Metrics of a project, and of each of its agents, whose last full hour is not as its season lets expect."""
    hour = _last_hour(scheduled)
    window = Window(hour, hour + _HOUR)
    detected = []
    with work.engine() as engine:
        for project, own in _projects(engine):
            for by in (None, "agent"):
                found = anomalies(engine, window, zone="UTC", now=scheduled, by=by, filters=own).anomalies
                detected += [_anomaly(each, project, hour) for each in found if by is None or each.key is not None]
    return _keep(work, detected, "anomaly")


def _anomaly(found: Found, project: str | None, hour: datetime) -> Detected:
    unpriced = f"; {found.unpriced_calls} calls without a price are in no figure" if found.unpriced_calls else ""
    return Detected(
        condition=_condition("anomaly", found.metric, project, found.key),
        type="anomaly",
        severity=found.severity,
        metric=found.metric,
        project=project,
        agent_name=found.key,
        current_value=found.value,
        expected_value=found.expected,
        threshold_value=found.high if found.direction == "high" else found.low,
        deviation_percent=found.deviation_percent,
        message=(
            f"{found.metric} of {found.key or 'all agents together'} in the hour from {hour:%Y-%m-%d %H:%M} UTC was "
            f"{found.value:.6g} {found.unit}, {found.low:.6g} to {found.high:.6g} was expected{unpriced}"
        ),
    )


def detect_outliers(work: Work, scheduled: datetime) -> str:
    """Operations of the last full hour that are far above those of 30 days of the same type, by a robust measure."""
    hour = _last_hour(scheduled)
    window = Window(hour + _HOUR - _HISTORY, hour + _HOUR)
    detected = []
    with work.engine() as engine:
        for project, own in _projects(engine):
            for metric in OUTLIER_METRICS:
                answer = outliers(engine, metric, window, method="robust", by="operation", limit=1, filters=own)
                found: dict[tuple[str | None, str | None], list[Outlier]] = {}
                for each in outliers_within(engine, answer, Window(hour, hour + _HOUR), own):
                    if each.score > 0:
                        found.setdefault((each.agent, each.operation), []).append(each)
                detected += [_outlier(members, answer, project, hour) for members in found.values()]
    return _keep(work, detected, "outlier")


def _outlier(members: Sequence[Outlier], answer: Outliers, project: str | None, hour: datetime) -> Detected:
    farthest = max(members, key=lambda one: one.score)
    expected = farthest.value - farthest.deviation
    others = f", and {len(members) - 1} more" if len(members) > 1 else ""
    return Detected(
        condition=_condition("outlier", answer.metric, project, farthest.agent, farthest.operation),
        type="outlier",
        severity="error" if farthest.score > _SCORE_ERROR else "warning",
        metric=answer.metric,
        project=project,
        agent_name=farthest.agent,
        current_value=farthest.value,
        expected_value=expected,
        deviation_percent=(farthest.value - expected) / expected * 100 if expected else None,
        message=(
            f"{answer.metric} of {farthest.agent or 'an agent without a name'} at "
            f"{farthest.operation or 'an operation'} was {farthest.value:.6g} {answer.unit} in the hour from "
            f"{hour:%Y-%m-%d %H:%M} UTC, {expected:.6g} is usual{others}"
        ),
    )


def _projects(engine: Engine) -> list[tuple[str | None, tuple[Filter, ...]]]:
    """Each project there is, None for events that name none, with the condition that chooses its events."""
    found = engine.aggregate(Query(group=("project",))).rows
    return [
        (project, (Filter("project", "is null") if project is None else Filter("project", "=", project),))
        for project, _ in found
    ]


def _condition(*parts: str | None) -> str:
    return msgspec.json.encode(parts).decode()


def _last_hour(scheduled: datetime) -> datetime:
    """The start of the hour that was over when the job was due."""
    return scheduled.replace(minute=0, second=0, microsecond=0) - _HOUR


def _keep(work: Work, detected: Collection[Detected], type_: str) -> str:
    """Alert of what was found, and resolve the open alerts of this type about anything else."""
    book, now = AlertBook(work.state), work.now()
    new = sum(is_new for _, is_new in (book.detect(each, now) for each in detected))
    over = resolve_others(book, type_, {each.condition for each in detected}, now)
    return f"{len(detected)} found, {new} of them new; {over} over"


def resolve_others(book: AlertBook, type_: str, conditions: Collection[str], at: datetime) -> int:
    """Resolve the open alerts of a type whose condition is none of these; how many."""
    resolved = 0
    for status in ("active", "acknowledged"):
        before: int | None = None
        while page := book.alerts(status=status, limit=_MOST, before=before):
            before = page[-1].id
            for alert in page:
                if alert.type == type_ and alert.condition not in conditions:
                    resolved += book.resolve_condition(alert.condition, ACTOR, at) is not None
    return resolved
