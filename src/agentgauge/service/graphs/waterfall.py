"""A waterfall as it is drawn: bars on an axis of time, coloured by kind, and the whole of it in small.

A colour belongs to a kind; each kind has a word and an icon too. Places and widths are percent of the axis.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

import msgspec

from agentgauge.service.graphs.time_axis import TimeAxis, time_axis
from agentgauge.service.records.nesting import Node, in_order
from agentgauge.service.records.waterfall import Waterfall

KINDS: Mapping[str, tuple[str, str]] = {
    "session": ("session", "var(--muted)"), "run": ("run", "var(--muted)"), "ticket": ("ticket", "var(--muted)"),
    "issue": ("issue", "var(--muted)"),
    "task": ("task", "var(--series-1)"),
    "llm_call": ("model call", "var(--series-2)"),
    "tool_call": ("tool call", "var(--series-3)"), "pipeline": ("pipeline", "var(--series-4)"),
    "debugging_cycle": ("debugging cycle", "var(--series-5)"), "error": ("error", "var(--bad)"),
    "step": ("step", "var(--series-6)"), "feature_usage": ("feature use", "var(--series-other)"),
    "satisfaction": ("satisfaction", "var(--series-other)"), "measurement": ("measurement", "var(--series-other)"),
    "mark": ("mark", "var(--series-other)"),
}  # fmt: skip
"""What a kind is called, and its colour."""
_NARROWEST = 0.35
_LANE = 6
_MOST_STROKES = 600


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    node: Node
    word: str
    """What its kind is called."""
    name: str
    colour: str
    left: float
    width: float
    """0 of what has no duration."""
    duration_ms: float
    """NaN where it is not known; of what is open, until the last that is known of it."""
    inner: tuple[Bar, ...] = ()
    """Those of the same page."""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One kind in the small picture of the whole."""

    kind: str
    word: str
    colour: str
    count: int
    strokes: tuple[tuple[float, float], ...]
    """Left and width; those that touch are one."""
    top: int


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    axis: TimeAxis
    """Of this page's rows, so that what is short can be seen in what is long."""
    bars: tuple[Bar, ...]
    """The outermost of this page, with what is inside them."""
    above: tuple[Bar, ...]
    lanes: tuple[Lane, ...]
    height: int
    """Of the small picture, in pixels."""
    page: tuple[float, float]
    """Where this page's rows are in the small picture: left and width."""


def drawing(found: Waterfall, zone: tzinfo, now: datetime, *, goes_on: bool) -> Drawing | None:
    """None of nothing. What is open reaches until `now` where the work goes on."""
    nodes = tuple(in_order(found.roots))
    if goes_on:
        for node in nodes:
            node.ended = max(node.ended, now) if node.is_open else node.ended
    whole = _axis(nodes, zone)
    axis = _axis(found.rows, zone)
    if whole is None or axis is None:
        return None
    inside: dict[int, list[Node]] = {}
    shown = {id(node) for node in found.rows}
    outermost: list[Node] = []
    for node in found.rows:
        if node.parent is not None and id(node.parent) in shown:
            inside.setdefault(id(node.parent), []).append(node)
        else:
            outermost.append(node)
    lanes = _lanes(nodes, whole)
    left, right = whole.at(axis.start), whole.at(axis.end)
    return Drawing(
        axis=axis,
        bars=tuple(_bar(node, axis, inside) for node in outermost),
        above=tuple(_bar(node, axis, {}) for node in found.above),
        lanes=lanes,
        height=len(lanes) * _LANE,
        page=(round(left, 2), round(max(right - left, 0.5), 2)),
    )


def _axis(nodes: Sequence[Node], zone: tzinfo) -> TimeAxis | None:
    """Of what goes on innermost: a pause in that is one, however long what is around it lasts."""
    innermost = [node for node in nodes if not node.children]
    return time_axis(((node.began, node.ended) for node in innermost or nodes), zone)


def _bar(node: Node, axis: TimeAxis, inside: Mapping[int, Sequence[Node]]) -> Bar:
    word, colour = KINDS[node.kind]
    left, right = axis.at(node.began), axis.at(node.ended)
    timed = node.ended > node.began
    width = max(right - left, _NARROWEST) if timed else 0.0
    return Bar(
        node=node,
        word=word,
        name=_name(node),
        colour=colour,
        left=round(min(left, 100 - width), 3),
        width=round(width, 3),
        duration_ms=_duration(node),
        inner=tuple(_bar(child, axis, inside) for child in inside.get(id(node), ())),
    )


def _duration(node: Node) -> float:
    if node.step.duration_ms is not None:
        return node.step.duration_ms
    took = (node.ended - node.began).total_seconds() * 1000
    return took if took > 0 else math.nan


def _name(node: Node) -> str:
    """A task's or a tool's name, a model, an error's type."""
    step = node.step
    match node.kind:
        case "llm_call":
            return step.model or "a model"
        case "error":
            return step.error_type or step.name or "error"
        case "run" | "session" | "ticket" | "issue" as work:
            return getattr(step, work) or work
        case "task" if node.is_open:
            return step.role or step.agent or "task"
        case "tool_call" if node.is_open:
            return step.operation or "a tool"
        case "debugging_cycle":
            return step.name if step.name not in (None, "debugging", "debugging_start") else "find and mend"
        case "feature_usage":
            return " ".join(part for part in (step.feature, step.name) if part) or "feature"
        case _:
            return (step.name or node.kind).replace("_", " ") if node.kind == "mark" else step.name or node.kind


def _lanes(nodes: Sequence[Node], axis: TimeAxis) -> tuple[Lane, ...]:
    counts = Counter(node.kind for node in nodes)
    found: list[Lane] = []
    for kind in (one for one in KINDS if one in counts):
        word, colour = KINDS[kind]
        strokes = _touching(sorted((axis.at(node.began), axis.at(node.ended)) for node in nodes if node.kind == kind))
        top = len(found) * _LANE
        found.append(
            Lane(kind=kind, word=word, colour=colour, count=counts[kind], strokes=strokes[:_MOST_STROKES], top=top)
        )
    return tuple(found)


def _touching(ends: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    merged: list[tuple[float, float]] = []
    for left, right in ends:
        right = max(right, left + 0.15)
        if merged and left <= merged[-1][1] + 0.05:
            merged[-1] = merged[-1][0], max(merged[-1][1], right)
        else:
            merged.append((left, right))
    return tuple((round(left, 2), round(right - left, 2)) for left, right in merged)
