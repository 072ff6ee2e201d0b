"""`/runs/{run}`, `/sessions/{session}`, `/tickets/{ticket}`: the whole of one, on one page.

A ticket's page is an issue's too. Where several projects have one of that name, the page asks which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Own, Sentence, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.runs_filters import FAILED, OneFilters
from agentgauge.dashboard.pages.runs_links import PLURALS, rows_of, work_link
from agentgauge.dashboard.pages.runs_tables import STATES_CHANGE_AFTER, events_table, tones_of, works_table
from agentgauge.dashboard.pages.runs_use import code_facts, cycles_table, pipelines_table, used_by, used_tools
from agentgauge.dashboard.pages.runs_waterfall import waterfall_content
from agentgauge.engines import Filter
from agentgauge.errors import Ambiguous
from agentgauge.service import reports, short_wording
from agentgauge.service.activity_writers import look_at_writers
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.courses import sums_by
from agentgauge.service.records.failures import failures
from agentgauge.service.records.states import State, states
from agentgauge.service.records.story import Story, story
from agentgauge.service.records.work import Name, WorkKind
from agentgauge.service.records.work_item import WorkItem, find_work, of_work, work_item
from agentgauge.service.reports.breakdown import WORK
from agentgauge.service.window import Window

_EVERYTHING = Window()
_MOST_FAILURES = 10
_DAY_MS = 86_400_000
Build = Callable[[PageAsked, WorkKind, Name], Content | Iterable[Content]]


def _found(asked: PageAsked, kind: WorkKind) -> Name:
    assert isinstance(asked.filters, OneFilters)
    project = asked.filters.of
    return asked.once("name", lambda: find_work(asked.engine, kind, asked.at[kind], project))


def _item(asked: PageAsked, kind: WorkKind, name: Name) -> WorkItem:
    return asked.once("item", lambda: work_item(asked.engine, kind, name[1], name[0] or ""))


def _story(asked: PageAsked, kind: WorkKind, name: Name) -> Story:
    return asked.once("story", lambda: story(asked.engine, _item(asked, kind, name), _filters(kind, name)))


def _filters(kind: WorkKind, name: Name) -> tuple[Filter, ...]:
    return of_work(kind, name)


def _check(kind: WorkKind) -> Callable[[PageAsked], None]:
    def check(asked: PageAsked) -> None:
        try:
            _found(asked, kind)
        except Ambiguous:
            return

    return check


def _of(kind: WorkKind, build: Build) -> Callable[[PageAsked], Iterable[Content]]:
    """Nothing where it is not clear which is meant."""

    def built(asked: PageAsked) -> Iterable[Content]:
        try:
            name = _found(asked, kind)
        except Ambiguous:
            return ()
        found = build(asked, kind, name)
        return found if isinstance(found, Iterable) else (found,)

    return built


def _head(kind: WorkKind) -> Callable[[PageAsked], Iterator[Content]]:
    def head(asked: PageAsked) -> Iterator[Content]:
        try:
            name = _found(asked, kind)
        except Ambiguous as error:
            choices = [
                (one or "no project", work_link(asked, kind, asked.at[kind], one or None)) for one in error.allowed
            ]
            yield Own(template="runs/which.html", values={"kind": kind, "name": asked.at[kind], "choices": choices})
            return
        item = _item(asked, kind, name)
        state = _state(asked, item)
        tone = tones_of(state).get("state", "")
        values = {"item": item, "state": state, "tone": tone, "links": _links(asked, item)}
        yield Own(template="runs/head.html", values=values)
        yield Tiles(tuple(_tiles(asked, item, state)))
        yield Own(
            template="runs/story.html",
            values={"sentences": _story(asked, kind, name).sentences, "item": item},
        )

    return head


def _state(asked: PageAsked, item: WorkItem) -> State:
    def find() -> State:
        writers = look_at_writers(asked.runtime.meter.settings.home)
        return states(asked.engine, (item,), asked.now, writers)[item.project, item.name]

    return asked.once("state", find)


def _links(asked: PageAsked, item: WorkItem) -> list[tuple[str, list[tuple[str, str]]]]:
    """What it names, with where each leads."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    if item.project is not None:
        found.append(("Project", [(item.project, asked.link("/runs", project=item.project))]))
    if item.agents:
        found.append(("Agents", [(name, asked.link("/runs", view="tasks", agent=name)) for name in item.agents]))
    if item.models:
        found.append(("Models", [(name, asked.link("/runs", view="calls", model=name)) for name in item.models]))
    for kind, title in (("run", "Runs"), ("session", "Sessions"), ("ticket", "Tickets"), ("issue", "Issues")):
        if named := item.parts.get(kind, ()):
            of: WorkKind = "ticket" if kind == "issue" else kind  # type: ignore[assignment] # kinds of work all
            links = [(one.name, work_link(asked, of, one.name, item.project)) for one in named[:12]]
            found.append((title, [*links, *([(f"+{len(named) - 12}", asked.here())] if len(named) > 12 else [])]))
    if users := item.parts.get("user", ()):
        found.append(("People", [(one.name, asked.link("/runs", view="tasks", user=one.name)) for one in users[:8]]))
    return found


