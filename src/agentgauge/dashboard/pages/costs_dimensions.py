"""Spend by what a reader chooses: its course, stacked, and the same as a table that leads to the calls behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from agentgauge.charts import paints
from agentgauge.charts.palette import OTHER
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Note, choices
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.work_links import entity_link, named
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.engines import Filter
from agentgauge.service import reports, wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.courses import sums_by
from agentgauge.service.reports.ranking import Ranked
from agentgauge.service.shares import shares

By = Literal["model", "agent", "role", "project", "operation", "feature", "user", "team", "ticket", "session", "tool"]


class Dimension(msgspec.Struct, frozen=True):
    title: str
    column: str
    kinds: tuple[str, ...] = ()
    """Of events that have it, where the column says another thing of others."""
    has_tasks: bool = True
    """Whether tasks have it, so that it has a price of success."""


DIMENSIONS: dict[By, Dimension] = {
    "model": Dimension("Model", "model", has_tasks=False),
    "agent": Dimension("Agent", "agent"),
    "role": Dimension("Role", "role"),
    "project": Dimension("Project", "project"),
    "operation": Dimension("Operation", "operation"),
    "feature": Dimension("Feature", "feature"),
    "user": Dimension("User", "user"),
    "team": Dimension("Team", "team"),
    "ticket": Dimension("Ticket", "work_item"),
    "session": Dimension("Session", "session"),
    "tool": Dimension("Tool", "name", ("tool_call",), has_tasks=False),
}
_MOST = 100
"""Rows of a table: there may be a ticket for each of thousands."""


class CostFilters(PageFilters):
    by: By = "model"


def spend_over_time(asked: PageAsked) -> Iterator[Content]:
    by, dimension = _chosen(asked)
    yield choices(
        "By",
        (
            (one.title, asked.here(by=None if key == "model" else key, sort=None), key == by)
            for key, one in DIMENSIONS.items()
        ),
    )
    width = asked.filters.width(asked.now, asked.first)
    course = reports.cost_over_time(
        asked.engine, asked.window, width, asked.filters.tz, asked.now, _conditions(asked), by=(dimension.column,)
    )
    known = known_entities(asked.engine, dimension.column, *dimension.kinds)
    yield drawn(
        sums_by(
            course.rows, dimension.column, lambda of: of.cost_usd, "usd",
            known=known, width=width, what="cost", unnamed=f"no {by}",
        ),
        zooms=True,
    )  # fmt: skip
    unpriced = sum(bucket.of.unpriced_calls for bucket in course.rows)
    if unpriced:
        yield Note(f"{wording.unpriced(unpriced)}: in no figure here.")
    if by == "tool":
        yield Note("A tool call costs what is reported of it. What models cost that call tools is under Model.")


def spend_by(asked: PageAsked) -> Content:
    by, dimension = _chosen(asked)
    found = reports.ranking(asked.engine, asked.window, dimension.column, _conditions(asked)).rows
    known = known_entities(asked.engine, dimension.column, *dimension.kinds)
    share = shares([row.cost_usd for row in found])
    columns = (
        Column(key=by, title=dimension.title, kind="name"),
        Column(key="cost", title="Cost", kind="money"),
        Column(key="share", title="Share", kind="percent", note="Of all that is priced here"),
        Column(key="calls", title="Calls", kind="count", narrow=False),
        *(() if by == "tool" else (_TOKENS,)),
        *_OF_TASKS[: len(_OF_TASKS) if dimension.has_tasks else 0],
        *(() if by == "tool" else (_UNPRICED,)),
    )
    rows = tuple(_row(asked, by, row, part, known) for row, part in zip(found[:_MOST], share[:_MOST], strict=True))
    return Table(
        columns=columns,
        rows=rows,
        caption=f"Spend by {by}, the dearest first",
        total=len(found),
        empty=f"Nothing in this range names a {by}.",
    )


_TOKENS = Column(key="tokens", title="Tokens", kind="tokens", narrow=False)
_UNPRICED = Column(
    key="unpriced", title="Unpriced calls", kind="count", note="Their cost is not known, and in no figure"
)
_OF_TASKS = (
    Column(key="tasks", title="Tasks", kind="count", narrow=False),
    Column(
        key="per_success",
        title="Per success",
        kind="money",
        note="All that was spent, failed work too, over the tasks that succeeded",
    ),
)


def _row(asked: PageAsked, by: By, row: Ranked, share: float, known: tuple[str, ...]) -> Row:
    calls = row.tool_calls if by == "tool" else row.calls
    own = named(by, row.name)
    of_calls = None if by == "tool" else "llm_call"
    counted = asked.link("/runs", view="calls", kind=of_calls, **own)
    paid = asked.link("/runs", view="calls", kind=of_calls if by == "model" else None, having="cost", **own)
    name = entity_link(asked, by, row.name) if (by == "agent" or by == "role") and row.name else paid
    painted = row.name if row.name in known else OTHER
    return Row(
        values={
            by: row.name or f"no {by}", "cost": row.cost_usd, "share": share, "calls": calls, "tokens": row.tokens,
            "tasks": row.tasks, "per_success": row.cost_per_success_usd, "unpriced": row.unpriced_calls,
        },
        links={
            by: name, "cost": paid, "calls": counted, "tokens": counted,
            "tasks": asked.link("/runs", view="tasks", **own),
            **({"unpriced": asked.link("/runs", view="calls", priced="no", **own)} if row.unpriced_calls else {}),
        },
        notes={"per_success": "at least" if row.cost_per_success_usd is not None and row.unpriced_calls else ""},
        colour=None if row.name is None else paints([painted], known)[painted].colour,
    )  # fmt: skip


def _chosen(asked: PageAsked) -> tuple[By, Dimension]:
    by: By = asked.filters.by if isinstance(asked.filters, CostFilters) else "model"
    return by, DIMENSIONS[by]


def _conditions(asked: PageAsked) -> tuple[Filter, ...]:
    kinds = _chosen(asked)[1].kinds
    return (*asked.conditions, Filter("kind", "in", kinds)) if kinds else asked.conditions
