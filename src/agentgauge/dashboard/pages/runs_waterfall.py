"""The waterfall of a run, session, ticket or task: a page of its rows, with the fields of the event that is open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from agentgauge.dashboard.content import Content, Own
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.runs_event import event_values
from agentgauge.dashboard.pages.runs_filters import OneFilters, one_of, read_key, written_key
from agentgauge.dashboard.pages.runs_links import task_link
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.engines import Filter
from agentgauge.service.graphs.waterfall import KINDS, Bar, drawing
from agentgauge.service.records.nesting import Node
from agentgauge.service.records.waterfall import Waterfall, of_steps, waterfall
from agentgauge.service.records.work_item import Step
from agentgauge.service.window import Window

ROWS = 100
_EVERYTHING = Window()


def waterfall_content(
    asked: PageAsked, filters: Sequence[Filter], *, goes_on: bool, steps: Sequence[Step] | None = None
) -> Content:
    """Of the events that meet the filters, or of steps that are at hand."""
    place = asked.filters
    assert isinstance(place, OneFilters)
    after = read_key(place.after)
    if steps is not None:
        chosen = tuple(step for step in steps if not place.kind or step.kind in place.kind)
        found = of_steps(chosen, limit=ROWS, after=after)
    else:
        kinds = (one_of("kind", place.kind),) if place.kind else ()
        found = waterfall(
            asked.engine, _EVERYTHING, (*filters, *kinds), limit=ROWS, after=after, part=read_key(place.part)
        )
    picture = drawing(found, place.zone(), asked.now, goes_on=goes_on)
    event = read_key(place.event)
    chosen_event = {} if event is None else event_values(asked, event)
    return Own(
        template="runs/waterfall.html",
        values={
            "found": found, "picture": picture, "kinds": KINDS, "chosen": place.event, "event": chosen_event,
            "kind_links": _kind_links(asked, place, found), "is_narrowed": bool(place.kind),
            "all_kinds": asked.here(kind=None), "close": asked.here(event=None) + "#waterfall",
            "more": None if found.after is None else asked.here(after=written_key(found.after)) + "#waterfall",
            "next_part": None
            if found.next_part is None
            else asked.here(after=None, part=written_key(found.next_part)) + "#waterfall",
            "first": asked.here(after=None, part=None) + "#waterfall" if place.after or place.part else None,
            "link_of": lambda bar: asked.here(event=written_key(bar.node.key)) + "#event",
            "key_of": lambda bar: written_key(bar.node.key),
            "alone": lambda bar: _alone(asked, bar),
        },
        table=_table(found.rows, picture.bars if picture else ()),
    )  # fmt: skip


def _alone(asked: PageAsked, bar: Bar) -> str | None:
    """Where a task is shown by itself, on an axis of its own."""
    own = bar.node.step.span_id
    if bar.node.kind != "task" or bar.node.is_open or own is None or asked.at.get("operation") == own:
        return None
    return task_link(asked, own)


def _kind_links(asked: PageAsked, place: OneFilters, found: Waterfall) -> dict[str, tuple[str, bool]]:
    links: dict[str, tuple[str, bool]] = {}
    for kind in KINDS:
        chosen = kind in place.kind
        others = [one for one in place.kind if one != kind] if chosen else [*place.kind, kind]
        links[kind] = asked.here(kind=others or None, after=None, part=None) + "#waterfall", chosen
    return links


def _table(rows: Sequence[Node], bars: Iterable[Bar]) -> Table:
    columns = (
        Column(key="began", title="Began", kind="time"),
        Column(key="kind", title="Kind"),
        Column(key="name", title="Name", kind="name"),
        Column(key="depth", title="Depth", kind="count"),
        Column(key="agent", title="Agent"),
        Column(key="outcome", title="Outcome"),
        Column(key="duration_ms", title="Duration", kind="duration"),
        Column(key="tokens", title="Tokens", kind="tokens"),
        Column(key="cost_usd", title="Cost", kind="money"),
        Column(key="unpriced_calls", title="Unpriced calls", kind="count"),
    )
    names = {id(bar.node): bar for bar in _flat(bars)}
    return Table(
        columns=columns, rows=tuple(Row(values=_values(row, names[id(row)])) for row in rows), caption="What happened"
    )


def _flat(bars: Iterable[Bar]) -> Iterator[Bar]:
    for bar in bars:
        yield bar
        yield from _flat(bar.inner)


def _values(node: Node, bar: Bar) -> dict[str, Any]:
    return {
        "began": node.began, "kind": node.kind, "name": bar.name, "depth": node.depth, "agent": node.step.agent,
        "outcome": node.step.outcome, "duration_ms": bar.duration_ms, "tokens": node.tokens,
        "cost_usd": node.cost_usd, "unpriced_calls": node.unpriced_calls,
    }  # fmt: skip
