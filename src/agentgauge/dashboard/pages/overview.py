"""`/`: what a team keeps open: what was spent and how well it went, what changed and why, and what needs somebody."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Empty, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.service import reports, short_wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.courses import figures, sums_by


def _tiles(asked: PageAsked) -> Iterator[Content]:
    found = reports.overview(asked.engine, asked.window, asked.conditions)
    if not found.events:
        yield Empty(text="No events in this range.", command="agentgauge demo")
        return
    width = asked.filters.width(asked.now, found.first)
    course = reports.over_time(asked.engine, asked.window, width, asked.filters.tz, asked.now, asked.conditions).rows
    yield Tiles(
        (
            Tile(
                title="Total cost",
                figure=short_wording.money(found.cost_usd),
                course=tuple(float(bucket.cost_usd or 0) for bucket in course),
                link=asked.link("/costs"),
            ),
            Tile(
                title="Tasks",
                figure=short_wording.count(found.tasks),
                course=tuple(float(bucket.tasks) for bucket in course),
                link=asked.link("/runs"),
            ),
            Tile(
                title="Success rate",
                figure=short_wording.percent(found.success_rate),
                course=tuple(bucket.success_rate for bucket in course),
                link=asked.link("/agents"),
            ),
            Tile(
                title="Latency p95",
                figure=short_wording.duration(found.task_duration.p95_ms),
                course=tuple(bucket.task_duration.p95_ms for bucket in course),
                link=asked.link("/performance"),
            ),
        )
    )


def _cost_by_model(asked: PageAsked) -> Content:
    width = asked.filters.width(asked.now)
    course = reports.over_time(
        asked.engine, asked.window, width, asked.filters.tz, asked.now, asked.conditions, by=("model",)
    )
    known = known_entities(asked.engine, "model")
    return drawn(
        sums_by(course.rows, "model", lambda bucket: bucket.cost_usd, "usd", known=known, width=width, what="cost"),
        zooms=True,
    )


def _latency(asked: PageAsked) -> Content:
    width = asked.filters.width(asked.now)
    course = reports.over_time(asked.engine, asked.window, width, asked.filters.tz, asked.now, asked.conditions).rows
    lines = {
        "median": lambda bucket: bucket.task_duration.median_ms,
        "p95": lambda bucket: bucket.task_duration.p95_ms,
    }
    return drawn(figures(course, lines, "ms", width=width, what="task duration"), zooms=True)


OVERVIEW = Page(
    path="/",
    title="Overview",
    in_menu="Overview",
    cards=(
        Card(id="figures", title="Figures", build=_tiles, width="bare"),
        Card(id="cost-by-model", title="Cost by model", build=_cost_by_model, width="two-thirds"),
        Card(id="latency", title="Latency of tasks", build=_latency, width="third"),
    ),
    topics=("alerts", "budgets"),
)
