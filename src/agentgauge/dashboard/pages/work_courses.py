"""The cards that everything and one agent or role have alike: what models cost over time, and how long tasks took."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Note
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.work_tables import chosen
from agentgauge.service import reports, wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.courses import sums_by
from agentgauge.service.graphs.latency import task_latency


def cost_by_model(asked: PageAsked) -> Iterator[Content]:
    width = asked.filters.width(asked.now, asked.first)
    course = reports.cost_over_time(
        asked.engine, asked.window, width, asked.filters.tz, asked.now, chosen(asked), by=("model",)
    )
    known = known_entities(asked.engine, "model")
    yield drawn(
        sums_by(course.rows, "model", lambda of: of.cost_usd, "usd", known=known, width=width, what="cost"),
        zooms=True,
    )
    unpriced = sum(bucket.of.unpriced_calls for bucket in course.rows)
    if unpriced:
        yield Note(f"{wording.unpriced(unpriced)}: in no figure here.")


def latency(asked: PageAsked) -> Iterator[Content]:
    width = asked.filters.width(asked.now, asked.first)
    course = reports.vitals_over_time(
        asked.engine, asked.window, width, asked.filters.tz, asked.now, chosen(asked)
    ).rows
    chart, note = task_latency(course, width)
    yield drawn(chart, zooms=True)
    if note:
        yield Note(note)
