"""A report, built: the questions that pages ask, answered once, and put into the words that every form of it has.

Costs what those questions cost, some 20 of them: a second over a month of recorded work.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.service import reports, short_wording, wording
from agentgauge.service.bucket_widths import bucket_width, legible_width
from agentgauge.service.change_wording import ChangeWords, change_words
from agentgauge.service.explain_wording import told
from agentgauge.service.report_document import courses, standing, work
from agentgauge.service.report_document.document import Cell, Document, Sentence, Table, Tile
from agentgauge.service.report_document.figures import cost_cell, duration_cell, exact, percent_cell
from agentgauge.service.report_document.question import Question
from agentgauge.service.reports.changes import FigureName
from agentgauge.service.reports.overview import Overview
from agentgauge.service.reports.ranking import cost_per_success
from agentgauge.service.reports.totals import FEW
from agentgauge.service.window import Window

_SEND = "agentgauge import claude-code ~/.claude/projects"
_REMARKS = 3


def build(asked: Question) -> Document:
    """Raises `QueryError` for what cannot be asked, `StateError` where the state cannot be read."""
    found = reports.overview(asked.engine, asked.window, asked.filters)
    if not found.events:
        return _empty(asked)
    width = bucket_width(asked.bucket) if asked.bucket else _width(asked, found)
    changed = _changes(asked, width)
    return Document(
        title=asked.title,
        window=_window(asked, found),
        conditions=asked.conditions,
        as_of=f"{wording.moment(asked.now, asked.zone)} ({asked.zone_name})",
        against=_against(asked) if changed else "",
        tiles=tuple(_tiles(found, changed)),
        changed=_what_changed(asked),
        pictures=(courses.cost(asked, width), courses.latency(asked, width)),
        tables=tuple(_tables(asked)),
        notes=tuple(_notes(asked, found)),
        version=agentgauge.__version__,
    )


def _empty(asked: Question) -> Document:
    everything = reports.overview(asked.engine, Window())
    if everything.events:
        first, last = (wording.moment(time, asked.zone) for time in (everything.first, everything.last))
        which = "No events meet the conditions" if asked.filters else "No events"
        why = f"{which} in this window. {wording.count_of(everything.events, 'event')} are recorded, {first} to {last}."
    else:
        why = f"Nothing is recorded yet. '{_SEND}' brings in what there is."
    return Document(
        title=asked.title,
        window=f"{wording.window(asked.window.start, asked.window.end, asked.zone)} ({asked.zone_name})",
        conditions=asked.conditions,
        as_of=f"{wording.moment(asked.now, asked.zone)} ({asked.zone_name})",
        against="",
        tiles=(),
        changed=None,
        pictures=(),
        tables=(),
        notes=(),
        nothing=why,
        version=agentgauge.__version__,
    )


def _width(asked: Question, found: Overview) -> str:
    first, last = _ends(asked, found)
    return legible_width(first, last)


def _ends(asked: Question, found: Overview) -> tuple[datetime, datetime]:
    """Of the window, and where it was left open the first event, and the last or now."""
    assert found.first is not None
    assert found.last is not None
    last = found.last if asked.window.start is None else max(asked.now, found.last)
    return asked.window.start or found.first, asked.window.end or last


def _window(asked: Question, found: Overview) -> str:
    first, last = (wording.moment(time, asked.zone) for time in _ends(asked, found))
    return f"{first} to {last} ({asked.zone_name})"


def _against(asked: Question) -> str:
    before = asked.before
    return "" if before is None else f"changes against {wording.window(before.start, before.end, asked.zone)}"


def _changes(asked: Question, width: str) -> dict[FigureName, ChangeWords]:
    before = asked.before
    if before is None:
        return {}
    found = reports.changes(
        asked.engine, asked.closed, before,
        width=width, zone=asked.zone_name, now=asked.now, filters=asked.filters,
    )  # fmt: skip
    return {one.name: words for one in found.changes if (words := change_words(one, found)) is not None}


def _tiles(found: Overview, changed: dict[FigureName, ChangeWords]) -> Iterator[Tile]:
    few = found.tasks < FEW
    took = found.task_duration.median_ms if few else found.task_duration.p95_ms
    per_success = cost_per_success(found)
    yield Tile(title="Total cost", figure=cost_cell(found.cost_usd, found.unpriced_calls), change=changed.get("cost"))
    yield Tile(
        title="Tasks", figure=Cell(short_wording.count(found.tasks), value=str(found.tasks)),
        change=changed.get("tasks"),
    )  # fmt: skip
    yield Tile(title="Success rate", figure=percent_cell(found.success_rate), change=changed.get("success_rate"))
    yield Tile(
        title=f"Latency median (p95 needs {FEW} tasks)" if few else "Latency p95", figure=duration_cell(took),
        change=None if few else changed.get("p95_duration"),
    )  # fmt: skip
    yield Tile(
        title="Cost per success",
        figure=Cell(short_wording.money(per_success), value=exact(per_success)), change=None,
    )  # fmt: skip


def _what_changed(asked: Question) -> Sentence | None:
    before = asked.before
    if before is None:
        return None
    try:
        words = told(
            reports.explain(asked.engine, asked.closed, before, book=asked.book, now=asked.now, filters=asked.filters),
            asked.zone,
        )
    except QueryError as error:
        return Sentence(title="What changed", text=f"Why cost changed cannot be said: {error}")
    return Sentence(title="What changed", text=words.sentence, remarks=words.remarks[:_REMARKS])


def _tables(asked: Question) -> Iterator[Table]:
    """Those that have rows."""
    for table in (*work.tables(asked), *standing.tables(asked)):
        if table.rows:
            yield table


def _notes(asked: Question, found: Overview) -> Iterator[str]:
    if found.missing_before is not None:
        moment = wording.moment(found.missing_before, asked.zone)
        yield f"Events before {moment} have expired and are not in all of this."
    if not found.exact:
        yield "Medians and percentiles are within 1 %, from summaries of the events."
    if found.unpriced_calls:
        unpriced = wording.count_of(found.unpriced_calls, "model call")
        yield f"{unpriced} without a known price, in no sum of money."
    if found.tasks:
        yield "Cost per success is everything that was spent, failed work included, over the tasks that succeeded."
    if not asked.is_of_whole_projects:
        yield "Budgets, alerts and recommendations are of whole projects: under these conditions they are left out."
