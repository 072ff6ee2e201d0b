"""`/alerts`: what needs attention, the rules that find it, and who was told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from agentgauge.dashboard.alert_acts import OF_ALERTS, SWITCH, undoable
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Note, Own, Tile, Tiles
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.alerts_rules import rules
from agentgauge.dashboard.pages.alerts_told import channels, told
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording
from agentgauge.service.alert_wording import against, headline
from agentgauge.state.alert_steps import times_told
from agentgauge.state.alerts import Alert, AlertBook, Severity, Which

Tab = Literal["open", "active", "acknowledged", "resolved", "all"]
_ROWS = 25
_COLUMNS = (
    Column(key="id", title="Alert", kind="number"),
    Column(key="severity", title="Severity"),
    Column(key="status", title="Status"),
    Column(key="what", title="What"),
    Column(key="against", title="Against"),
    Column(key="agent", title="Agent"),
    Column(key="project", title="Project"),
    Column(key="since", title="Since", kind="time"),
    Column(key="told", title="Told", kind="count"),
)


class AlertFilters(PageFilters):
    status: Tab = "open"
    severity: Severity | None = None
    before: Annotated[int | None, Field(ge=1, lt=2**53)] = None
    """Alerts older than the one of this number: where the page before ended."""


def _tiles(asked: PageAsked) -> Content:
    book, projects = AlertBook(asked.runtime.state), asked.filters.of_projects(asked.principal.projects)
    counts = book.counts(projects)
    critical = book.count("open", projects, severity="critical")

    def tile(title: str, number: int, note: str, **chosen: Any) -> Tile:
        changes = {"status": None, "severity": None, "before": None} | chosen
        return Tile(title=title, figure=short_wording.count(number), note=note, link=asked.here(**changes))

    return Tiles(
        (
            tile("Active", counts["active"], "nobody attends to them", status="active"),
            tile("Acknowledged", counts["acknowledged"], "somebody attends to them", status="acknowledged"),
            tile("Critical", critical, "open, whoever attends to them", severity="critical"),
            tile("Resolved", counts["resolved"], "by somebody, or over by itself", status="resolved"),
        )
    )


def _queue(asked: PageAsked) -> Iterator[Content]:
    filters = asked.filters
    assert isinstance(filters, AlertFilters)
    if filters.project:
        yield Note(f"Of {' and '.join(filters.project)} only.")
    book = AlertBook(asked.runtime.state)
    status: Which | None = None if filters.status == "all" else filters.status
    found = book.alerts(
        status=status,
        severity=filters.severity,
        projects=asked.filters.of_projects(asked.principal.projects),
        limit=_ROWS + 1,
        before=filters.before,
    )
    shown = found[:_ROWS]
    often = times_told(asked.runtime.state, [alert.id for alert in shown])
    values = {
        "alerts": shown,
        "tabs": [(tab, asked.here(status=_unless(tab, "open"), before=None)) for tab in get_args(Tab)],
        "tab": filters.status,
        "severities": [(None, asked.here(severity=None, before=None))]
        + [(one, asked.here(severity=one, before=None)) for one in get_args(Severity)],
        "severity": filters.severity,
        "more": asked.here(before=shown[-1].id) if len(found) > _ROWS else None,
        "first": asked.here(before=None) if filters.before is not None else None,
        "told": often,
        "acts": OF_ALERTS,
        "undoable": {alert.id for alert in shown if undoable(alert)},
        "empty": _none(filters),
    }
    yield Own(template="alerts/queue.html", values=values, table=_table(asked, shown, often))


def _unless(tab: Tab, default: Tab) -> Tab | None:
    return None if tab == default else tab


def _none(filters: AlertFilters) -> str:
    of = "" if filters.severity is None else f" of severity {filters.severity}"
    if filters.status == "all":
        return f"There never was an alert{of}."
    return f"No {filters.status} alerts{of}."


def _table(asked: PageAsked, alerts: Collection[Alert], often: Any) -> Table:
    rows = tuple(
        Row(
            values={
                "id": alert.id, "severity": alert.severity, "status": alert.status, "what": headline(alert),
                "against": "" if alert.evidence is None else against(alert.evidence), "agent": alert.agent_name,
                "project": alert.project, "since": alert.detected_at, "told": often.get(alert.id, 0),
            },
            links={"id": asked.link(f"/alerts/{alert.id}")},
        )
        for alert in alerts
    )  # fmt: skip
    return Table(columns=_COLUMNS, rows=rows, caption="Alerts, the newest first")


ALERTS = Page(
    path="/alerts",
    title="Alerts",
    in_menu="Alerts",
    parameters=AlertFilters,
    filtered=False,
    cards=(
        Card(id="counts", title="How many", build=_tiles, width="bare"),
        Card(id="queue", title="Queue", build=_queue, note="the newest first"),
        Card(id="rules", title="Rules", build=rules, note="what is alerted of, and from which threshold on"),
        Card(id="channels", title="Channels", build=channels, needs_admin=True, note="who is told"),
        Card(id="told", title="Told lately", build=told, needs_admin=True, note="the newest first"),
    ),
    topics=("alerts", "alert_rules", "jobs"),
    acts=(*OF_ALERTS.values(), SWITCH),
)
