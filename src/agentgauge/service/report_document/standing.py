"""Tables of a report about what needs somebody: budgets, alerts of the window, recommendations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from agentgauge.service import alert_wording, run_out_wording, short_wording, wording
from agentgauge.service.agent_budgets import budgets_by_agent
from agentgauge.service.budget_listing import Listed, nearest_limit
from agentgauge.service.projects import OfProjects
from agentgauge.service.recommendation_wording import title
from agentgauge.service.recommending import Recommendation, current_recommendations, period_of
from agentgauge.service.report_document.document import Cell, Column, Table
from agentgauge.service.report_document.figures import money_cell
from agentgauge.service.report_document.question import Question
from agentgauge.service.window import Window
from agentgauge.settings.notifying import SEVERITIES
from agentgauge.state.alerts import Alert, AlertBook, Severity
from agentgauge.state.budget_terms import Status
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.recommendations import RecommendationBook

_BUDGET_TONES: Mapping[Status, Literal["good", "warn", "bad"]] = {
    "ok": "good", "warning": "warn", "critical": "bad", "exceeded": "bad",
}  # fmt: skip
_ALERT_TONES: Mapping[Severity, Literal["plain", "warn", "bad"]] = {
    "critical": "bad", "error": "bad", "warning": "warn", "info": "plain",
}  # fmt: skip
_MOST_ALERTS = 2000
"""That are looked at, the newest first."""


def tables(asked: Question) -> Iterator[Table]:
    """Nothing under conditions that leave out other things than projects."""
    if asked.is_of_whole_projects:
        yield _budgets(asked)
        yield _alerts(asked)
        yield _recommendations(asked)


def _budgets(asked: Question) -> Table:
    found = nearest_limit(
        asked.engine, asked.state, asked.now, projects=asked.projects, most=asked.limit, names_actors=False
    )
    return Table(
        title="Budgets",
        note="As they stand now, whatever the window of the report.",
        columns=(
            Column("Budget", is_figure=False),
            Column("Used"),
            Column("Spent"),
            Column("Limit"),
            Column("State", is_figure=False),
            Column("Used up", is_figure=False, note="as forecast, and in 95 of 100 cases", width=1.6),
        ),
        rows=tuple(_budget(one) for one in found.rows),
        more=found.total - len(found.rows),
    )


def _budget(one: Listed) -> tuple[Cell, ...]:
    state = one.state
    where = "" if state.project is None or state.scope == "project" else f"in {state.project}, "
    share = None if state.utilization_percent is None else state.utilization_percent / 100
    period = "in total" if state.period == "total" else f"per {state.period}"
    tone = _BUDGET_TONES[state.status]
    return (
        Cell(f"{state.scope} {state.name}", note=f"{where}{period}"),
        Cell(
            short_wording.NOTHING if share is None else short_wording.percent(share),
            value="" if share is None else repr(share), share=share, tone=tone,
        ),
        money_cell(state.used_usd, state.unpriced_calls),
        money_cell(state.total_usd),
        Cell(state.status, tone=tone),
        Cell(run_out_wording.expected(one.outlook), note=run_out_wording.between(one.outlook, 95)),
    )  # fmt: skip


def _alerts(asked: Question) -> Table:
    window = asked.closed
    found = [
        alert
        for alert in AlertBook(asked.state).alerts(projects=asked.projects, limit=_MOST_ALERTS)
        if (window.start is None or alert.detected_at >= window.start)
        and (window.end is None or alert.detected_at < window.end)
    ]
    found.sort(key=lambda alert: (SEVERITIES.index(alert.severity), -alert.id))
    return Table(
        title="Alerts opened",
        columns=(
            Column("Severity", is_figure=False),
            Column("What", is_figure=False, width=3.0),
            Column("Opened"),
            Column("Now", is_figure=False),
        ),
        rows=tuple(_alert(asked, alert) for alert in found[: asked.limit]),
        more=max(0, len(found) - asked.limit),
    )


def _alert(asked: Question, alert: Alert) -> tuple[Cell, ...]:
    return (
        Cell(alert.severity, tone=_ALERT_TONES[alert.severity]),
        Cell(alert_wording.headline(alert), note=alert_wording.subject(alert)),
        Cell(wording.moment(alert.detected_at, asked.zone)),
        Cell(alert.status),
    )


def _recommendations(asked: Question) -> Table:
    found = sorted(
        _recommended(asked), key=lambda row: (("high", "medium", "low").index(row.priority), -row.saving.usd)
    )
    return Table(
        title="Recommendations pending",
        note="From the last 30 days. Savings are for 30 days, and of one agent they overlap: they are not added up.",
        columns=(
            Column("Priority", is_figure=False),
            Column("What", is_figure=False, width=4.0),
            Column("Saves"),
        ),
        rows=tuple(
            (
                Cell(row.priority, tone="warn" if row.priority == "high" else "plain"),
                Cell(_capitalised(title(row)), note=_reason(row)),
                _saving(row),
            )
            for row in found[: asked.limit]
        ),
        more=max(0, len(found) - asked.limit),
    )


def _recommended(asked: Question) -> Iterator[Recommendation]:
    book = RecommendationBook(asked.state)
    for project in asked.projects or (None,):
        engine = asked.engine if project is None else OfProjects(asked.engine, [project])
        budgets = budgets_by_agent(engine, BudgetBook(asked.state), asked.now, project)
        period = period_of(Window(), asked.now)
        found = current_recommendations(engine, period, asked.book, book, asked.now, budgets, project=project)
        yield from found.recommendations


def _reason(row: Recommendation) -> str:
    where = "" if row.project is None else f"Project {row.project}. "
    return f"{where}{_capitalised(row.reason)}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _saving(row: Recommendation) -> Cell:
    cell = money_cell(row.saving.usd)
    if not row.saving.usd:
        return Cell(short_wording.NOTHING, value=cell.value)
    low, high = row.saving.low, row.saving.high
    note = (
        ""
        if low is None or high is None or low == high
        else f"{short_wording.money(low)} to {short_wording.money(high)}"
    )
    return Cell(cell.text, note, cell.value)