def _tiles(asked: PageAsked, item: WorkItem, state: State) -> Iterator[Tile]:
    whole = rows_of(item.kind, item.name, item.project)
    calls, tools = (asked.link("/runs", view="calls", kind=f"{of}_call", **whole) for of in ("llm", "tool"))
    yield Tile(
        title="Cost",
        figure=short_wording.money(item.cost_usd),
        link=asked.link("/runs", view="calls", order="dearest", having="cost", **whole),
        note=f"{item.unpriced_calls:,} of {item.calls:,} calls unpriced" if item.unpriced_calls else "",
    )
    yield Tile(
        title="Duration", figure=short_wording.duration(item.elapsed_ms),
        note="so far" if state == "running" else "first to last event",
    )  # fmt: skip
    yield Tile(
        title="Model calls", figure=short_wording.count(item.calls), link=calls,
        note=f"{item.failed_calls:,} failed" if item.failed_calls else "",
    )  # fmt: skip
    yield Tile(
        title="Tokens", figure=short_wording.large_count(item.tokens), link=calls,
        note=f"{short_wording.percent(item.cached_share)} of input from cache" if item.cache_read_tokens else "",
    )  # fmt: skip
    yield Tile(
        title="Tool calls", figure=short_wording.count(item.tool_calls), link=tools,
        note=f"{item.failed_tool_calls:,} failed" if item.failed_tool_calls else "",
    )  # fmt: skip
    yield Tile(
        title="Tasks", figure=short_wording.count(item.tasks), link=asked.link("/runs", view="tasks", **whole),
        note=f"{item.successful_tasks:,} succeeded, {item.failed_tasks:,} not" if item.tasks else "",
    )  # fmt: skip
    if item.quality.count:
        yield Tile(
            title="Quality", figure=short_wording.score(item.quality.mean), note=f"of {item.quality.count:,} tasks",
            link=asked.link("/runs", view="tasks", having="quality", **whole),
        )  # fmt: skip


def _waterfall(asked: PageAsked, kind: WorkKind, name: Name) -> Content:
    goes_on = _state(asked, _item(asked, kind, name)) == "running"
    return waterfall_content(asked, _filters(kind, name), goes_on=goes_on)


def _failures(asked: PageAsked, kind: WorkKind, name: Name) -> Iterator[Content]:
    found = failures(asked.engine, _EVERYTHING, _filters(kind, name), limit=_MOST_FAILURES)
    if not found:
        return
    item = _item(asked, kind, name)
    yield events_table(asked, found, "What failed, the newest first", tells_place=False)
    if len(found) == _MOST_FAILURES:
        whole = rows_of(kind, item.name, item.project)
        failed = item.failed_calls + item.failed_tool_calls + item.failed_tasks
        yield Sentence(
            text=f"The newest {_MOST_FAILURES}. In all {failed:,} calls and tasks did not succeed.",
            link=asked.link("/runs", view="calls", kind=WORK, outcome=FAILED, **whole),
            link_text="All of them",
        )
        if item.errors:
            yield Sentence(
                text=f"{item.errors:,} errors were recorded.",
                link=asked.link("/runs", view="calls", kind="error", **whole),
                link_text="All errors",
            )


