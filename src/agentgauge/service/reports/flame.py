"""Where time goes inside operations: all runs of them laid over each other, as one tree of what ran inside what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.engines.spans import MOST_SPANS, SEPARATOR
from agentgauge.errors import QueryError
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.service.reports.rows import found_by
from agentgauge.service.window import Window

MOST_PATHS = 2_000
"""Paths that are told apart, those with the most time."""

_SPANS = ("task", "llm_call", "tool_call")
_CLOCKS = 1.001
"""Clocks read twice are a little off: parts that fill the whole may be above it by that."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """All spans of one path. `name`, `value` (with what is inside) and `children` are what flame graphs draw."""

    name: str
    """A task's or a tool's name, or a model."""
    kind: str
    """task, llm_call or tool_call; `all` of the root."""
    value: float
    """Milliseconds of all spans of the path together."""
    self_ms: float
    """The part of them in which nothing ran inside."""
    count: int
    failures: int
    share: float
    """Of the time of the root: above 1 where spans ran in parallel."""
    in_parallel: bool
    """Whether what is inside took more time together than the part of `value` in which anything ran inside: spans ran
    at the same time, or beyond the end of this one."""
    children: tuple[Node, ...]
    """The most time first."""


class Flame(msgspec.Struct, frozen=True, kw_only=True):
    operation: str | None
    window: Window
    root: Node
    """Of all outermost spans; its children are these."""
    newest_only: bool
    """Whether more spans than 100,000 met the conditions: the tree is of the newest."""
    cut: bool
    """Whether there are more than 2,000 paths: the others are in the time of those around them."""
    way: Way
    exact: bool
    missing_before: datetime | None
    """Where not None, spans before it have expired and are not in the tree."""


class _Branch(msgspec.Struct):
    label: str
    value: float = 0.0
    self_ms: float = 0.0
    count: int = 0
    failures: int = 0
    inside: dict[str, _Branch] = {}


def flame(engine: Engine, window: Window, operation: str | None = None, filters: Sequence[Filter] = ()) -> Flame:
    """The tree of tasks, model calls and tool calls, by name, from the outermost spans that ended in the window and
    meet the filters; of an operation, from the tasks of that name.

    A span without a duration counts, and has the time of what is inside it. Costs a second or
    two, whatever the number of events in the window. Raises `QueryError` for an operation that no task is called.
    """
    chosen = () if operation is None else (Filter("kind", "in", TASK_KINDS), Filter("name", "=", operation))
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*filters, *chosen),
        group=("name",),
        measures=(
            Measure("sum", "duration_ms", name="total_ms"),
            Measure("sum", "value", name="self_ms"),
            Measure("count", name="count"),
            Measure("failures", name="failures"),
        ),
        order=("-total_ms",),
        limit=MOST_PATHS + 1,
        relation="spans",
    )
    answer = engine.aggregate(query)
    met = engine.aggregate(
        Query(start=window.start, end=window.end, filters=(Filter("kind", "in", _SPANS), *query.filters))
    )
    if operation is not None and not answer.rows:
        _check_known(engine, operation)
    root = _tree(answer.records()[:MOST_PATHS])
    return Flame(
        operation=operation,
        window=window,
        root=_node(root, root.value),
        newest_only=met.rows[0][0] > MOST_SPANS,
        cut=len(answer.rows) > MOST_PATHS,
        **found_by(answer, met),
    )


def _tree(rows: Iterable[dict[str, Any]]) -> _Branch:
    root = _Branch("all:all")
    for row in rows:
        labels = row["name"].split(SEPARATOR)
        branch = root
        for label in labels:
            branch = branch.inside.setdefault(label, _Branch(label))
        branch.value += row["total_ms"]
        branch.self_ms += row["self_ms"]
        branch.count += row["count"]
        branch.failures += row["failures"]
    root.count = sum(branch.count for branch in root.inside.values())
    root.failures = sum(branch.failures for branch in root.inside.values())
    _settle(root)
    return root


def _settle(branch: _Branch) -> None:
    """Give a path without a duration of its own the time of what is inside it."""
    for inner in branch.inside.values():
        _settle(inner)
    if not branch.value:
        branch.value = sum(inner.value for inner in branch.inside.values())
    branch.self_ms = max(branch.self_ms, 0.0)


def _node(branch: _Branch, whole: float) -> Node:
    kind, _, name = branch.label.partition(":")
    children = sorted(branch.inside.values(), key=lambda inner: (-inner.value, inner.label))
    within = sum(inner.value for inner in children)
    return Node(
        name=name,
        kind=kind,
        value=branch.value,
        self_ms=branch.self_ms,
        count=branch.count,
        failures=branch.failures,
        share=branch.value / whole if whole else 0.0,
        in_parallel=within > (branch.value - branch.self_ms) * _CLOCKS,
        children=tuple(_node(inner, whole) for inner in children),
    )


def _check_known(engine: Engine, operation: str) -> None:
    """Raises `QueryError` where no task was ever called so."""
    query = Query(filters=(Filter("kind", "in", TASK_KINDS),), group=("name",), order=("-count",))
    known = [row[0] for row in engine.aggregate(query).rows]
    if operation in known:
        return
    near = get_close_matches(operation, known, n=1)
    meant = f": did you mean {near[0]}?" if near else "."
    there = f"There are {', '.join(known[:10])}{', ...' if len(known) > 10 else ''}" if known else "No task is recorded"
    raise QueryError(f"no task is called {operation!r}{meant} {there}")
