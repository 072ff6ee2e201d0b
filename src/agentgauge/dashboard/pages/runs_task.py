"""`/operations/{operation}`: a task by itself, with what ran inside it on an axis of its own."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Note, Own, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.runs_filters import OneFilters
from agentgauge.dashboard.pages.runs_links import work_link
from agentgauge.dashboard.pages.runs_tables import tones_of
from agentgauge.dashboard.pages.runs_waterfall import waterfall_content
from agentgauge.engines import Filter
from agentgauge.service import short_wording
from agentgauge.service.records.operations import OperationParts, one_operation
from agentgauge.service.records.states import outcome_state
from agentgauge.service.records.work import WorkKind
from agentgauge.service.records.work_item import course
from agentgauge.service.window import Window

_MOST_OWN = 10
"""Events of one span: the task, and where it began."""


def _found(asked: PageAsked) -> OperationParts:
    return one_operation(asked.engine, asked.at["operation"])


def _check(asked: PageAsked) -> None:
    _found(asked)


def _head(asked: PageAsked) -> Iterator[Content]:
    found = _found(asked)
    state = outcome_state(found.outcome)
    links: list[tuple[str, list[tuple[str, str]]]] = [
        (title, [(value, asked.link("/runs", view="tasks", **{name: value}))])
        for name, title in (("agent", "Agent"), ("role", "Role"), ("user", "Person"), ("feature", "Feature"))
        if (value := getattr(found, name)) is not None
    ]
    works: tuple[tuple[str, WorkKind], ...] = (
        ("run", "run"), ("session", "session"), ("ticket", "ticket"), ("issue", "ticket"),
    )  # fmt: skip
    links += [
        (name.capitalize(), [(value, work_link(asked, kind, value, found.project))])
        for name, kind in works
        if (value := getattr(found, name)) is not None
    ]
    tone = tones_of(state).get("state", "")
    values = {"item": None, "title": found.name, "state": state, "tone": tone, "links": links, "when": found.time}
    yield Own(template="runs/head.html", values=values)
    yield Tiles(tuple(_tiles(found)))


def _tiles(found: OperationParts) -> Iterator[Tile]:
    unpriced = found.cost_source == "unpriced"
    yield Tile(title="Cost", figure=short_wording.money(found.cost_usd), note="a call is unpriced" if unpriced else "")
    took = found.duration_ms
    yield Tile(title="Duration", figure=short_wording.NOTHING if took is None else short_wording.duration(took))
    tokens = found.tokens
    yield Tile(title="Tokens", figure=short_wording.NOTHING if tokens is None else short_wording.large_count(tokens))
    if found.quality_score is not None:
        yield Tile(title="Quality", figure=short_wording.score(found.quality_score))
    yield Tile(title="Steps inside", figure=short_wording.count(len(found.steps)))


def _waterfall(asked: PageAsked) -> Iterator[Content]:
    found = _found(asked)
    own = course(asked.engine, Window(), (Filter("span_id", "=", asked.at["operation"]),), limit=_MOST_OWN)
    steps = {step.key: step for step in (*own, *found.steps)}
    yield waterfall_content(asked, (), goes_on=False, steps=[steps[key] for key in sorted(steps)])
    if found.has_more_steps:
        yield Note(f"Only the first {len(found.steps):,} steps inside it are shown.")


OPERATION = Page(
    path="/operations/{operation:path}",
    title="Task {operation}",
    of_menu="/runs",
    parameters=OneFilters,
    filtered=False,
    check=_check,
    cards=(
        Card(id="head", title="In short", build=_head, width="bare"),
        Card(id="waterfall", title="What happened", build=_waterfall),
    ),
)

__all__ = ["OPERATION"]
