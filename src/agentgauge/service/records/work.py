"""Runs, sessions, tickets and features: one row each, the one with the latest event first, or the dearest.

A row's figures are of the events in the window that meet the conditions, as in every report. How it ended is not: that
is what its last end mark says up to the end of the window, or else the outcome of its last task, whatever the
conditions leave out. The same name in two projects is two rows.

Costs a scan of time and name over the window, to find which rows are on a page, and questions about these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events import kinds, marks
from agentgauge.service.reports.totals import TOTALS, Totals, or_nan, totals_of
from agentgauge.service.window import Window

WorkKind = Literal["run", "session", "ticket", "feature"]
KINDS: tuple[WorkKind, ...] = get_args(WorkKind)
COLUMNS: dict[WorkKind, str] = {"run": "run", "session": "session", "ticket": "work_item", "feature": "feature"}
"""The column that names each. A ticket is a work item: the ticket of an event, else its issue."""

MOST_NAMES = 16
"""Of a row's agents and models those of the most events are named."""
_LAST = Measure("max", "time", name="last")
_MILLISECOND = timedelta(milliseconds=1)
_MARKS: dict[WorkKind, tuple[tuple[str, str], ...]] = {
    "run": ((marks.RUN_START, marks.RUN_END),),
    "session": ((marks.SESSION_START, marks.SESSION_END),),
    "ticket": ((marks.TICKET_START, marks.TICKET_END), (marks.ISSUE_START, marks.ISSUE_END)),
    "feature": (),
}
"""Starts and ends of each; those of a ticket come before those of the issues that belong to it."""

Name = tuple[str | None, str]
"""Project, and name in it."""
_LastMark = tuple[datetime, str | None, bool]
"""When a mark was last set, its outcome, and whether it is the work's own."""
WorkOrder = Literal["newest", "dearest"]
WorkKey = tuple[datetime | Decimal | None, str | None, str]
"""What a row is sorted by: time of its last event, or its cost, downwards and last where it is not known; then project
and name."""


class Work(Totals, frozen=True, kw_only=True):
    kind: WorkKind
    name: str
    project: str | None
    began: datetime
    """When the first of its events began."""
    last: datetime
    """When the last of them ended, or happened."""
    elapsed_ms: float
    """Between these, pauses included."""
    outcome: str | None
    """How it ended: success, failure, timeout, error or interrupted; None where nothing says. While it is open, how
    its last task did."""
    is_open: bool
    """Whether it was started, and nothing says that it has ended since."""
    is_ended: bool
    """Whether a mark of its own says that it has ended; of the rest `outcome` is how its last task did."""
    agents: tuple[str, ...]
    """At most 16, those of the most events first; models likewise."""
    models: tuple[str, ...]
    users: int
    """People that its events name."""
    events: int
    errors: int
    """Errors that were recorded, beside what failed."""
    uses: int
    """Of a feature, as recorded."""
    failed_uses: int
    satisfaction: float
    """Mean of people's scores, 0-1; NaN where there are none."""
    satisfaction_scores: int

    def key(self, order: WorkOrder) -> WorkKey:
        return self.last if order == "newest" else self.cost_usd, self.project, self.name


_MEASURES = (
    *TOTALS,
    Measure("began"),
    _LAST,
    Measure("count", name="events"),
    Measure("count", over="error", name="errors"),
    Measure("count", over="feature_usage", name="uses"),
    Measure("failures", over="feature_usage", name="failed_uses"),
    Measure("distinct", "user", name="users"),
    Measure("mean", "value", over="satisfaction", name="satisfaction"),
    Measure("values", "value", over="satisfaction", name="satisfaction_scores"),
)
_COUNTED = ("events", "errors", "uses", "failed_uses", "users", "satisfaction_scores")


class Ending(msgspec.Struct, frozen=True):
    """How a piece of work ended, or that it has not."""

    outcome: str | None = None
    is_open: bool = False
    is_ended: bool = False
    """By a mark of its own: a ticket goes on when one of its issues ends."""


def list_work(
    engine: Engine,
    kind: WorkKind,
    window: Window,
    filters: Sequence[Filter] = (),
    *,
    limit: int,
    order: WorkOrder = "newest",
    after: WorkKey | None = None,
) -> tuple[Work, ...]:
    """At most `limit` rows, those after a row's key."""
    column = COLUMNS[kind]
    sorted_by = _LAST if order == "newest" else Measure("cost")
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter(column, "is not null"), *filters),
        group=("project", column),
        measures=(sorted_by,),
        order=(f"-{sorted_by.columns[0].name}",),
        limit=limit,
        after=after,
    )
    names = [(row["project"], row[column]) for row in engine.aggregate(query).records()]
    found = work_named(engine, kind, names, window, filters)
    return tuple(found[name] for name in names)


