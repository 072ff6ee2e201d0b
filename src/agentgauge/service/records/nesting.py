"""What ran inside what: the events of a piece of work as a tree, in the order in which they began.

An event is inside the one that its `parent_id` names; where it names none, inside what was going on around it:

    1. its span's parent; of what happened during a debugging cycle of that parent, the cycle
    2. without one, the innermost task, step or cycle of the same agent in the same work that it lies in by time; a task
       lies by time in cycles alone, since agents may do several at once, and a cycle of no agent takes all agents'
    3. else the issue, ticket, run or session that it names, while that is open

A start mark and its end are one node, so is a span with its start; a start without its end is open. Tokens and money of
a node are those of the calls in and below it, each counted once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from agentgauge.events import kinds, marks
from agentgauge.service.records.rows import RowKey
from agentgauge.service.records.work_item import Step

Placed = Literal["span", "time", "name", "root"]
"""How it is known what a node is inside."""

_SPAN_STARTS = {marks.AGENT_START: "task", marks.TOOL_START: "tool_call", marks.DEBUGGING_START: "debugging_cycle"}
_STARTS = {
    marks.SESSION_START: "session", marks.RUN_START: "run", marks.TICKET_START: "ticket", marks.ISSUE_START: "issue",
}  # fmt: skip
_ENDS = {marks.SESSION_END: "session", marks.RUN_END: "run", marks.TICKET_END: "ticket", marks.ISSUE_END: "issue"}
_WORKS = ("issue", "ticket", "run", "session")
"""The innermost first."""
_AROUND = ("task", "step", "debugging_cycle")
_CLOCKS = timedelta(milliseconds=50)
"""Clocks read twice are a little off: what ends so much after what is around it is inside still."""


class Node(msgspec.Struct, kw_only=True):
    """An event, or a start with its end, and what is inside it. Made here alone, and not changed afterwards."""

    step: Step
    kind: str
    """The event's; run, issue, session or ticket of their marks, and of an open span what it will be."""
    began: datetime
    ended: datetime
    """When it ended or happened; of what is open when it began, or its last inner event."""
    is_open: bool = False
    keys: tuple[RowKey, ...]
    """The events that it stands for."""
    parent: Node | None = None
    placed: Placed = "root"
    children: list[Node] = []
    cost_usd: Decimal | None = None
    """Of the priced calls in it; None where there are none."""
    unpriced_calls: int = 0
    calls: int = 0
    tokens: int = 0
    failures: int = 0
    """Errors and events that did not succeed, in and below it."""

    @property
    def key(self) -> RowKey:
        return self.step.key

    @property
    def has_failed(self) -> bool:
        return self.kind == "error" or self.step.outcome not in (None, "success")

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1

    def above(self) -> tuple[Node, ...]:
        """What it is inside, the outermost first."""
        return () if self.parent is None else (*self.parent.above(), self.parent)


def nested(steps: Sequence[Step]) -> tuple[Node, ...]:
    """The outermost nodes of steps in order of time."""
    nodes = _nodes(steps)
    nodes.sort(key=_order)
    spans = {node.step.span_id: node for node in nodes if node.step.span_id is not None and node.kind != "mark"}
    cycles: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        if node.kind == "debugging_cycle" and node.step.parent_id is not None:
            cycles[node.step.parent_id].append(node)
    works: dict[tuple[str, str | None, str], list[Node]] = defaultdict(list)
    for node in nodes:
        if node.kind in _WORKS and (name := getattr(node.step, node.kind)) is not None:
            works[node.kind, node.step.project, name].append(node)
    around = dict(_by_time(nodes))
    for node in nodes:
        found = spans.get(node.step.parent_id) if node.step.parent_id is not None else None
        if found is not None and found is not node and node not in found.above():
            cycle = next(
                (one for one in cycles[node.step.parent_id or ""] if one is not node and _holds(one, node)), None
            )
            _put(node, cycle if cycle is not None and node not in cycle.above() else found, "span")
        elif node.step.parent_id is None and (by_time := around.get(id(node))) and node not in by_time.above():
            _put(node, by_time, "time")
        elif (named := _named(node, works)) is not None and node not in named.above():
            _put(node, named, "name")
    roots = tuple(node for node in nodes if node.parent is None)
    for root in roots:
        _sum(root)
    return roots


def in_order(roots: Sequence[Node]) -> Iterator[Node]:
    """All nodes, each before what is inside it."""
    left = list(reversed(roots))
    while left:
        node = left.pop()
        yield node
        left += reversed(node.children)


