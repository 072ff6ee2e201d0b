"""Single operations, the newest first: a finished piece of an agent's work each, with what the calls inside it used.

A call is inside the operation that it names as its parent, as in `agentgauge.engines.operations`: the usage of all
operations together is that of all calls inside operations, each counted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.engines.operations import OF_CALLS
from agentgauge.errors import NotFound
from agentgauge.events import kinds
from agentgauge.service.records.rows import RowKey, event_rows
from agentgauge.service.records.work_item import Step, course
from agentgauge.service.window import Window

_MICROSECOND = timedelta(microseconds=1)
_TASKS = Filter("kind", "in", kinds.TASK_KINDS)
_DEEPEST = 32
_MOST_STEPS = 1000
_AT_ONCE = 500


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Absent values are None."""

    id: str | None
    """Its `span_id`, by which it is asked for; None where its source has none."""
    name: str
    """What it is called, as an operation or else as a task."""
    time: datetime
    """When it ended."""
    duration_ms: float | None
    outcome: str | None
    project: str | None
    session: str | None
    run: str | None
    issue: str | None
    ticket: str | None
    agent: str | None
    role: str | None
    feature: str | None
    user: str | None
    model: str | None
    """Of the calls inside; several are joined by ' + '."""
    provider: str | None
    tokens: int | None
    """None where no model was called inside."""
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    """None where no call is inside, or one of them is unpriced: `cost_source` is then `unpriced`."""
    cost_source: str | None
    quality_score: float | None
    error_type: str | None
    error_category: str | None
    error_message: str | None
    trace_id: str | None
    parent_id: str | None
    segment: str
    n: int

    @property
    def key(self) -> RowKey:
        return self.time, self.segment, self.n


class OperationParts(Operation, frozen=True, kw_only=True):
    steps: tuple[Step, ...]
    """What ran inside it, and inside that, in order of time: tasks, calls, timings of components, errors."""
    has_more_steps: bool
    """Whether there are more than the first 1,000."""


_STATED = tuple(
    {"id": "span_id"}.get(name, name) for name in Operation.__struct_fields__ if name not in ("time", "segment", "n")
)


def list_operations(
    engine: Engine, window: Window, filters: Sequence[Filter] = (), *, limit: int, after: RowKey | None = None
) -> tuple[Operation, ...]:
    """At most `limit`, those after an operation's key.

    Which tasks are on the page is asked of the tasks alone where conditions are on nothing else, so that only the calls
    around these few are looked at; conditions on what calls used cost a look at all calls of the window.
    """
    of_tasks = not any(condition.field in OF_CALLS for condition in filters)
    if of_tasks:
        tasks = (_TASKS, *filters)
        keys = [row[:3] for row in event_rows(engine, window, tasks, (), limit=limit, after=after)]
        if not keys:
            return ()
        window = Window(keys[-1][0], keys[0][0] + _MICROSECOND)
    rows = event_rows(engine, window, filters, ("operation", *_STATED), limit=limit, after=after, relation="operations")
    return tuple(map(_operation, rows))


def one_operation(engine: Engine, identity: str) -> OperationParts:
    """The operation of a span id, with what ran inside it. Raises `NotFound`."""
    own = (Filter("span_id", "=", identity),)
    task = next(event_rows(engine, Window(), (_TASKS, *own), (), limit=1), None)
    if task is None:
        raise NotFound(f"no operation has the id {identity!r}: take the id of one that is listed", field="operation_id")
    at = Window(task[0], task[0] + _MICROSECOND)
    found = next(event_rows(engine, at, own, ("operation", *_STATED), limit=1, relation="operations"))
    operation = _operation(found)
    steps = _inside(engine, identity)
    return OperationParts(
        **{name: getattr(operation, name) for name in Operation.__struct_fields__},
        steps=steps[:_MOST_STEPS],
        has_more_steps=len(steps) > _MOST_STEPS,
    )


def _inside(engine: Engine, identity: str) -> tuple[Step, ...]:
    """The first steps inside a span and inside these, level by level, in order of time."""
    found: dict[tuple[str, int], Step] = {}
    outer, seen = [identity], {identity}
    for _ in range(_DEEPEST):
        steps: list[Step] = []
        for begin in range(0, len(outer), _AT_ONCE):
            within = Filter("parent_id", "in", tuple(outer[begin : begin + _AT_ONCE]))
            steps += course(engine, Window(), (within,), limit=_MOST_STEPS + 1)
        found |= {(step.segment, step.n): step for step in steps}
        outer = sorted({step.span_id for step in steps if step.span_id is not None} - seen)
        seen.update(outer)
        if not outer or len(found) > _MOST_STEPS:
            break
    return tuple(sorted(found.values(), key=lambda step: step.key))


def _operation(row: Sequence[Any]) -> Operation:
    time, segment, n, operation, identity, name, *stated = row
    fields = dict(zip(_STATED[2:], stated, strict=True))
    return Operation(**fields, id=identity, name=operation or name, time=time, segment=segment, n=n)
