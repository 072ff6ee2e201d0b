"""`/api/v1/metrics/alerts`: what needs attention, and saying that somebody attends to it.

An act may name the version that it is meant for, by `If-Match` or `version`: it is refused with 412 where something
has happened to the alert since.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.alert_evidence import EvidenceRow, evidence_row
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Number, Part, rounded
from agentgauge.api.metrics.parameters import OfProject, RowId
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Limit, Page, link_next
from agentgauge.api.versions import IfMatch, version_named, version_tag
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal
from agentgauge.state.alerts import Alert, AlertBook, AlertStep, Severity, Status, StepKind

router = APIRouter()

Version = Annotated[
    int | None, Query(ge=1, lt=2**53, description="`meta.version` of the alert that this is meant for.", examples=[1])
]


class AlertParameters(OfProject):
    status: Status | None = Field(None, description="Left out, alerts of all statuses.", examples=["active"])
    severity: Severity | None = Field(None, description="Left out, alerts of all severities.", examples=["warning"])
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None


class AlertRowMeta(Part):
    project: str | None
    acknowledged_by: str | None
    resolved_by: str | None
    updated_at: datetime
    rule: str | None = Field(description="Name of the rule that found it.")
    version: int = Field(description="Rises with every step of its history, from 1.")
    evidence: EvidenceRow | None = Field(
        description="What its figures are from; null of an alert about rules, and of what an older version found."
    )


class AlertRow(Part):
    id: int
    agent_name: str | None
    type: str = Field(description="`budget_overrun`, `performance_degradation`, `outlier`, `anomaly`, ...")
    severity: Severity
    metric: str
    current_value: Number
    expected_value: Number
    threshold_value: Number
    deviation_percent: float | None = Field(description="(current - expected) / expected x 100.")
    message: str
    status: Status
    detected_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    meta: AlertRowMeta


class AlertListMeta(Part):
    # No time of its own: as long as no alert changes, the answer does not, and is a 304.
    next_cursor: str | None


class AlertsAnswer(Part):
    success: Literal[True] = True
    count: int = Field(description="All that match, those on other pages included.")
    data: tuple[AlertRow, ...]
    meta: AlertListMeta


class AlertAnswer(Part):
    success: Literal[True] = True
    data: AlertRow


class AlertStepRow(Part):
    version: int = Field(description="Of the alert, from this step on.")
    kind: StepKind
    time: datetime
    actor: str | None = Field(description="Who did it; null: it happened by itself.")
    status: Status
    severity: Severity
    message: str
    current_value: Number
    expected_value: Number
    threshold_value: Number
    deviation_percent: float | None
    evidence: EvidenceRow | None = Field(description="What these figures are from.")


class AlertHistory(Part):
    success: Literal[True] = True
    count: int
    data: tuple[AlertStepRow, ...]


@router.get(
    "/alerts", summary="Alerts", responses=answer_of(AlertsAnswer, "Alerts, the newest first", example("alerts"))
)
async def alerts(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[AlertParameters, Query()]
) -> Response:
    """What was found to need attention: budgets overrun, performance degraded, outliers, anomalies."""
    return link_next(
        request,
        await answered(
            request, runtime, principal, "alerts", tuple(asked), lambda of: _alerts(of, asked), topics=("alerts",)
        ),
    )


@router.get(
    "/alerts/{alert_id}/history",
    summary="What happened to an alert",
    responses={**answer_of(AlertHistory, "Its steps, the first one first", example("alert_history")), **errors(404)},
)
async def alert_history(request: Request, runtime: RuntimeOf, principal: Reader, alert_id: RowId) -> Response:
    """Its steps: opened, escalated, reminded of, acknowledged, resolved, reopened, undone, and left quiet."""

    def compute(of: Asked) -> AlertHistory:
        steps = AlertBook(runtime.state).history(alert_id, principal.projects)
        return AlertHistory(count=len(steps), data=tuple(map(_step, steps)))

    return await answered(request, runtime, principal, "history", (alert_id,), compute, topics=("alerts",))


_CHANGED = {**answer_of(AlertAnswer, "The alert as it is now", example("alert")), **errors(404, 409, 412)}


@router.put("/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert", responses=_CHANGED)
def acknowledge_alert(
    runtime: RuntimeOf, principal: Admin, alert_id: RowId, version: Version = None, if_match: IfMatch = None
) -> Response:
    """Say that somebody attends to it. Of one that is acknowledged nothing changes; one that is resolved is a 409."""
    return _acted(runtime, principal, AlertBook.acknowledge, alert_id, version, if_match)


@router.put("/alerts/{alert_id}/resolve", summary="Resolve an alert", responses=_CHANGED)
def resolve_alert(
    runtime: RuntimeOf, principal: Admin, alert_id: RowId, version: Version = None, if_match: IfMatch = None
) -> Response:
    """Say that it is done with. Of one that is resolved nothing changes. While its condition holds it stays quiet,
    until that is worse or the interval of reminders is over; what is found again after it was over is a new alert."""
    return _acted(runtime, principal, AlertBook.resolve, alert_id, version, if_match)


@router.put("/alerts/{alert_id}/undo", summary="Take back what was done about an alert", responses=_CHANGED)
def undo_alert(
    runtime: RuntimeOf, principal: Admin, alert_id: RowId, version: Version = None, if_match: IfMatch = None
) -> Response:
    """Take back the last act of a person: an alert that was acknowledged is active, one that was resolved is what it
    was before. 409 where nobody did anything, or something else has happened since."""
    return _acted(runtime, principal, AlertBook.undo, alert_id, version, if_match)


class _Act(Protocol):
    def __call__(
        self,
        book: AlertBook,
        alert_id: int,
        actor: str,
        at: datetime,
        projects: Collection[str] | None,
        /,
        *,
        version: int | None = None,
    ) -> Alert: ...


def _acted(
    runtime: Runtime, principal: Principal, act: _Act, alert_id: int, version: int | None, if_match: str | None
) -> Response:
    named = version_named(if_match, "alert")
    meant = version if named is None else named
    alert = act(AlertBook(runtime.state), alert_id, principal.name, runtime.now(), principal.projects, version=meant)
    body = AlertAnswer(data=_row(alert)).model_dump_json().encode()
    return Response(body, headers={"ETag": version_tag(alert.version, body)}, media_type="application/json")


def _step(step: AlertStep) -> AlertStepRow:
    figures = step.figures
    return AlertStepRow(
        version=step.version,
        kind=step.kind,
        time=step.time,
        actor=step.actor,
        status=step.status,
        severity=step.severity,
        message=figures.message,
        current_value=figures.current_value,
        expected_value=figures.expected_value,
        threshold_value=figures.threshold_value,
        deviation_percent=rounded(figures.deviation_percent),
        evidence=evidence_row(figures.evidence),
    )


def _alerts(of: Asked, asked: AlertParameters) -> AlertsAnswer:
    asked.filters(of.engine)
    page = Page.asked(asked.cursor, asked.limit, of.now, "alerts", *tuple(asked)[:-2])
    last = None if page.after is None else page.after[0]
    book, projects = AlertBook(of.runtime.state), of.principal.projects
    found = book.alerts(
        status=asked.status,
        severity=asked.severity,
        project=asked.project,
        projects=projects,
        limit=asked.limit + 1,
        before=last if isinstance(last, int) and 0 < last < 2**53 else None,
    )
    rows, following = page.cut(found, lambda alert: (alert.id,))
    count = book.count(status=asked.status, severity=asked.severity, project=asked.project, projects=projects)
    return AlertsAnswer(
        count=count,
        data=tuple(map(_row, rows)),
        meta=AlertListMeta(next_cursor=following),
    )


def _row(alert: Alert) -> AlertRow:
    return AlertRow(
        id=alert.id,
        agent_name=alert.agent_name,
        type=alert.type,
        severity=alert.severity,
        metric=alert.metric,
        current_value=alert.current_value,
        expected_value=alert.expected_value,
        threshold_value=alert.threshold_value,
        deviation_percent=rounded(alert.deviation_percent),
        message=alert.message,
        status=alert.status,
        detected_at=alert.detected_at,
        acknowledged_at=alert.acknowledged_at,
        resolved_at=alert.resolved_at,
        meta=AlertRowMeta(
            project=alert.project,
            acknowledged_by=alert.acknowledged_by,
            resolved_by=alert.resolved_by,
            updated_at=alert.updated_at,
            rule=alert.rule or None,
            version=alert.version,
            evidence=evidence_row(alert.evidence),
        ),
    )
