"""One run, session, ticket or feature: its totals, what it is made of, and its course.

The course is everything that happened in it, in order of time: tasks, model and tool calls, pipelines, debugging
cycles, errors, measurements and marks. What has a duration stands where it ended, and says when it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.errors import Ambiguous, NotFound
from agentgauge.events.plain import plain_time
from agentgauge.service.records.rows import RowKey, event_rows, missing_before
from agentgauge.service.records.work import COLUMNS, Name, Work, WorkKind, work_named
from agentgauge.service.window import Window

_COMPARED = 1000
"""The names with the most events, among which a similar one is looked for."""
_MOST_PARTS = 100
_PARTS = ("operation", "name", "role", "session", "run", "ticket", "issue", "feature", "user")
_LONGEST = 315_576_000_000
"""Milliseconds, ten years: a duration beyond it is some clock's error, and nothing began then."""
NO_PROJECT = ""
"""Means what names no project, where a project is asked for."""


class Named(msgspec.Struct, frozen=True):
    name: str
    events: int


class WorkItem(Work, frozen=True, kw_only=True):
    kinds: dict[str, int]
    """Its events of each kind."""
    parts: dict[str, tuple[Named, ...]]
    """What its events name: operations, names, roles, sessions, runs, tickets, issues, features and users, of each at
    most 100, those of the most events first. What it is itself is left out."""
    missing_before: datetime | None
    """Where not None, events of the window before it have expired and are not in the figures."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a course. Absent values are None."""

    time: datetime
    """When it ended, or happened."""
    began: datetime | None
    """Where it has a duration."""
    kind: str
    name: str | None
    outcome: str | None
    duration_ms: float | None
    project: str | None
    session: str | None
    run: str | None
    issue: str | None
    ticket: str | None
    agent: str | None
    role: str | None
    operation: str | None
    feature: str | None
    model: str | None
    provider: str | None
    tokens: int
    """Of a model call: input and output together."""
    cost_usd: Decimal | None
    cost_source: str | None
    quality_score: float | None
    value: float | None
    unit: str | None
    error_type: str | None
    error_category: str | None
    severity: str | None
    error_message: str | None
    recovery: str | None
    trace_id: str | None
    span_id: str | None
    parent_id: str | None
    segment: str
    n: int

    @property
    def key(self) -> RowKey:
        return self.time, self.segment, self.n


_STATED = tuple(name for name in Step.__struct_fields__ if name not in ("time", "began", "segment", "n"))


def work_item(
    engine: Engine,
    kind: WorkKind,
    name: str,
    project: str | None = None,
    *,
    window: Window | None = None,
    filters: Sequence[Filter] = (),
) -> WorkItem:
    """One by its name, and its project where several have one of that name.

    Raises `NotFound` with near names, where the window has nothing of it too, and `Ambiguous`.
    """
    asked = window or Window()
    found = find_work(engine, kind, name, project)
    work = work_named(engine, kind, [found], asked, filters).get(found)
    if work is None:
        raise NotFound(f"nothing of the {kind} {name!r} is in this window, or meets the conditions", field="name")
    own = (*of_work(kind, found), *filters)
    return WorkItem(
        **{field: getattr(work, field) for field in Work.__struct_fields__},
        kinds={one.name: one.events for one in _named(engine, asked, own, "kind")},
        parts={part: _named(engine, asked, own, part) for part in _PARTS if part != COLUMNS[kind]},
        missing_before=missing_before(engine, asked),
    )


def find_work(engine: Engine, kind: WorkKind, name: str, project: str | None) -> Name:
    """The project and name of what is meant; a project of '' is none. Raises `NotFound` and `Ambiguous`."""
    column = COLUMNS[kind]
    query = Query(filters=(Filter(column, "=", name),), group=("project",), measures=(Measure("count"),))
    projects: list[str | None] = [row["project"] for row in engine.aggregate(query).records()]
    if not projects:
        raise NotFound(_unknown(engine, kind, name), field="name")
    if project is None and len(projects) == 1:
        return projects[0], name
    known = [NO_PROJECT if one is None else one for one in projects]
    if project is None:
        raise Ambiguous(
            f"{kind}s of several projects are called {name!r}: say which by project=", field="project", allowed=known
        )
    if project not in known:
        raise NotFound(
            f"no {kind} {name!r} is in the project {project!r}, but in {', '.join(one or 'none' for one in known)}",
            field="project",
            allowed=known,
        )
    return project or None, name


def of_work(kind: WorkKind, name: Name) -> tuple[Filter, Filter]:
    """What its events meet."""
    in_project = Filter("project", "is null") if name[0] is None else Filter("project", "=", name[0])
    return Filter(COLUMNS[kind], "=", name[1]), in_project


def course(
    engine: Engine,
    window: Window,
    filters: Sequence[Filter],
    *,
    limit: int,
    newest_first: bool = False,
    after: RowKey | None = None,
) -> tuple[Step, ...]:
    """At most `limit` of the events that meet the filters, from the first on; those after an event's key."""
    rows = event_rows(engine, window, filters, _STATED, limit=limit, newest_first=newest_first, after=after)
    return tuple(map(_step, rows))


def _step(row: Sequence[Any]) -> Step:
    """The event of a row of `course`."""
    time, segment, n, *stated = row
    fields = dict(zip(_STATED, stated, strict=True))
    took = fields["duration_ms"]
    began = time - timedelta(milliseconds=took) if took is not None and 0 <= took < _LONGEST else None
    return Step(**(fields | {"tokens": fields["tokens"] or 0}), time=time, began=began, segment=segment, n=n)


def _named(engine: Engine, window: Window, filters: Sequence[Filter], column: str) -> tuple[Named, ...]:
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*filters, Filter(column, "is not null")),
        group=(column,),
        order=("-count",),
        limit=_MOST_PARTS,
    )
    return tuple(Named(name, count) for name, count in engine.aggregate(query).rows)


def _unknown(engine: Engine, kind: WorkKind, name: str) -> str:
    column = COLUMNS[kind]
    query = Query(filters=(Filter(column, "is not null"),), group=(column,), order=("-count",), limit=_COMPARED)
    known = [row[0] for row in engine.aggregate(query).rows]
    said = f"no {kind} is called {name!r}"
    expired = missing_before(engine, Window())
    if expired is not None:
        said += f" after {plain_time(expired)}, before which events have expired"
    if not known:
        return f"{said}: no event names a {kind}"
    near = get_close_matches(name, known, n=3)
    return f"{said}: did you mean {' or '.join(near)}?" if near else f"{said}: there are {', '.join(known[:8])}"
