"""The story of a piece of work: the runs and sessions that it took, its pipelines and debugging cycles, what changed in
the code, and all of it in a few sentences.

Code metrics are those that the end of an issue states (`agentgauge.runs`): of several runs of an issue their sums, of
coverage the last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.events import marks
from agentgauge.service import short_wording
from agentgauge.service.records.rows import IDENTITY, event_rows
from agentgauge.service.records.states import outcome_state
from agentgauge.service.records.work import Work, WorkKind, list_work
from agentgauge.service.records.work_item import Step, WorkItem, course
from agentgauge.service.window import Window

_MOST = 100
_COUNTS = (
    "files_created", "files_modified", "files_deleted", "lines_added", "lines_deleted", "tests_run", "tests_passed",
)  # fmt: skip
_COVERAGE = "test_coverage_percent"
_CODE = (*_COUNTS, _COVERAGE)


class CodeChange(msgspec.Struct, frozen=True, kw_only=True):
    files_created: int
    files_modified: int
    files_deleted: int
    lines_added: int
    lines_deleted: int
    tests_run: int
    tests_passed: int
    coverage_percent: float | None
    """0-100; None where it was not measured."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    sentences: tuple[str, ...]
    parts: tuple[Work, ...]
    """The runs and sessions, the one with the latest event first; at most 100 of each."""
    pipelines: tuple[Step, ...]
    """In order of time; at most 100, cycles likewise."""
    cycles: tuple[Step, ...]
    code: CodeChange | None
    """None where no end states any."""
    merged: tuple[str, ...]
    """Ids of changes that were merged."""


def story(engine: Engine, item: WorkItem, filters: Sequence[Filter]) -> Story:
    """Of the work of an item, whose events meet the filters."""
    everything = Window()
    others: tuple[WorkKind, ...] = tuple(kind for kind in ("run", "session") if kind != item.kind)
    parts = [part for kind in others for part in list_work(engine, kind, everything, filters, limit=_MOST)]
    pipelines, cycles = (
        course(engine, everything, (*filters, Filter("kind", "=", kind)), limit=_MOST)
        for kind in ("pipeline", "debugging_cycle")
    )
    code = _code(engine, filters)
    merged = tuple(dict.fromkeys(_merged(engine, filters)))
    parts.sort(key=lambda part: part.last, reverse=True)
    return Story(
        sentences=tuple(_sentences(item, parts, pipelines, cycles, code, merged)),
        parts=tuple(parts), pipelines=pipelines, cycles=cycles, code=code, merged=merged,
    )  # fmt: skip


def _code(engine: Engine, filters: Sequence[Filter]) -> CodeChange | None:
    stated = (Filter("kind", "=", "mark"), Filter("name", "in", (marks.ISSUE_END, marks.TICKET_END)))
    columns = tuple(f"attributes.{name}" for name in _CODE)
    rows = [
        dict(zip(_CODE, row[len(IDENTITY) :], strict=True))
        for row in event_rows(engine, Window(), (*filters, *stated), columns, limit=_MOST)
    ]
    rows = [row for row in rows if any(value is not None for value in row.values())]
    if not rows:
        return None
    coverage = next((found for row in rows if (found := _number(row[_COVERAGE])) is not None), None)
    sums = {name: int(sum(_number(row[name]) or 0 for row in rows)) for name in _COUNTS}
    return CodeChange(**sums, coverage_percent=coverage)


def _number(text: str | None) -> float | None:
    """Of an attribute, which is told as text."""
    try:
        value = math.nan if text is None else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _merged(engine: Engine, filters: Sequence[Filter]) -> Iterator[str]:
    named = (Filter("kind", "=", "mark"), Filter("name", "=", marks.CHANGE_MERGED))
    for row in event_rows(engine, Window(), (*filters, *named), ("attributes.change",), limit=_MOST):
        if row[-1] is not None:
            yield str(row[-1])


def _sentences(
    item: WorkItem,
    parts: Sequence[Work],
    pipelines: Sequence[Step],
    cycles: Sequence[Step],
    code: CodeChange | None,
    merged: Sequence[str],
) -> Iterator[str]:
    yield _who(item, parts)
    if item.tasks:
        ended = item.successful_tasks + item.failed_tasks
        said = f"{item.successful_tasks} of {_many(ended, 'task')} succeeded" if ended else _many(item.tasks, "task")
        failed = {"model call": item.failed_calls, "tool call": item.failed_tool_calls, "recorded error": item.errors}
        wrong = [_many(number, what) for what, number in failed.items() if number]
        yield f"{said}; on the way {_listed(wrong)} went wrong." if wrong else f"{said}."
    if cycles:
        mended = sum(cycle.outcome == "success" for cycle in cycles)
        took = sum(cycle.duration_ms or 0.0 for cycle in cycles)
        yield (
            f"{_many(len(cycles), 'debugging cycle')}, {mended} of them resolved, took "
            f"{short_wording.duration(took)} together."
        )
    if pipelines:
        green = sum(one.outcome == "success" for one in pipelines)
        last = outcome_state(pipelines[-1].outcome)
        yield f"{_many(len(pipelines), 'pipeline attempt')}, {green} of them green; the last {last}."
    if code is not None:
        files = code.files_created + code.files_modified + code.files_deleted
        tests = f"; {code.tests_passed} of {_many(code.tests_run, 'test')} passed" if code.tests_run else ""
        covered = f", {code.coverage_percent:.1f} % covered" if code.coverage_percent is not None else ""
        yield f"{_many(files, 'file')} changed, +{code.lines_added} and -{code.lines_deleted} lines{tests}{covered}."
    if merged:
        yield f"Merged as {', '.join(merged[:5])}{' and others' if len(merged) > 5 else ''}."


def _who(item: WorkItem, parts: Sequence[Work]) -> str:
    places = [_many(count, kind) for kind in ("run", "session") if (count := sum(part.kind == kind for part in parts))]
    agents = _listed(item.agents[:4] if len(item.agents) <= 4 else (*item.agents[:3], f"{len(item.agents) - 3} others"))
    cost = short_wording.money(item.cost_usd)
    unpriced = f", {_many(item.unpriced_calls, 'unpriced call')} not counted" if item.unpriced_calls else ""
    where = f" over {' and '.join(places)}" if places else ""
    by = f" by {agents}" if agents else ""
    return f"Worked on{by}{where}, from first to last {short_wording.duration(item.elapsed_ms)}, for {cost}{unpriced}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
