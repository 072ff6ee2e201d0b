"""`/`: what a team keeps open: what was spent and how well it went, what changed and why, and what needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from agentgauge.dashboard.alert_acts import OF_ALERTS
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.change_words import tile_change
from agentgauge.dashboard.content import Content, Empty, Note, Own, Sentence, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.work_courses import cost_by_model, latency
from agentgauge.dashboard.pages.work_tables import MAIN, agents_table
from agentgauge.service import reports, short_wording
from agentgauge.service.explain_wording import told
from agentgauge.service.reports.changes import Changes, FigureName
from agentgauge.service.reports.over_time import Slot
from agentgauge.service.reports.totals import FEW, Vitals
from agentgauge.service.window import Window
from agentgauge.state.alerts import AlertBook

_SEND = "agentgauge import claude-code ~/.claude/projects"
_AGENTS_SHOWN = 8
_ALERTS_SHOWN = 5
_Figure = Callable[[Vitals], Decimal | float | None]
_LINKS = {"cost": "/costs", "tasks": "/runs", "success_rate": "/agents", "p95_duration": "/performance"}


def _tiles(asked: PageAsked) -> Iterator[Content]:
    found = reports.vitals(asked.engine, asked.window, asked.conditions)
    if found.first is None:
        yield _nothing(asked)
        return
    width = asked.filters.width(asked.now, found.first)
    if asked.previous is None:
        rows = reports.vitals_over_time(
            asked.engine, asked.window, width, asked.filters.tz, asked.now, asked.conditions
        ).rows
        yield _figures(asked, found, rows, {})
        return
    changed = _changes(asked, asked.previous)
    words = {one.name: tile_change(one, changed, asked) for one in changed.changes}
    yield _figures(asked, found, changed.course, words)


def _nothing(asked: PageAsked) -> Empty:
    """Why there is nothing, and the one command that sends data where there never was any."""
    if asked.first is not None:
        return Empty(text="No events in this range, with these filters.")
    where = f" in {asked.runtime.settings.recording.home.root}" if asked.may_act else ""
    return Empty(text=f"Nothing is recorded{where} yet. This brings in what coding agents have logged:", command=_SEND)


def _changes(asked: PageAsked, previous: Window) -> Changes:
    return asked.once(
        "changes",
        lambda: reports.changes(
            asked.engine, asked.window, previous, width=asked.filters.width(asked.now, asked.first),
            zone=asked.filters.tz, now=asked.now, filters=asked.conditions,
        ),
    )  # fmt: skip


def _figures(
    asked: PageAsked, found: Vitals, course: tuple[Slot[Vitals], ...], changed: Mapping[FigureName, dict[str, object]]
) -> Tiles:
    lately = reports.vitals(asked.engine, Window(asked.now - timedelta(hours=24)), asked.conditions)
    few = found.tasks < FEW

    def tile(name: FigureName, title: str, figure: str, day: str, of: _Figure) -> Tile:
        return Tile(
            title=title,
            figure=figure,
            note="" if day == short_wording.NOTHING else f"{day} in 24 h",
            course=tuple(of(bucket.of) for bucket in course if bucket.complete),
            link=asked.link(_LINKS[name]),
            **changed.get(name, {}),  # type: ignore[arg-type] # fields of a tile
        )

    return Tiles(
        (
            tile(
                "cost", "Total cost", short_wording.cost(found.cost_usd, found.unpriced_calls),
                short_wording.cost(lately.cost_usd, lately.unpriced_calls), lambda of: of.cost_usd,
            ),
            tile(
                "tasks", "Tasks", short_wording.count(found.tasks), short_wording.count(lately.tasks),
                lambda of: float(of.tasks),
            ),
            tile(
                "success_rate", "Success rate", short_wording.percent(found.success_rate),
                short_wording.percent(lately.success_rate), lambda of: of.success_rate,
            ),
            tile(
                "p95_duration", "Latency p95" if not few else f"Latency median (p95 needs {FEW} tasks)",
                short_wording.duration(found.task_duration.median_ms if few else found.shown_p95_ms),
                short_wording.duration(lately.task_duration.median_ms if few else lately.shown_p95_ms),
                lambda of: of.task_duration.median_ms if few else of.shown_p95_ms,
            ),
        )
    )  # fmt: skip


def _what_changed(asked: PageAsked) -> Iterator[Content]:
    if asked.previous is None:
        yield Note("Everything is shown: there is nothing before it to compare with.")
        return
    changed = _changes(asked, asked.previous)
    if changed.recorded_since is not None:
        yield Note("Recording began within the range before this one: there is nothing to compare with.")
        return
    window = Window(asked.window.start, asked.window.end or asked.now)
    words = told(
        reports.explain(
            asked.engine, window, asked.previous,
            book=asked.runtime.meter.book, now=asked.now, filters=asked.conditions,
        ),
        asked.filters.zone(),
    )  # fmt: skip
    yield Sentence(text=words.sentence, link=asked.link("/costs"), link_text="Costs in detail")
    if not any(one.is_shown for one in changed.changes if one.name == "cost"):
        yield Note("This can be chance: over the buckets of both ranges the test shows no change of cost.")
    for remark in words.remarks[:2]:
        yield Note(remark)


def _agents(asked: PageAsked) -> Content:
    return agents_table(asked, _AGENTS_SHOWN, MAIN)


def _alerts(asked: PageAsked) -> Content:
    book, projects = AlertBook(asked.runtime.state), asked.filters.of_projects(asked.principal.projects)
    found = book.alerts(status="open", projects=projects, limit=_ALERTS_SHOWN)
    if not found:
        return Empty(text="No open alerts.")
    values = {"alerts": found, "count": book.count("open", projects), "more": asked.link("/alerts"), "acts": OF_ALERTS}
    return Own(template="overview/alerts.html", values=values)


OVERVIEW = Page(
    path="/",
    title="Overview",
    in_menu="Overview",
    cards=(
        Card(id="figures", title="Figures", build=_tiles, width="bare"),
        Card(id="changed", title="What changed", build=_what_changed, low=True, note="cost, against the range before"),
        Card(id="cost-by-model", title="Cost by model", build=cost_by_model, width="two-thirds"),
        Card(id="latency", title="Latency of tasks", build=latency, width="third"),
        Card(id="agents", title="Agents", build=_agents, width="two-thirds"),
        Card(id="alerts", title="Alerts", build=_alerts, width="third", note="open now, whatever the range"),
    ),
    topics=("alerts", "budgets"),
)
