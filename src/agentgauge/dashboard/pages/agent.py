"""`/agents/{agent}` and `/roles/{role}`: one of them: its course, its trends, and what it worked with."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Empty, Own, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.work_courses import cost_by_model, latency
from agentgauge.dashboard.pages.work_links import entity_link, named
from agentgauge.dashboard.pages.work_tables import chosen, models_table, ranked_table, tools_table
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import reports, short_wording
from agentgauge.service.reports.agents import check_known
from agentgauge.service.reports.ranking import cost_per_success
from agentgauge.service.reports.totals import FEW, Totals
from agentgauge.service.reports.trends import lookback
from agentgauge.service.trend_wording import trend_sentence

_METRICS = ("execution_time", "success_rate", "cost", "quality_score")


def _tiles(asked: PageAsked) -> Iterator[Content]:
    found = reports.overview(asked.engine, asked.window, chosen(asked))
    if not found.events:
        yield Empty(text=f"Nothing in this range, though there is {' '.join(asked.at.values())} at other times.")
        return
    width = asked.filters.width(asked.now, asked.first)
    rows = reports.over_time(asked.engine, asked.window, width, asked.filters.tz, asked.now, chosen(asked)).rows
    course = [bucket for bucket in rows if bucket.complete]
    few = found.tasks < FEW
    yield Tiles(
        (
            Tile(
                title="Cost", figure=short_wording.cost(found.cost_usd, found.unpriced_calls),
                note=f"{found.unpriced_calls:,} calls unpriced" if found.unpriced_calls else "",
                course=tuple(bucket.cost_usd for bucket in course),
                link=asked.link("/runs", view="calls", having="cost", **asked.at),
            ),
            Tile(
                title="Cost per successful task",
                figure=short_wording.cost(cost_per_success(found), found.unpriced_calls),
                note=f"{found.successful_tasks:,} of {found.tasks:,} tasks",
                link=asked.link("/runs", view="tasks", outcome="success", **asked.at),
            ),
            Tile(
                title="Success rate", figure=short_wording.percent(found.success_rate),
                course=tuple(bucket.success_rate for bucket in course),
                link=asked.link("/runs", view="tasks", having="outcome", **asked.at),
            ),
            Tile(
                title="Latency p95", figure=short_wording.duration(found.shown_p95_ms),
                note=f"fewer than {FEW} tasks" if few else f"median {_median(found)}",
                course=() if few else tuple(bucket.shown_p95_ms for bucket in course),
                link=asked.link("/runs", view="tasks", having="duration", **asked.at),
            ),
            Tile(
                title="Quality", figure=short_wording.score(found.quality.mean),
                note=f"of {found.quality.count:,} scored tasks", course=tuple(bucket.quality.mean for bucket in course),
                link=asked.link("/runs", view="tasks", having="quality", **asked.at),
            ),
        )
    )  # fmt: skip


def _trends(asked: PageAsked) -> Content:
    """Each metric's trend in a sentence, with its days."""
    told = []
    for metric in _METRICS:
        window = lookback(30, asked.filters.tz, asked.now)
        found = reports.trends(
            asked.engine, metric, window, zone=asked.filters.tz, now=asked.now, filters=chosen(asked)
        )
        trend = found.trends[0]
        days = tuple(point.value for point in trend.points if point.complete)
        told.append((metric.replace("_", " "), trend.trend, trend_sentence(found, trend), days))
    return Own(template="agents/trends.html", values={"trends": told})


def _operations(asked: PageAsked) -> Content:
    return ranked_table(asked, "operation", "Operation", f"Operations of {' '.join(asked.at.values())}")


def _models(asked: PageAsked) -> Content:
    return models_table(asked, f"Models of {' '.join(asked.at.values())}")


def _members(asked: PageAsked) -> Content:
    found = reports.role(asked.engine, asked.window, asked.at["role"], asked.conditions)
    columns = (
        Column(key="agent", title="Agent", kind="name"),
        Column(key="tasks", title="Tasks", kind="count"),
        Column(key="success", title="Success", kind="percent"),
        Column(key="median", title="Median", kind="duration"),
        Column(key="cost", title="Cost", kind="money"),
    )
    rows = tuple(
        Row(
            values={
                "agent": row.agent or "none", "tasks": row.tasks, "success": row.success_rate,
                "median": row.task_duration.median_ms, "cost": row.cost_usd,
            },
            links={
                **({"agent": entity_link(asked, "agent", row.agent)} if row.agent else {}),
                "tasks": asked.link("/runs", view="tasks", **asked.at, **named("agent", row.agent)),
                "success": asked.link("/runs", view="tasks", having="outcome", **asked.at, **named("agent", row.agent)),
                "cost": asked.link("/runs", view="calls", having="cost", **asked.at, **named("agent", row.agent)),
            },
        )
        for row in found.agents
    )  # fmt: skip
    return Table(columns=columns, rows=rows, caption=f"Agents in the role {asked.at['role']}")


def _known_agent(asked: PageAsked) -> None:
    check_known(asked.engine, "agent", asked.at["agent"])


def _known_role(asked: PageAsked) -> None:
    check_known(asked.engine, "role", asked.at["role"])


def _median(found: Totals) -> str:
    return short_wording.duration(found.task_duration.median_ms)


_COURSES = (
    Card(id="figures", title="Figures", build=_tiles, width="bare"),
    Card(id="cost-by-model", title="Cost by model", build=cost_by_model, width="two-thirds"),
    Card(id="latency", title="Latency of tasks", build=latency, width="third"),
)
AGENT = Page(
    path="/agents/{agent:path}",
    title="{agent}",
    of_menu="/agents",
    cards=(
        *_COURSES,
        Card(id="trends", title="Trends", build=_trends, note="30 days, day by day"),
        Card(id="operations", title="Operations", build=_operations),
        Card(id="models", title="Models", build=_models),
        Card(id="tools", title="Tools", build=tools_table),
    ),
    check=_known_agent,
)
ROLE = Page(
    path="/roles/{role:path}",
    title="{role}",
    of_menu="/agents",
    cards=(*_COURSES, Card(id="members", title="Agents", build=_members)),
    check=_known_role,
)
