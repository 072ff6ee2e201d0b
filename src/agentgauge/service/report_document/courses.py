"""The charts of a report: what was spent over time, by whom, and how long tasks took."""

from __future__ import annotations

from agentgauge.service import reports
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.courses import sums_by
from agentgauge.service.graphs.latency import task_latency
from agentgauge.service.report_document.document import Picture
from agentgauge.service.report_document.question import MODEL, Question


def cost(asked: Question, width: str) -> Picture:
    """By the dimension that was asked for, where that is one and calls have it, else by model."""
    dimension = asked.by[0] if len(asked.by) == 1 and asked.by[0] != "tool" else MODEL[0]
    course = reports.cost_over_time(
        asked.engine, asked.window, width, asked.zone_name, asked.now, asked.filters, by=(dimension,)
    )
    name = dimension.removeprefix("attributes.")
    chart = sums_by(
        course.rows, dimension, lambda of: of.cost_usd, "usd",
        known=known_entities(asked.engine, dimension), width=width, what="cost", unnamed=f"no {name}",
    )  # fmt: skip
    return Picture(name="cost", title=f"Cost by {name}", chart=chart)


def latency(asked: Question, width: str) -> Picture:
    course = reports.vitals_over_time(asked.engine, asked.window, width, asked.zone_name, asked.now, asked.filters).rows
    chart, note = task_latency(course, width)
    return Picture(name="latency", title="Latency of tasks", chart=chart, notes=(note,) if note else ())
