"""Operations as the stream has them: who recorded them, and when, does not matter."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.operations.operation_view import COMPONENT_TIME

_NAMED_AT_MOST = 500
"""Ids that a question names. For more it is about all events in the window: making SQL of many takes longer."""
_DEEPEST = 32
_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_MS = timedelta(days=3650) / timedelta(milliseconds=1)
"""A duration beyond it is some clock's error, and must not take the window out of the calendar."""


class OperationRow(msgspec.Struct, frozen=True):
    ended: datetime
    duration_ms: float | None
    outcome: str | None
    span_id: str | None
    error_category: str | None

    @property
    def started(self) -> datetime:
        return self.ended - timedelta(milliseconds=min(self.duration_ms or 0, _LONGEST_MS))


class Used(msgspec.Struct):
    """What operations used, with all that happened inside them."""

    tokens: int = 0
    cost: Decimal = Decimal(0)
    priced_calls: int = 0
    unpriced_calls: int = 0
    component_seconds: dict[str, float] = {}
    component_operations: dict[str, int] = {}
    """Operations that have the component."""


def read_operations(engine: Engine, name: str, start: datetime) -> tuple[list[OperationRow], Used]:
    """The operations of a name that ended since `start`, by their end, and what they used.

    They are the tasks named so, and those of another name that belong to the operation named so and are inside
    nothing: inside something they are parts of one, which may still run. What they used are the calls inside them, and
    those that belong to the operation named so and are inside nothing.
    """
    belong = (Filter("operation", "=", name), Filter("parent_id", "is null"))
    rows, used = _tasks(engine, name, belong, start), Used()
    _add_usage(engine, Query(start=start, filters=belong), {None}, used)
    own = {row.span_id for row in rows if row.span_id}
    if own:
        # What is inside an operation happened after it began, but for clocks.
        since = min(row.started for row in rows) - _CLOCKS_DIFFER
        inside = _with_descendants(engine, own, since)
        _add_usage(engine, Query(start=since, filters=(_inside(inside),)), inside, used)
        _add_components(engine, own, since, used)
    return rows, used


def _tasks(engine: Engine, name: str, belong: tuple[Filter, ...], start: datetime) -> list[OperationRow]:
    columns = ("time", "duration_ms", "outcome", "span_id", "error_category")
    found = []
    for told in ((Filter("name", "=", name),), (*belong, Filter("name", "!=", name))):
        query = Query(start=start, filters=(Filter("kind", "in", TASK_KINDS), *told))
        found += [OperationRow(*row) for row in engine.scan(query, columns)]
    return sorted(found, key=lambda row: row.ended)


def _add_usage(engine: Engine, query: Query, parents: Collection[str | None], used: Used) -> None:
    """Add what the calls of `query` used that are directly inside `parents`."""
    measures = (Measure("tokens"), Measure("cost"), Measure("count", over="usage"))
    query = msgspec.structs.replace(query, group=("parent_id",), measures=measures)
    for parent, tokens, cost, unpriced, calls in engine.aggregate(query).rows:
        if parent in parents:
            used.tokens += tokens
            used.unpriced_calls += unpriced
            if cost is not None:
                used.cost += cost
                used.priced_calls += calls - unpriced


def _add_components(engine: Engine, ids: Collection[str], since: datetime, used: Used) -> None:
    query = Query(
        start=since,
        filters=(_inside(ids), Filter("kind", "=", "measurement"), Filter("name", "=", COMPONENT_TIME)),
        group=("parent_id", "attributes.component"),
        measures=(Measure("sum", "value"),),
    )
    for parent, component, ms in engine.aggregate(query).rows:
        if component is not None and parent in ids:
            used.component_seconds[component] = used.component_seconds.get(component, 0.0) + ms / 1000
            used.component_operations[component] = used.component_operations.get(component, 0) + 1


def _with_descendants(engine: Engine, ids: Iterable[str], since: datetime) -> dict[str, None]:
    """The ids, and those of all spans inside them, each once: operations nest, and an operation may call itself."""
    known = dict.fromkeys(ids)
    level = known
    for _ in range(_DEEPEST):
        query = Query(start=since, filters=(_inside(level), Filter("span_id", "is not null")))
        found = engine.scan(query, ("parent_id", "span_id"))
        level = dict.fromkeys(span for parent, span in found if parent in level and span not in known)
        if not level:
            break
        known |= level
    return known


def _inside(ids: Collection[str]) -> Filter:
    """What passes events directly inside these spans, and maybe others."""
    if 0 < len(ids) <= _NAMED_AT_MOST:
        return Filter("parent_id", "in", tuple(ids))
    return Filter("parent_id", "is not null")
