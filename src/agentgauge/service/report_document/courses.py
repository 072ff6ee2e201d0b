"""The charts of a report: what was spent over time, by whom, and how long tasks took."""

from __future__ import annotations

from agentgauge.service import reports, short_wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.courses import figures, sums_by
from agentgauge.service.report_document.document import Picture
from agentgauge.service.report_document.question import MODEL, Question
from agentgauge.service.reports.over_time import Bucket
from agentgauge.service.reports.totals import FEW


def cost(asked: Question, width: str) -> Picture:
    """By the dimension that was asked for, where that is one and calls have it, else by model."""
    dimension = asked.by[0] if len(asked.by) == 1 and asked.by[0] != "tool" else MODEL[0]
    course = reports.over_time(
        asked.engine, asked.window, width, asked.zone_name, asked.now, asked.filters, by=(dimension,)
    )
    name = dimension.removeprefix("attributes.")
    chart = sums_by(
        course.rows, dimension, lambda bucket: bucket.cost_usd, "usd",
        known=known_entities(asked.engine, dimension), width=width, what="cost", unnamed=f"no {name}",
    )  # fmt: skip
    return Picture(name="cost", title=f"Cost by {name}", chart=chart)


def latency(asked: Question, width: str) -> Picture:
    course = reports.over_time(asked.engine, asked.window, width, asked.zone_name, asked.now, asked.filters).rows

    def p95(bucket: Bucket) -> float | None:
        return bucket.task_duration.p95_ms if bucket.tasks >= FEW else None

    lines = {"median": lambda bucket: bucket.task_duration.median_ms, "p95": p95}
    if not any(bucket.tasks >= FEW for bucket in course):
        del lines["p95"]
    hidden = sum(0 < bucket.tasks < FEW for bucket in course)
    note = (
        f"p95 is not shown for {short_wording.count(hidden)} of {short_wording.count(len(course))} {width}s: "
        f"they have fewer than {FEW} tasks."
    )
    chart = figures(course, lines, "ms", width=width, what="task duration")
    return Picture(name="latency", title="Latency of tasks", chart=chart, notes=(note,) if hidden else ())
