"""Outcomes of work: issues that ended, pipelines that ran, changes that were merged, debugging cycles, each with the
unit of work that paid for it. What counts as which is said in `agentgauge.service.reports.economics`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Query
from agentgauge.events import kinds, marks
from agentgauge.service.readings.work_units import SCOPE, Busy, Spending, Unit, UnitKind, WorkUnits, rows, units_of
from agentgauge.service.window import Window

_PAYING: tuple[UnitKind, ...] = ("ticket", "issue", "run", "session")
"""Of the units that something names, which it is put down to: the first of these."""
_MILLISECOND = timedelta(milliseconds=1)


class Paid(msgspec.Struct):
    """One unit of work: what it used, and what came of it."""

    spending: Spending = msgspec.field(default_factory=Spending)
    busy_ms: float = 0.0
    attempts: int = 0
    successes: int = 0


class Outcomes(msgspec.Struct, frozen=True):
    units: Mapping[Any, Paid]
    """By what they are."""

    @property
    def attempts(self) -> int:
        return sum(unit.attempts for unit in self.units.values())


def ended(work: WorkUnits, kind: UnitKind) -> Outcomes:
    """Each unit of a kind is an attempt, and a success where it ended well."""
    units: dict[Unit, Paid] = {}
    for unit in work.worked_on:
        if unit.kind == kind:
            ending = work.endings.get(unit)
            units[unit] = Paid(attempts=1, successes=int(ending is not None and ending.succeeded))
    return _with_usage(work, units, lambda named: next((unit for unit in named if unit.kind == kind), None))


def pipelines(engine: Engine, window: Window, work: WorkUnits) -> Outcomes:
    """Attempts of pipelines, and those that were green."""
    query = _of_kind(window, "pipeline", Filter("outcome", "is not null"))
    units: dict[Unit | None, Paid] = defaultdict(Paid)
    green: set[tuple[str | None, str]] = set()
    for row in rows(engine, query, "name", "outcome", *SCOPE):
        unit = units[_payer(units_of(row))]
        unit.attempts += 1
        if row["outcome"] == "success" and (row["project"], row["name"]) not in green:
            green.add((row["project"], row["name"]))
            unit.successes += 1
    return _of_kinds_seen(work, units)


def changes(engine: Engine, window: Window, work: WorkUnits) -> Outcomes:
    """Changes that were merged."""
    query = _of_kind(window, "mark", Filter("name", "=", marks.CHANGE_MERGED))
    units: dict[Unit | None, Paid] = defaultdict(Paid)
    seen: set[tuple[str | None, str]] = set()
    for row in rows(engine, query, "attributes.change", *SCOPE):
        named = row["attributes.change"]
        if named is not None and (row["project"], named) in seen:
            continue
        seen.add((row["project"], named))
        unit = units[_payer(units_of(row))]
        unit.attempts += 1
        unit.successes += 1
    return _of_kinds_seen(work, units)


def cycles(engine: Engine, window: Window) -> Outcomes:
    """Debugging cycles, with the calls within them: those whose parent the cycle is, and those of the same unit of work
    that ended while it lasted. Of two cycles at once the later start has the call."""
    query = _of_kind(window, "debugging_cycle")
    found = [_Cycle.of(row) for row in rows(engine, query, "time", "duration_ms", "outcome", "span_id", *SCOPE)]
    units: dict[object, Paid] = defaultdict(Paid)
    for cycle in found:
        unit = units[cycle.cluster]
        unit.attempts += 1
        unit.successes += cycle.succeeded
        unit.busy_ms += cycle.duration_ms
    of_span = {cycle.span: cycle for cycle in found if cycle.span is not None}
    of_unit: dict[Unit, list[_Cycle]] = defaultdict(list)
    for cycle in sorted(found, key=lambda cycle: cycle.start, reverse=True):
        if cycle.unit is not None:
            of_unit[cycle.unit].append(cycle)
    if found:
        for row in _calls_around(engine, window, found):
            payer = _payer(units_of(row))
            around = () if payer is None else of_unit.get(payer, ())
            within = of_span.get(row["parent_id"]) or _latest_around(row["time"], around)
            if within is not None:
                units[within.cluster].spending.add(_spending_of(row))
    return Outcomes(units)


class _Cycle(msgspec.Struct, frozen=True):
    start: datetime
    end: datetime
    duration_ms: float
    succeeded: bool
    span: str | None
    unit: Unit | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Cycle:
        duration = row["duration_ms"] or 0.0
        return cls(
            start=row["time"] - duration * _MILLISECOND,
            end=row["time"],
            duration_ms=duration,
            succeeded=row["outcome"] == "success",
            span=row["span_id"],
            unit=_payer(units_of(row)),
        )

    @property
    def cluster(self) -> object:
        """What cycles depend on each other in."""
        return self.unit or (self.end, self.span)


def _latest_around(moment: datetime, candidates: Sequence[_Cycle]) -> _Cycle | None:
    return next((cycle for cycle in candidates if cycle.start <= moment <= cycle.end), None)


def _calls_around(engine: Engine, window: Window, found: Sequence[_Cycle]) -> Iterator[dict[str, Any]]:
    first, last = min(cycle.start for cycle in found), max(cycle.end for cycle in found)
    query = Query(
        start=first if window.start is None else max(first, window.start),
        end=last + timedelta(microseconds=1),
        filters=(Filter("kind", "in", kinds.USAGE_KINDS),),
    )
    return rows(engine, query, "time", "kind", "parent_id", "cost_usd", "cost_source", *SCOPE)


def _spending_of(call: Mapping[str, Any]) -> Spending:
    """As the measure `cost` counts it: a tool without a cost is free, a model call without one unpriced."""
    cost = call["cost_usd"]
    unpriced = cost is None and (call["kind"] == "llm_call" or call["cost_source"] == "unpriced")
    return Spending(cost or Decimal(0), int(unpriced), int(call["kind"] == "llm_call"))


def _of_kinds_seen(work: WorkUnits, units: dict[Unit | None, Paid]) -> Outcomes:
    """The units of outcomes, with the other units of these kinds, which paid and have none. Outcomes that name no
    unit are together one, which nothing was spent on.
    """
    seen = {unit.kind for unit in units if unit is not None}

    def payer(named: tuple[Unit, ...]) -> Unit | None:
        unit = _payer(named)
        return unit if unit is not None and unit.kind in seen else None

    return _with_usage(work, units, payer)


def _with_usage(
    work: WorkUnits, units: Mapping[Any, Paid], payer: Callable[[tuple[Unit, ...]], Unit | None]
) -> Outcomes:
    """Units with what they used, those that only used something included."""
    if not units:
        return Outcomes(units)
    whole: dict[Any, Paid] = defaultdict(Paid, units)
    for named, spending in work.spending.items():
        if (unit := payer(named)) is not None:
            whole[unit].spending.add(spending)
    busy: dict[Unit, list[Busy]] = defaultdict(list)
    for named, part in work.busy.items():
        if (unit := payer(named)) is not None:
            busy[unit].append(part)
    for unit, parts in busy.items():
        whole[unit].busy_ms = (parts[0] if len(parts) == 1 else Busy.of_all(parts)).ms
    return Outcomes(whole)


def _payer(named: tuple[Unit, ...]) -> Unit | None:
    return min(named, key=lambda unit: _PAYING.index(unit.kind), default=None)


def _of_kind(window: Window, kind: str, *more: Filter) -> Query:
    return Query(start=window.start, end=window.end, filters=(Filter("kind", "=", kind), *more))
