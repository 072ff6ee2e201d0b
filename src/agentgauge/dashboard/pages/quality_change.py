"""The card that says whether a change worked: the time after it against as long before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from agentgauge.dashboard.content import Content, Empty, Note, Own, Sentence, Tone
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.quality_filters import asked_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import before_after_wording as words
from agentgauge.service import wording
from agentgauge.service.reports.before_after import BeforeAfter, Check, before_after
from agentgauge.service.window import Window, parse_moment

_USUAL = timedelta(days=7)
_TONES: dict[str, Literal["good", "bad"]] = {"better": "good", "worse": "bad"}

ROWS = {
    "success_rate": {"view": "tasks", "having": "outcome"},
    "quality_score": {"view": "tasks", "having": "quality"},
    "satisfaction": {"view": "calls", "kind": "satisfaction"},
    "execution_time": {"view": "tasks", "having": "duration"},
    "cost": {"view": "tasks", "having": "cost"},
    "tool_failures": {"view": "calls", "kind": "tool_call", "having": "outcome"},
}
"""What the page of runs is asked for what a metric of `before_after.METRICS` is of."""


def change(asked: PageAsked) -> Iterator[Content]:
    zone = asked.filters.zone()
    until = min(asked.window.end or asked.now, asked.now)
    given = asked_of(asked).change
    if given is None:
        when = (until - _USUAL).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    else:
        when = parse_moment(given, zone, asked.now)
    check = before_after(asked.engine, when, until, asked.conditions)
    yield _form(asked, check, when.astimezone(zone))
    if not any(row.n_before or row.n_after for row in check.metrics):
        yield Empty(text="Nothing was recorded in this time.", command="agentgauge demo")
        return
    said = list(words.sentences(check))
    for text, verdict in said:
        tone: Tone = _TONES[verdict]
        yield Sentence(text=text, tone=tone)
    if not said:
        yield Sentence(text=f"No change is shown by any of {wording.count_of(check.tests, 'test')}.")
    yield _table(check, asked)
    yield Note(
        "p is adjusted for the number of metrics (Holm), were operations independent of each other and nothing else "
        "different. No change shown is no proof of none."
    )


def _form(asked: PageAsked, check: Check, when: datetime) -> Content:
    start, end = check.before.start, check.after.end
    assert start is not None
    assert end is not None
    zone = asked.filters.zone()
    first, last = start.astimezone(zone), end.astimezone(zone)
    return Own(
        template="quality/change.html",
        values={
            "hidden": list(asked.filters.hidden("change", "csv", "svg")),
            "day": f"{when:%Y-%m-%d}",
            "today": f"{asked.now.astimezone(zone):%Y-%m-%d}",
            "words": f"{_day(when)} to {_day(last)}, against {_day(first)} to {_day(when)}.",
        },
    )


def _day(time: datetime) -> str:
    return f"{time.day} {time:%b %H:%M}"


def _table(check: Check, asked: PageAsked) -> Table:
    return Table(
        columns=(
            Column(key="metric", title="Metric", kind="name"),
            Column(key="before", title="Before"),
            Column(key="after", title="After"),
            Column(key="difference", title="Difference", narrow=False),
            Column(key="limits", title="95 %", sorts=False, narrow=False),
            Column(key="n", title="Values", narrow=False, note="Before and after"),
            Column(key="verdict", title="Verdict", kind="status"),
        ),
        rows=tuple(_row(row, check, asked) for row in check.metrics),
        caption="What is different since the change",
    )


def _row(row: BeforeAfter, check: Check, asked: PageAsked) -> Row:
    known = row.verdict != "nothing to compare"
    limits = f"{words.difference(row.low, row)} to {words.difference(row.high, row)}" if row.low == row.low else None
    return Row(
        values={
            "metric": row.metric.replace("_", " "), "before": words.amount(row.before, row),
            "after": words.amount(row.after, row), "difference": words.difference(row.difference, row),
            "limits": limits if known else None, "n": f"{row.n_before:,} and {row.n_after:,}",
            "verdict": words.verdict(row),
        },
        links={name: _rows(asked, row.metric, of) for name, of in (("before", check.before), ("after", check.after))},
        tones={"verdict": _TONES[row.verdict]} if row.verdict in _TONES else {},
    )  # fmt: skip


def _rows(asked: PageAsked, metric: str, of: Window) -> str:
    assert of.start is not None
    assert of.end is not None
    return asked.link("/runs", range=None, start=of.start.isoformat(), end=of.end.isoformat(), **ROWS[metric])
