"""Units of work and the arms that they were done in: which event counts for which arm of which unit.

A unit is a value of `unit` (an issue) within a project; an arm is a value of `by` (a model). The arm of an event is

    1  the value that it states itself; of a task the models are those of the calls inside it, joined by ' + '
    2  else the one value that is stated in its unit and run
    3  else the one that its run states outside all units, or at its start: its configuration
    4  else the one value that is stated in its unit at all
    5  where its unit and run state several: that of the span that it is in, else the one of the spans inside it

What none of these assigns is counted as unassigned. So where a unit states several values, as when one issue is worked
on under `experiment=a` and under `experiment=b`, each event is in its own arm, and the unit in both.

The engine groups by unit, run and arm; events are looked at one by one only for rule 5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.errors import QueryError
from agentgauge.events import fields, marks
from agentgauge.service.dimensions import dimension, near_dimension
from agentgauge.service.readings.span_arms import SpanArms
from agentgauge.service.readings.unit_metrics import Part, Tally
from agentgauge.service.window import Window

UNITS = ("issue", "run", "session", "ticket", "work_item", "user", "team", "trace", "agent", "operation", "feature")
"""Usual ones; any other column of the scope and any attribute may be one too."""

_OF_CALLS = tuple(field.name for field in fields.MODEL)
"""Columns that only model calls have; a task has those of the calls inside it."""
_JOINED = ("model", "provider")
"""Columns that hold several values of a task, where the calls inside it have several."""
_PLUS = " + "
UNIT_ALIASES = {"trace": "trace_id"}
_NAMED = 2000
"""Units with several arms beyond which rule 5 asks about all units, not about these by name."""

UnitKey = tuple[str | None, str]
"""Project and unit."""
_Slice = tuple[str | None, str | None, str | None]
"""Project, unit and run."""


class Cells(msgspec.Struct):
    """What each unit came to in each arm."""

    tallies: dict[str, dict[UnitKey, Tally]]
    """By arm."""
    unassigned: int = 0
    """Events of units that belong to no arm."""
    outside: int = 0
    """Events that belong to no unit."""


class UnitArms:
    """The units and arms of one engine and window. Reads what is stated where; costs one or two questions."""

    def __init__(self, engine: Engine, window: Window, unit: str, by: str) -> None:
        """Raises `QueryError` for a name that is no dimension, or that nothing recorded has."""
        self._engine, self._window = engine, window
        self._unit, self._by = _column(unit), _column(by)
        if self._unit == self._by:
            raise QueryError(
                f"each {unit} would be an arm of one {unit}: compare by another field, or take other units"
            )
        self._slices: dict[_Slice, set[str]] = defaultdict(set)
        self._units: dict[UnitKey, set[str]] = defaultdict(set)
        self._runs: dict[tuple[str | None, str | None], set[str]] = defaultdict(set)
        self._seen: set[_Slice] = set()
        self._read_statements()
        if not any(unit is not None for _, unit, _ in self._seen):
            if not self._seen:
                raise _nothing_recorded()
            raise _nothing_has(unit, self._unit, "unit", self._units_there())
        if not self._slices and not self._runs:
            raise _nothing_has(by, self._by, "arm")

    def cells(self, part: Part, filters: Sequence[Filter] = ()) -> Cells:
        """What a part of a metric comes to, per arm and unit."""
        found = Cells(defaultdict(lambda: defaultdict(Tally)))
        undecided: set[str] = set()
        for row in self._rows(part, filters):
            project, unit, run, own = self._key(row)
            if unit is None:
                found.outside += row["events"]
            elif (arm := self._arm(project, unit, run, own)) is not None:
                found.tallies[arm][project, unit].add(part.read(row))
            elif len(self._slices.get((project, unit, run), ())) > 1 and self._by not in _OF_CALLS:
                undecided.add(unit)
            else:
                found.unassigned += row["events"]
        if undecided:
            self._add_by_span(found, part, filters, undecided)
        return found

    def units(self) -> dict[str, set[UnitKey]]:
        """All units that have anything in an arm."""
        found: dict[str, set[UnitKey]] = defaultdict(set)
        for project, unit, run in self._seen:
            if unit is None:
                continue
            arm = self._arm(project, unit, run, None)
            for name in self._slices.get((project, unit, run), ()) if arm is None else (arm,):
                found[name].add((project, unit))
        return found

    def is_joined(self, arm: str) -> bool:
        """Whether an arm is one of tasks whose calls have several values, and are in the arms of these themselves."""
        return self._by in _JOINED and _PLUS in arm

    def _units_there(self) -> list[str]:
        """Usual units that have values in the window, besides what is compared."""
        return [
            name
            for name in UNITS
            if (column := _column(name)) != self._by
            and self._engine.aggregate(
                Query(
                    start=self._window.start,
                    end=self._window.end,
                    filters=(Filter(column, "is not null"),),
                    measures=(Measure("count"),),
                )
            ).records()[0]["count"]
        ]

    def _arm(self, project: str | None, unit: str, run: str | None, own: str | None) -> str | None:
        if own is not None:
            return own
        for stated in (
            self._slices.get((project, unit, run)),
            self._runs.get((project, run)) if run is not None else None,
            self._units.get((project, unit)),
        ):
            if stated:
                return next(iter(stated)) if len(stated) == 1 else None
        return None

    # What is stated where

    def _read_statements(self) -> None:
        for row in self._engine.aggregate(self._query(())).records():
            project, unit, run, own = self._key(row)
            self._seen.add((project, unit, run))
            if own is None:
                continue
            if unit is None:
                self._runs[project, run].add(own)
            else:
                self._slices[project, unit, run].add(own)
                self._units[project, unit].add(own)
        for (project, run), value in self._configured():
            self._runs[project, run].add(value)

    def _configured(self) -> Iterator[tuple[tuple[str | None, str | None], str]]:
        """What the starts of runs state, also of runs that began before the window."""
        if self._by in COLUMNS:
            return
        start = Filter("name", "=", marks.RUN_START)
        query = Query(end=self._window.end, filters=(Filter("kind", "=", "mark"), start))
        key = self._by.removeprefix("attributes.")
        for project, run, attributes in self._engine.scan(query, ("project", "run", "attributes")):
            value = _stated(attributes or {}, key)
            if value is not None:
                yield (project, run), value

    # Asking the engine

    def _query(self, filters: Sequence[Filter], measures: Sequence[Measure] = (), *more: str) -> Query:
        keys = dict.fromkeys(("project", self._unit, "run", self._by, *more))
        return Query(
            start=self._window.start,
            end=self._window.end,
            filters=tuple(filters),
            group=tuple(keys),
            measures=(*measures, Measure("count", name="events")),
            relation="operations" if self._joins_calls(filters) else "events",
        )

    def _joins_calls(self, filters: Sequence[Filter]) -> bool:
        """Whether tasks are asked for with what only the calls inside them have."""
        return _is_of_tasks(filters) and (
            self._by in _OF_CALLS or any(condition.field in _OF_CALLS for condition in filters)
        )

    def _rows(self, part: Part, filters: Sequence[Filter]) -> list[dict[str, Any]]:
        return self._engine.aggregate(self._query((*part.filters, *filters), part.measures)).records()

    def _key(self, row: Mapping[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
        return row["project"], _text(row[self._unit]), row["run"], _text(row[self._by])

    def _add_by_span(self, found: Cells, part: Part, filters: Sequence[Filter], units: set[str]) -> None:
        """Rule 5, of units whose runs state several arms."""
        named = (Filter(self._unit, "in", tuple(sorted(units))),) if len(units) <= _NAMED else ()
        spans = SpanArms()
        # A model call without a statement of its own has nothing inside it, as a rule, and there are many.
        for enclosing in (Filter("kind", "!=", "llm_call"), Filter(self._by, "is not null")):
            for row in self._engine.aggregate(self._query((*named, enclosing), (), "span_id", "parent_id")).records():
                spans.add(row["span_id"], row["parent_id"], _text(row[self._by]))
        keys = ("span_id", "parent_id") if _is_of_tasks(part.filters) else ("parent_id",)
        silent = Filter(self._by, "is null")
        query = self._query((*part.filters, *filters, *named, silent), part.measures, *keys)
        for row in self._engine.aggregate(query).records():
            project, unit, run, _ = self._key(row)
            if unit not in units or self._arm(project, unit, run, None) is not None:
                continue
            arm = spans.arm(row.get("span_id"), row["parent_id"])
            if arm is None:
                found.unassigned += row["events"]
            else:
                found.tallies[arm][project, unit].add(part.read(row))


def _is_of_tasks(filters: Sequence[Filter]) -> bool:
    return any(condition.field == "kind" and condition.value == "task" for condition in filters)


def _column(name: str) -> str:
    return dimension(UNIT_ALIASES.get(name, name))


def _text(value: Any) -> str | None:
    """A value as a name. 1.0 and 1 are one, as JSON writers write either."""
    if value is None:
        return None
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text.removesuffix(".0") if text.removesuffix(".0").removeprefix("-").isdecimal() else text


def _stated(attributes: Mapping[str, Any], key: str) -> str | None:
    """What the start of a run states of a key: itself, or in its configuration (document 000's `SystemConfig`)."""
    config = attributes.get("config")
    places: list[Any] = [attributes, config]
    if isinstance(config, dict):
        places += [config.get("llm"), config.get("extra")]
        places += [config["llm"].get("extra")] if isinstance(config.get("llm"), dict) else []
    for place in places:
        if isinstance(place, dict) and place.get(key) is not None:
            value = place[key]
            return _text(value) if isinstance(value, str | int | float) else msgspec.json.encode(value).decode()
    return None


def _nothing_has(name: str, column: str, what: str, instead: Sequence[str] = ()) -> QueryError:
    if column in COLUMNS:
        others = f": take another, of which there are values of {', '.join(instead)}" if instead else ""
        return QueryError(f"nothing recorded in the window has a value of {name}, so there is no {what}{others}")
    key = column.removeprefix("attributes.")
    if near := near_dimension(key):
        return QueryError(
            f"no column is called {key!r} and no event of the window has an attribute of that name: did you mean "
            f"{near}? An attribute is recorded with attributes={{{key!r}: ...}}"
        )
    return QueryError(
        f"no event of the window has a value of {key!r}, so there is no {what}: record one with "
        f"attributes={{{key!r}: ...}}"
    )


def _nothing_recorded() -> QueryError:
    return QueryError("nothing is recorded in the window")
