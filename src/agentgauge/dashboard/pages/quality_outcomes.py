"""The cards about how work ended: quality and success of each agent, and errors with their recovery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentgauge.charts import paints
from agentgauge.dashboard.content import Content, Drawn, Empty, Facts, choices
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.quality_filters import BYS, ErrorsBy, asked_of
from agentgauge.dashboard.pages.quality_people import limits_words, satisfied_words
from agentgauge.dashboard.pages.work_links import named
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.intervals import Estimated, estimates_chart
from agentgauge.service.reports.recovery import ErrorGroup, Recovery, recovery
from agentgauge.service.reports.totals import FEW
from agentgauge.service.reports.work_quality import WorkQuality, work_quality

_MOST = 12
_TO_RECOVER = "Time to recover, median"
_ERRORS_BY: tuple[tuple[ErrorsBy, str], ...] = (("type", "Type"), ("severity", "Severity"), ("category", "Category"))
_COMMAND = 'gauge.error("Timeout", severity="warning", recovery="succeeded")'


def quality(asked: PageAsked) -> Iterator[Content]:
    by = asked_of(asked).by
    yield _by(asked)
    found = [row for row in work_quality(asked.engine, asked.window, by, asked.conditions).rows if row.quality.n]
    estimates = [Estimated(_name(row), row.quality.mean, row.quality.low, row.quality.high) for row in found[:_MOST]]
    chart = estimates_chart(
        estimates,
        "score",
        what="mean quality score of tasks",
        nothing="No task of this range has a quality score.",
        colours=_colours(asked, by, estimates),
    )
    table = Table(
        columns=(
            Column(key="name", title=by.capitalize(), kind="name"),
            Column(key="n", title="Scored tasks", kind="count"),
            Column(key="mean", title="Mean", kind="score"),
            Column(key="limits", title="95 %", sorts=False),
        ),
        rows=tuple(
            Row(
                values={
                    "name": _name(row), "n": row.quality.n, "mean": row.quality.mean,
                    "limits": limits_words(row.quality, "score"),
                },
                links={"n": asked.link("/runs", view="tasks", having="quality", **named(by, row.name))},
            )
            for row in found
        ),
        caption=f"Quality by {by}",
    )  # fmt: skip
    yield Drawn(chart=chart, table=table)


def success(asked: PageAsked) -> Iterator[Content]:
    by = asked_of(asked).by
    yield _by(asked)
    found = [row for row in work_quality(asked.engine, asked.window, by, asked.conditions).rows if row.success.n]
    estimates = [Estimated(_name(row), row.success.share, row.success.low, row.success.high) for row in found[:_MOST]]
    chart = estimates_chart(
        estimates,
        "ratio",
        what="success rate of tasks",
        nothing="No task of this range says how it ended.",
        colours=_colours(asked, by, estimates),
    )
    table = Table(
        columns=(
            Column(key="name", title=by.capitalize(), kind="name"),
            Column(key="n", title="Ended tasks", kind="count"),
            Column(key="share", title="Success", kind="percent"),
            Column(key="limits", title="95 %", sorts=False),
        ),
        rows=tuple(
            Row(
                values={
                    "name": _name(row), "n": row.success.n, "share": row.success.share,
                    "limits": satisfied_words(row.success),
                },
                links={"n": asked.link("/runs", view="tasks", having="outcome", **named(by, row.name))},
            )
            for row in found
        ),
        caption=f"Success rate by {by}",
    )  # fmt: skip
    yield Drawn(chart=chart, table=table)


def _by(asked: PageAsked) -> Content:
    by = asked_of(asked).by
    return choices("By", [(each.capitalize(), asked.here(by=each, sort=None), each == by) for each in BYS])


def _name(row: WorkQuality) -> str:
    return row.name or "none"


def _colours(asked: PageAsked, by: str, shown: list[Estimated]) -> Mapping[str, str]:
    names = [row.name for row in shown]
    return {name: paint.colour for name, paint in paints(names, known_entities(asked.engine, by)).items()}


def errors(asked: PageAsked) -> Iterator[Content]:
    by = asked_of(asked).errors
    found = recovery(asked.engine, asked.window, asked.conditions)
    if not found.errors and not found.cycles.count:
        yield Empty(text="No error was recorded in this range.", command=_COMMAND)
        return
    yield Facts(_facts(found), _links(asked))
    yield choices("By", [(words, asked.here(errors=key, sort=None), key == by) for key, words in _ERRORS_BY])
    groups = {"type": found.by_type, "severity": found.by_severity, "category": found.by_category}[by]
    yield Table(
        columns=(
            Column(key="name", title=by.capitalize(), kind="name"),
            Column(key="severities", title="Severity", narrow=False),
            Column(key="count", title="Errors", kind="count"),
            Column(key="tried", title="Tried to recover", kind="count", narrow=False),
            Column(key="recovered", title="Recovered", kind="percent", note="Of those that were tried"),
            Column(key="limits", title="95 %", sorts=False, narrow=False, note="Wilson's interval"),
            Column(key="last", title="Last", kind="time", narrow=False),
        ),
        rows=tuple(_error(row, by, asked) for row in groups),
        caption=f"Errors by {by}, and how many were recovered from",
    )


def _error(row: ErrorGroup, by: ErrorsBy, asked: PageAsked) -> Row:
    names = named("severity", row.name if row.severities else None) if by == "severity" else {f"error_{by}": row.name}
    errors = {"view": "calls", "kind": "error", **names}
    return Row(
        values={
            "name": row.name, "severities": ", ".join(row.severities), "count": row.count, "tried": row.recovered.n,
            "recovered": row.recovered.share, "limits": satisfied_words(row.recovered), "last": row.last,
        },
        links={"count": asked.link("/runs", **errors), "tried": asked.link("/runs", **errors, having="recovery")},
    )  # fmt: skip


def _links(asked: PageAsked) -> dict[str, str]:
    errors, cycles = ({"view": "calls", "kind": kind} for kind in ("error", "debugging_cycle"))
    return {
        "Errors": asked.link("/runs", **errors),
        "Recovered": asked.link("/runs", **errors, having="recovery"),
        "Debugging cycles resolved": asked.link("/runs", **cycles, having="outcome"),
        _TO_RECOVER: asked.link("/runs", **cycles, outcome="success", having="duration"),
    }


def _facts(found: Recovery) -> tuple[tuple[str, str], ...]:
    tried, cycles = found.recovered, found.cycles
    rows = [("Errors", short_wording.count(found.errors))]
    if tried.n:
        rows.append(("Recovered", f"{short_wording.percent(tried.share)} of {short_wording.count(tried.n)} tried"))
        rows.append(("95 %", satisfied_words(tried)))
    if cycles.count:
        ended = f"{short_wording.percent(cycles.resolved.share)} of {short_wording.count(cycles.count)}"
        rows.append(("Debugging cycles resolved", ended))
        rows.append((_TO_RECOVER, short_wording.duration(cycles.median_ms)))
        p95 = f"hidden: fewer than {FEW}" if cycles.few else short_wording.duration(cycles.p95_ms)
        rows.append(("p95", p95))
    return tuple(rows)
