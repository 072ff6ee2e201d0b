"""Units of work, the issues, tickets, runs and sessions of a window: what each used, how long it took, how it ended.

    spend     money of all calls that name the unit; its tasks, failed ones too, are in it
    time      when at least one of its tasks was running: tasks within tasks, and tasks at once, count once
    success   what its last end mark says (issue_end, ticket_end, session_end). One that was started again since is
              open, and so is one that never ended. Where no mark tells, the outcome of its last task does

Marks are read from the beginning, so that a unit that was open before the window is known to be. Costs a scan of the
tasks in the window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events import kinds, marks
from agentgauge.service.window import Window

UnitKind = Literal["issue", "ticket", "run", "session"]
KINDS: tuple[UnitKind, ...] = ("issue", "ticket", "run", "session")
SCOPE = ("project", *KINDS)
"""Columns that say what an event belongs to."""

_STARTS: dict[str, UnitKind] = {
    marks.ISSUE_START: "issue",
    marks.TICKET_START: "ticket",
    marks.RUN_START: "run",
    marks.SESSION_START: "session",
}
_ENDS: dict[str, UnitKind] = {
    marks.ISSUE_END: "issue",
    marks.TICKET_END: "ticket",
    marks.RUN_END: "run",
    marks.SESSION_END: "session",
}
_MILLISECOND = timedelta(milliseconds=1)


class Unit(msgspec.Struct, frozen=True, cache_hash=True):
    kind: UnitKind
    project: str | None
    name: str


class Spending(msgspec.Struct):
    """Money and calls; adds up."""

    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0
    calls: int = 0
    """Of models."""

    @property
    def is_known(self) -> bool:
        """Whether any of the money is: of no calls, and of calls none of which is priced, it is not."""
        return self.cost_usd != 0 or self.calls > self.unpriced_calls

    def add(self, other: Spending) -> None:
        self.calls += other.calls
        self.cost_usd += other.cost_usd
        self.unpriced_calls += other.unpriced_calls


class Busy:
    """How long something was busy, from intervals that come in the order of their ends."""

    __slots__ = ("spans",)

    def __init__(self) -> None:
        self.spans: list[tuple[datetime, datetime]] = []
        """Apart from each other, in order."""

    @classmethod
    def of_all(cls, parts: Iterable[Busy]) -> Busy:
        """When at least one of them was."""
        whole = cls()
        for start, end in sorted((span for part in parts for span in part.spans), key=lambda span: span[1]):
            whole.add(end, (end - start) / _MILLISECOND)
        return whole

    def add(self, end: datetime, duration_ms: float) -> None:
        start = end - duration_ms * _MILLISECOND
        while self.spans and self.spans[-1][1] >= start:
            start = min(start, self.spans.pop()[0])
        self.spans.append((start, end))

    @property
    def ms(self) -> float:
        return sum((end - start) / _MILLISECOND for start, end in self.spans)


class Ending:
    """How a unit's work stands, from its marks and tasks in the order of time."""

    __slots__ = ("_is_open", "_is_said", "_last_task", "_outcome")

    def __init__(self) -> None:
        self._is_open = False
        self._is_said = False
        self._outcome: str | None = None
        self._last_task: str | None = None

    def start(self) -> None:
        self._is_open, self._is_said, self._outcome = True, True, None

    def end(self, outcome: str | None, status: str | None, *, in_window: bool) -> None:
        """`status` is what an end states that says nothing about success: skipped."""
        self._is_open = False
        self._is_said = outcome is not None or status is not None or not in_window
        self._outcome = outcome if in_window else None

    def task(self, outcome: str | None) -> None:
        self._last_task = outcome or self._last_task

    @property
    def succeeded(self) -> bool:
        if self._is_open:
            return False
        return (self._outcome if self._is_said else self._last_task) == "success"


class WorkUnits(msgspec.Struct, frozen=True):
    spending: Mapping[tuple[Unit, ...], Spending]
    """By the units that calls name together, none of them included: adds up to everything."""
    busy: Mapping[tuple[Unit, ...], Busy]
    """By the units that tasks name together."""
    endings: Mapping[Unit, Ending]
    worked_on: frozenset[Unit]
    """Units that something was spent on, that a task was done for, or that ended, in the window."""


def units_of(row: Mapping[str, Any]) -> tuple[Unit, ...]:
    """The units that a row names, by the columns of SCOPE."""
    return tuple(Unit(kind, row["project"], row[kind]) for kind in KINDS if row[kind] is not None)


def work_units(engine: Engine, window: Window) -> WorkUnits:
    """Everything that was worked on in the window."""
    spending: dict[tuple[Unit, ...], Spending] = defaultdict(Spending)
    for row in engine.aggregate(_usage(window)).records():
        spending[units_of(row)].add(Spending(row["cost_usd"] or Decimal(0), row["unpriced_calls"], row["calls"]))
    worked_on = {unit for units in spending for unit in units}
    busy: dict[tuple[Unit, ...], Busy] = defaultdict(Busy)
    endings: dict[Unit, Ending] = defaultdict(Ending)
    for row in _marks(engine, window):
        in_window = window.start is None or row["time"] >= window.start
        kind = _STARTS.get(row["name"]) or _ENDS[row["name"]]
        for unit in units_of(row):
            if unit.kind != kind:
                continue
            if row["name"] in _STARTS:
                endings[unit].start()
            else:
                endings[unit].end(row["outcome"], row["attributes.status"], in_window=in_window)
                worked_on |= {unit} if in_window else set()
    units: dict[tuple[str | None, ...], tuple[Unit, ...]] = {}
    for time, duration_ms, outcome, *scope in _tasks(engine, window):
        named = units.get(tuple(scope))
        if named is None:
            named = units[tuple(scope)] = units_of(dict(zip(SCOPE, scope, strict=True)))
            worked_on.update(named)
        for unit in named:
            endings[unit].task(outcome)
        if duration_ms is not None:
            busy[named].add(time, duration_ms)
    return WorkUnits(spending, busy, endings, frozenset(worked_on))


def _usage(window: Window) -> Query:
    return Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", kinds.USAGE_KINDS),),
        group=SCOPE,
        measures=(Measure("cost"), Measure("count", over="llm_call", name="calls")),
    )


def _marks(engine: Engine, window: Window) -> Iterator[dict[str, Any]]:
    named = Filter("name", "in", (*_STARTS, *_ENDS))
    query = Query(end=window.end, filters=(Filter("kind", "=", "mark"), named))
    return rows(engine, query, "time", "name", "outcome", "attributes.status", *SCOPE)


def _tasks(engine: Engine, window: Window) -> Iterator[tuple[Any, ...]]:
    query = Query(start=window.start, end=window.end, filters=(Filter("kind", "in", kinds.TASK_KINDS),))
    return engine.scan(query, ("time", "duration_ms", "outcome", *SCOPE))


def rows(engine: Engine, query: Query, *columns: str) -> Iterator[dict[str, Any]]:
    """A scan whose rows are dictionaries by column."""
    for row in engine.scan(query, columns):
        yield dict(zip(columns, row, strict=True))