def _days(asked: PageAsked, kind: WorkKind, name: Name) -> Iterator[Content]:
    item = _item(asked, kind, name)
    if item.elapsed_ms < _DAY_MS or not item.cost_usd:
        return
    course = reports.cost_over_time(
        asked.engine, _EVERYTHING, "day", asked.filters.tz, asked.now, _filters(kind, name), by=("agent",)
    )
    known = known_entities(asked.engine, "agent")
    yield drawn(sums_by(course.rows, "agent", lambda of: of.cost_usd, "usd", known=known, width="day", what="cost"))


def _parts(asked: PageAsked, kind: WorkKind, name: Name) -> Iterator[Content]:
    found = _story(asked, kind, name)
    writers = look_at_writers(asked.runtime.meter.settings.home)
    for of, title in (("run", "Run"), ("session", "Session")):
        works = [part for part in found.parts if part.kind == of]
        if works:
            yield works_table(asked, works, states(asked.engine, works, asked.now, writers), title, None)


def _pipelines(asked: PageAsked, kind: WorkKind, name: Name) -> Iterator[Content]:
    if found := _story(asked, kind, name).pipelines:
        yield pipelines_table(asked, found, tells_run=kind != "run")


def _cycles(asked: PageAsked, kind: WorkKind, name: Name) -> Iterator[Content]:
    if found := _story(asked, kind, name).cycles:
        yield cycles_table(asked, found, tells_run=kind != "run")


def _code(asked: PageAsked, kind: WorkKind, name: Name) -> Iterator[Content]:
    if (found := _story(asked, kind, name).code) is not None:
        yield code_facts(found)


def _use(column: str) -> Build:
    def use(asked: PageAsked, kind: WorkKind, name: Name) -> Content | Iterable[Content]:
        whole = rows_of(kind, name[1], name[0])
        if column == "tool":
            return used_tools(asked, _filters(kind, name), whole)
        return used_by(asked, _filters(kind, name), column, whole)

    return use


def _page(kind: WorkKind, title: str) -> Page:
    return Page(
        path=f"/{PLURALS[kind]}/{{{kind}:path}}",
        title=f"{title} {{{kind}}}",
        of_menu="/runs",
        parameters=OneFilters,
        filtered=False,
        check=_check(kind),
        cards=(
            Card(id="head", title="In short", build=_head(kind), width="bare"),
            Card(id="waterfall", title="What happened", build=_of(kind, _waterfall), optional=True),
            Card(id="failures", title="What failed", build=_of(kind, _failures), optional=True),
            Card(id="agents", title="By agent", build=_of(kind, _use("agent")), width="half", optional=True),
            Card(id="models", title="By model", build=_of(kind, _use("model")), width="half", optional=True),
            Card(id="tools", title="By tool", build=_of(kind, _use("tool")), width="half", optional=True),
            Card(id="code", title="Code", build=_of(kind, _code), width="half", optional=True),
            Card(id="pipelines", title="Pipelines", build=_of(kind, _pipelines), width="half", optional=True),
            Card(id="cycles", title="Debugging cycles", build=_of(kind, _cycles), width="half", optional=True),
            Card(id="parts", title="Runs and sessions", build=_of(kind, _parts), optional=True),
            Card(id="days", title="Cost by day", build=_of(kind, _days), optional=True),
        ),
        keeps_for=STATES_CHANGE_AFTER,
    )


RUN = _page("run", "Run")
SESSION = _page("session", "Session")
TICKET = _page("ticket", "Ticket")

__all__ = ["RUN", "SESSION", "TICKET"]
