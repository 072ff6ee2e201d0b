"""`/alerts/{alert_id}`: one alert: what it was raised from, the rows behind it, and who did what about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any, Literal

from agentgauge.dashboard.alert_acts import OF_ALERTS
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Empty, Note, Own, Sentence
from agentgauge.dashboard.page import Page, PageAsked, path_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.errors import NotFound
from agentgauge.service.alert_wording import against, amount, band, metric_words, step_words
from agentgauge.service.evidence_course import evidence_course
from agentgauge.service.evidence_wording import baseline_words, conditions, window_words
from agentgauge.service.graphs.evidence import evidence_chart
from agentgauge.state.alert_evidence import Evidence
from agentgauge.state.alert_steps import times_told
from agentgauge.state.alerts import Alert, AlertBook, Case, Severity

_OF_ROWS = ("project", "agent", "role", "operation", "model", "feature", "user", "team", "provider")
"""Columns that the list of rows can be filtered by, by the same names."""
_TONES: dict[Severity, Literal["bad", "warn"]] = {"critical": "bad", "error": "bad", "warning": "warn"}


def _case(asked: PageAsked) -> Case:
    def read() -> Case:
        text = asked.at["alert_id"]
        if not text.isascii() or not text.isdigit():
            raise NotFound(f"no alert {text}", field="alert_id")
        return AlertBook(asked.runtime.state).case(int(text), asked.principal.projects)

    return asked.once("alert", read)


def _check(asked: PageAsked) -> None:
    _case(asked)


def _what(asked: PageAsked) -> Content:
    case = _case(asked)
    often = times_told(asked.runtime.state, [case.alert.id])
    values = {
        "alert": case.alert,
        "told": often.get(case.alert.id, 0),
        "acts": OF_ALERTS,
        "undoable": case.undoable is not None,
        "rule": asked.link(path_of("/alert-rules/{rule}", {"rule": case.alert.rule})) if case.alert.rule else None,
    }
    return Own(template="alerts/one.html", values=values)


def _evidence(asked: PageAsked) -> Iterator[Content]:
    alert = _case(asked).alert
    evidence = alert.evidence
    if evidence is None:
        yield Empty(text="It is about no events: what it says is all there is.")
        return
    course = evidence_course(asked.engine, alert, asked.now)
    if course is not None and course.points:
        yield drawn(evidence_chart(alert, evidence, course, asked.filters.zone()))
        yield Note(_REMARKS[course.of])
    elif course is not None:
        yield Empty(text="Nothing of it is among the events any more: they have expired, or were deleted.")


_REMARKS: dict[Any, str] = {
    "windows": "Each point is a window as long as the one that the alert is about, drawn where it ends.",
    "hours": "Each point is an hour. What is expected differs from hour to hour of the week: the band is of that hour.",
    "operations": "Each point is one operation of any agent.",
    "events": "Each point is an hour with so many events of any kind.",
    "used": "What was used by each moment of the period.",
}


def _facts(asked: PageAsked) -> Iterator[Content]:
    alert = _case(asked).alert
    evidence = alert.evidence
    if evidence is None:
        yield Sentence(text=alert.message)
        return
    yield Own(template="alerts/facts.html", values={"rows": tuple(_rows(asked, alert, evidence))})
    yield Sentence(
        text="The rows that it was found from:" if evidence.window.end else "The rows behind it, up to now:",
        link=_behind(asked, evidence),
        link_text="open them",
    )


def _rows(asked: PageAsked, alert: Alert, evidence: Evidence) -> Iterator[tuple[str, str]]:
    zone = asked.filters.zone()
    unit = evidence.unit
    yield metric_words(alert.metric), "no figure" if evidence.value is None else amount(evidence.value, unit)
    if evidence.expected is not None:
        yield "Expected", band(evidence.expected, unit)
    if evidence.interval is not None:
        low, high = evidence.interval.low, evidence.interval.high
        if low is not None and high is not None:
            yield "95 % interval of the value", band(evidence.interval, unit)
    yield f"Window ({asked.filters.tz})", window_words(evidence.window, zone)
    if evidence.samples is not None:
        yield "Samples in it", f"{evidence.samples:,}"
    if evidence.baseline is not None:
        yield "Compared with", baseline_words(evidence.baseline, zone)
    if evidence.budget is not None:
        yield "Budget", evidence.budget
    if evidence.filters:
        yield "Of rows with", ", ".join(conditions(evidence))


def _behind(asked: PageAsked, evidence: Evidence) -> str:
    """The list of what it was found from: tasks, or calls where it is of calls."""
    of = evidence.filters
    is_unpriced = "cost_usd" in of
    # An operation is a task's `operation`, or else what the task is called, which the list knows under one name.
    operation = of.get("operation") or (of.get("name") if of.get("kind") is None else None)
    chosen = {name: value for name in _OF_ROWS if (value := of.get(name)) is not None} | {"operation": operation}
    kind = of.get("kind")
    work_item = of.get("work_item")
    end = evidence.window.end
    return asked.link(
        "/runs",
        **{name: chosen.get(name) for name in _OF_ROWS},
        ticket=work_item,
        view="calls" if kind is not None else "tasks",
        priced="no" if is_unpriced else None,
        kind=None if is_unpriced else kind,
        range=None,
        start=evidence.window.start.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        end=None if end is None else end.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    )


def _history(asked: PageAsked) -> Content:
    case = _case(asked)
    columns = (
        Column(key="step", title="What happened", kind="name", sorts=False),
        Column(key="actor", title="By", sorts=False),
        Column(key="time", title="When", kind="time", sorts=False),
        Column(key="severity", title="Severity", kind="status", sorts=False),
        Column(key="figures", title="Found then", sorts=False, narrow=False),
    )
    rows = tuple(
        Row(
            values={
                "step": step_words(step.kind), "actor": step.actor or "itself", "time": step.time,
                "severity": step.severity.capitalize(),
                "figures": step.figures.message if step.figures.evidence is None else against(step.figures.evidence),
            },
            tones={"severity": _TONES[step.severity]} if step.severity in _TONES else {},
        )
        for step in reversed(case.history)
    )  # fmt: skip
    return Table(columns=columns, rows=rows, caption=f"What happened to alert {case.alert.id}, the last first")


ALERT = Page(
    path="/alerts/{alert_id}",
    title="Alert {alert_id}",
    of_menu="/alerts",
    filtered=False,
    check=_check,
    cards=(
        Card(id="what", title="What was found", build=_what),
        Card(id="evidence", title="What it was raised from", build=_evidence, width="two-thirds"),
        Card(id="facts", title="Evidence", build=_facts, width="third"),
        Card(id="history", title="History", build=_history, note="the last first"),
    ),
    topics=("alerts",),
)