def work_named(
    engine: Engine, kind: WorkKind, names: Sequence[Name], window: Window, filters: Sequence[Filter] = ()
) -> dict[Name, Work]:
    """The rows of these names that have events in the window which meet the conditions."""
    if not names:
        return {}
    column, own = COLUMNS[kind], (*_of(kind, names), *filters)
    rows = _rows(engine, column, window, own, _MEASURES)
    agents, models = (_names(engine, column, field, window, own) for field in ("agent", "model"))
    endings = _endings(engine, kind, names, window)
    wanted = set(names)
    return {
        name: Work(
            **totals_of(row),
            **{counted: row[counted] for counted in _COUNTED},
            kind=kind,
            name=name[1],
            project=name[0],
            began=row["began"],
            last=row["last"],
            elapsed_ms=(row["last"] - row["began"]) / _MILLISECOND,
            outcome=endings[name].outcome,
            is_open=endings[name].is_open,
            is_ended=endings[name].is_ended,
            agents=agents[name],
            models=models[name],
            satisfaction=or_nan(row["satisfaction"]),
        )
        for row in rows
        if (name := (row["project"], row[column])) in wanted
    }


def _of(kind: WorkKind, names: Iterable[Name]) -> tuple[Filter, ...]:
    """What events of these names meet; and those of the same names in other projects."""
    return (Filter(COLUMNS[kind], "in", tuple(sorted({name for _, name in names}))),)


def _rows(
    engine: Engine, column: str, window: Window, filters: Sequence[Filter], measures: Sequence[Measure], *more: str
) -> list[dict[str, Any]]:
    return engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=tuple(filters),
            group=("project", column, *more),
            measures=tuple(measures),
        )
    ).records()


def _names(
    engine: Engine, column: str, field: str, window: Window, filters: Sequence[Filter]
) -> Mapping[Name, tuple[str, ...]]:
    """Values of a field, those of the most events first."""
    named = (*filters, Filter(field, "is not null"))
    found: dict[Name, list[tuple[int, str]]] = defaultdict(list)
    for row in _rows(engine, column, window, named, (Measure("count"),), field):
        found[row["project"], row[column]].append((-row["count"], row[field]))
    ordered = {name: tuple(value for _, value in sorted(values)[:MOST_NAMES]) for name, values in found.items()}
    return defaultdict(tuple, ordered)


def _endings(engine: Engine, kind: WorkKind, names: Sequence[Name], window: Window) -> Mapping[Name, Ending]:
    """How each ended up to the end of the window, by its marks or else its tasks, from the first on."""
    until, own = Window(None, window.end), _of(kind, names)
    found: dict[Name, Ending] = defaultdict(Ending)
    found |= _last_tasks(engine, COLUMNS[kind], until, own)
    for name, ending in (_marked(engine, kind, until, own) if _MARKS[kind] else {}).items():
        # Of imported logs many say where something began, and none where it ended.
        found[name] = Ending(found[name].outcome, is_open=True) if ending.is_open else ending
    return found


def _last_tasks(engine: Engine, column: str, until: Window, own: Sequence[Filter]) -> dict[Name, Ending]:
    tasks = (*own, Filter("kind", "in", kinds.TASK_KINDS), Filter("outcome", "is not null"))
    latest: dict[Name, tuple[datetime, str]] = {}
    for row in _rows(engine, column, until, tasks, (_LAST,), "outcome"):
        name, last = (row["project"], row[column]), (row["last"], row["outcome"])
        latest[name] = max(latest.get(name, last), last)
    return {name: Ending(outcome) for name, (_, outcome) in latest.items()}


def _marked(engine: Engine, kind: WorkKind, until: Window, own: Sequence[Filter]) -> dict[Name, Ending]:
    pairs = _MARKS[kind]
    known = Filter("name", "in", tuple(mark for pair in pairs for mark in pair))
    times: dict[Name, dict[str, _LastMark]] = defaultdict(dict)
    filters = (*own, Filter("kind", "=", "mark"), known)
    for row in _rows(engine, COLUMNS[kind], until, filters, (_LAST,), "name", "outcome", "issue"):
        name = row[COLUMNS[kind]]
        is_own = row["name"] != marks.ISSUE_END or row["issue"] == name
        of_name = times[row["project"], name]
        if row["name"] not in of_name or of_name[row["name"]][0] < row["last"]:
            of_name[row["name"]] = row["last"], row["outcome"], is_own
    return {name: ending for name, of_name in times.items() if (ending := _ending(pairs, of_name)) is not None}


def _ending(pairs: Sequence[tuple[str, str]], times: Mapping[str, _LastMark]) -> Ending | None:
    """By the first pair of marks that there is one of."""
    for start, end in pairs:
        if end in times and (start not in times or times[start][0] <= times[end][0]):
            _, outcome, is_own = times[end]
            return Ending(outcome, is_ended=is_own)
        if start in times:
            return Ending(is_open=True)
    return None
