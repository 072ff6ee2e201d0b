"""A flame graph as lines to be read from above: what ran inside what, each with its part of the whole.

Where a line's bar begins and how long it is comes from the time of what stands above it, so that bars under each other
line up. Parts under one hundredth of the whole are told together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agentgauge.service.reports.flame import Flame, Node

DEEPEST = 5
_SMALLEST = 0.01
_MOST = 40


class Line(msgspec.Struct, frozen=True, kw_only=True):
    depth: int
    """0 of the outermost."""
    name: str
    kind: str
    """task, llm_call, tool_call, step; `others` of several small ones."""
    count: int
    failures: int
    total_ms: float
    self_ms: float
    share: float
    """Of the whole; above 1 where spans ran in parallel."""
    begins: float
    """Where its bar begins, a share of the whole."""
    in_parallel: bool


def flame_lines(flame: Flame) -> tuple[Line, ...]:
    """At most 40, the outermost first and each followed by what is inside it."""
    whole = flame.root.value
    return tuple(_lines(flame.root.children, 0, 0.0, whole))[:_MOST] if whole else ()


def _lines(nodes: tuple[Node, ...], depth: int, begins: float, whole: float) -> Iterator[Line]:
    shown = [node for node in nodes if node.share >= _SMALLEST]
    for node in shown:
        yield _line(node, depth, begins)
        if depth + 1 < DEEPEST:
            yield from _lines(node.children, depth + 1, begins, whole)
        begins += node.share
    small = [node for node in nodes if node.share < _SMALLEST and node.value]
    if small:
        total = sum(node.value for node in small)
        yield Line(
            depth=depth, name=f"{len(small)} more", kind="others", count=sum(node.count for node in small),
            failures=sum(node.failures for node in small), total_ms=total,
            self_ms=sum(node.self_ms for node in small), share=total / whole, begins=begins, in_parallel=False,
        )  # fmt: skip


def _line(node: Node, depth: int, begins: float) -> Line:
    return Line(
        depth=depth, name=node.name, kind=node.kind, count=node.count, failures=node.failures, total_ms=node.value,
        self_ms=node.self_ms, share=node.share, begins=begins, in_parallel=node.in_parallel,
    )  # fmt: skip