def _order(node: Node) -> tuple[datetime, int, float, str, int]:
    # Of what begins at one time the longest comes first: the whole before its parts.
    outer = len(_WORKS) - _WORKS.index(node.kind) if node.kind in _WORKS else 0
    return node.began, -outer, -(node.ended - node.began).total_seconds(), node.step.segment, node.step.n


def _nodes(steps: Sequence[Step]) -> list[Node]:
    found: list[Node] = []
    started: dict[str, Node] = {}
    opened: dict[tuple[str, str | None, str | None, str], list[Node]] = defaultdict(list)
    for step in steps:
        mark = step.name if step.kind == "mark" else None
        if mark in _SPAN_STARTS and step.span_id is not None:
            node = _node(step, _SPAN_STARTS[mark], is_open=True)
            started[step.span_id] = node
        elif mark in _STARTS or mark in _ENDS:
            kind = _STARTS.get(mark) or _ENDS[mark]
            name = getattr(step, kind)
            starts = opened[kind, step.project, step.run if kind == "issue" else None, name or ""]
            node = _node(step, kind, is_open=mark in _STARTS)
            if mark in _STARTS:
                starts.append(node)
            elif starts:
                _fold(found, starts.pop(), node)
        else:
            node = _node(step, step.kind)
            start = started.pop(step.span_id, None) if step.span_id is not None else None
            if start is not None and start.kind == step.kind:
                _fold(found, start, node)
        found.append(node)
    return found


def _node(step: Step, kind: str, *, is_open: bool = False) -> Node:
    return Node(step=step, kind=kind, began=step.began or step.time, ended=step.time, is_open=is_open, keys=(step.key,))


def _fold(found: list[Node], start: Node, end: Node) -> None:
    """A start into its end."""
    found.remove(start)
    end.keys = (*start.keys, *end.keys)
    end.began = min(start.began, end.began)


def _by_time(nodes: Sequence[Node]) -> Iterator[tuple[int, Node]]:
    """What each node without a parent lies in, in the same work; `nodes` in order of their beginning."""
    around: dict[tuple[str | None, ...], list[Node]] = defaultdict(list)
    for node in nodes:
        step = node.step
        if node.kind in _WORKS:
            continue
        group = around[step.project, step.run, step.session, step.issue, step.ticket]
        group[:] = [outer for outer in group if outer.is_open or outer.ended + _CLOCKS >= node.began]
        if step.parent_id is None:
            inner = (outer for outer in reversed(group) if _takes(outer, node) and _holds(outer, node))
            if (found := next(inner, None)) is not None:
                yield id(node), found
        if node.kind in _AROUND:
            group.append(node)


def _takes(outer: Node, inner: Node) -> bool:
    """Whether by its kind and its agent one can be inside another."""
    if outer.kind == "debugging_cycle":
        return inner.kind != "debugging_cycle" and outer.step.agent in (None, inner.step.agent)
    return inner.kind not in _AROUND and outer.step.agent is not None and outer.step.agent == inner.step.agent


def _holds(outer: Node, inner: Node) -> bool:
    return outer.began <= inner.began and (outer.is_open or inner.ended <= outer.ended + _CLOCKS)


def _named(node: Node, works: dict[tuple[str, str | None, str], list[Node]]) -> Node | None:
    """The innermost work that a node names and lies in."""
    inner = _WORKS[_WORKS.index(node.kind) + 1 :] if node.kind in _WORKS else _WORKS
    for kind in inner:
        name = getattr(node.step, kind)
        for work in reversed(works.get((kind, node.step.project, name), ()) if name is not None else ()):
            if work is not node and work.step.run in (None, node.step.run) and _holds(work, node):
                return work
    return None


def _put(node: Node, parent: Node, placed: Placed) -> None:
    node.parent, node.placed = parent, placed
    parent.children = [*parent.children, node]


def _sum(root: Node) -> None:
    for node in reversed(list(in_order((root,)))):
        step = node.step
        if step.kind in kinds.USAGE_KINDS:
            node.calls += step.kind == "llm_call"
            node.tokens += step.tokens
            node.unpriced_calls += step.cost_usd is None and (step.kind == "llm_call" or step.cost_source == "unpriced")
            node.cost_usd = _plus(node.cost_usd, step.cost_usd)
        node.failures += node.has_failed
        if node.parent is not None:
            outer = node.parent
            outer.calls, outer.tokens = outer.calls + node.calls, outer.tokens + node.tokens
            outer.unpriced_calls += node.unpriced_calls
            outer.failures += node.failures
            outer.cost_usd = _plus(outer.cost_usd, node.cost_usd)
            if outer.is_open:
                outer.ended = max(outer.ended, node.ended)


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else one + other
