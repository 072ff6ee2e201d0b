"""Operations as the stream has them: who recorded them, and when, does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.operations.operation_view import COMPONENT_TIME

_IDS_AT_ONCE = 1000
_DEEPEST = 32
_CLOCKS_DIFFER = timedelta(minutes=5)


class OperationRow(msgspec.Struct, frozen=True):
    name: str | None
    ended: datetime
    duration_ms: float | None
    outcome: str | None
    span_id: str | None
    parent_id: str | None
    error_category: str | None

    @property
    def started(self) -> datetime:
        return self.ended - timedelta(milliseconds=self.duration_ms or 0)


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

    They are the tasks named so and those that belong to the operation named so, but for tasks of another name inside
    one of them: those are parts of it. One without an id has nothing that says it belongs to it.
    """
    found = _tasks(engine, name, start)
    own = [row.span_id for row in found if row.span_id]
    # What is inside an operation happened after it began, but for clocks.
    since = min((row.started for row in found), default=start) - _CLOCKS_DIFFER
    inside = _with_descendants(engine, own, since)
    rows = [row for row in found if row.name == name or row.parent_id not in inside]
    used = Used()
    for ids in _portions(list(inside)):
        measures = (Measure("tokens"), Measure("cost"), Measure("count", over="usage", name="calls"))
        query = Query(start=since, filters=(Filter("parent_id", "in", ids),), measures=measures)
        (sums,) = engine.aggregate(query).records()
        used.tokens += sums["tokens"]
        used.cost += sums["cost_usd"] or 0
        used.unpriced_calls += sums["unpriced_calls"]
        used.priced_calls += sums["calls"] - sums["unpriced_calls"] if sums["cost_usd"] is not None else 0
    for ids in _portions([row.span_id for row in rows if row.span_id]):
        _add_components(engine, ids, since, used)
    return rows, used


def _tasks(engine: Engine, name: str, start: datetime) -> list[OperationRow]:
    found: dict[tuple[str, int], OperationRow] = {}
    columns = (
        "segment", "n", "name", "time", "duration_ms", "outcome", "span_id", "parent_id", "error_category",
    )  # fmt: skip
    for field in ("operation", "name"):
        query = Query(start=start, filters=(Filter("kind", "in", TASK_KINDS), Filter(field, "=", name)))
        for segment, n, *row in engine.scan(query, columns):
            found[segment, n] = OperationRow(*row)
    return sorted(found.values(), key=lambda row: row.ended)


def _add_components(engine: Engine, ids: tuple[str, ...], since: datetime, used: Used) -> None:
    query = Query(
        start=since,
        filters=(
            Filter("kind", "=", "measurement"),
            Filter("name", "=", COMPONENT_TIME),
            Filter("parent_id", "in", ids),
        ),
        group=("attributes.component",),
        measures=(Measure("sum", "value", name="ms"), Measure("distinct", "parent_id", name="operations")),
    )
    for component, ms, operations in engine.aggregate(query).rows:
        if component is not None:
            used.component_seconds[component] = used.component_seconds.get(component, 0.0) + ms / 1000
            used.component_operations[component] = used.component_operations.get(component, 0) + operations


def _with_descendants(engine: Engine, ids: Iterable[str], since: datetime) -> dict[str, None]:
    """The ids, and those of all spans inside them, each once: operations nest, and an operation may call itself."""
    known = dict.fromkeys(ids)
    level = list(known)
    for _ in range(_DEEPEST):
        below: list[str] = []
        for portion in _portions(level):
            filters = (Filter("parent_id", "in", portion), Filter("span_id", "is not null"))
            below += [row[0] for row in engine.scan(Query(start=since, filters=filters), ("span_id",))]
        level = [span_id for span_id in dict.fromkeys(below) if span_id not in known]
        if not level:
            break
        known |= dict.fromkeys(level)
    return known


def _portions(ids: list[str]) -> Iterator[tuple[str, ...]]:
    for first in range(0, len(ids), _IDS_AT_ONCE):
        yield tuple(ids[first : first + _IDS_AT_ONCE])
