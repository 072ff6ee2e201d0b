"""`/api/v1/metrics/alerts`: what needs attention, and saying that somebody attends to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.metrics.examples import example
from agentgauge.api.metrics.figures import Number, Part, rounded
from agentgauge.api.metrics.parameters import OfProject, RowId
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Limit, Page, link_next
from agentgauge.state.alerts import Alert, AlertBook, Severity, Status

router = APIRouter()


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
    version: int = Field(description="Rises with every change, from 1.")


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


_CHANGED = {**answer_of(AlertAnswer, "The alert as it is now", example("alert")), **errors(404, 409)}


@router.put("/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert", responses=_CHANGED)
def acknowledge_alert(runtime: RuntimeOf, principal: Admin, alert_id: RowId) -> Response:
    """Say that somebody attends to it. Of one that is acknowledged nothing changes; one that is resolved is a 409."""
    book = AlertBook(runtime.state)
    return _changed(book.acknowledge(alert_id, principal.name, runtime.now(), principal.projects))


@router.put("/alerts/{alert_id}/resolve", summary="Resolve an alert", responses=_CHANGED)
def resolve_alert(runtime: RuntimeOf, principal: Admin, alert_id: RowId) -> Response:
    """Say that it is done with. Of one that is resolved nothing changes; what is found again later is a new alert."""
    book = AlertBook(runtime.state)
    return _changed(book.resolve(alert_id, principal.name, runtime.now(), principal.projects))


def _changed(alert: Alert) -> Response:
    return Response(AlertAnswer(data=_row(alert)).model_dump_json(), media_type="application/json")


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
            version=alert.version,
        ),
    )
