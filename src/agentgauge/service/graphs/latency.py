"""How long tasks took over time, as a chart, and what of it is hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentgauge.charts import Chart
from agentgauge.service import short_wording
from agentgauge.service.graphs.courses import figures
from agentgauge.service.reports.over_time import Slot
from agentgauge.service.reports.totals import FEW, Vitals

_BUCKETS = {"15min": "quarter hours"}


def task_latency(course: Sequence[Slot[Vitals]], width: str) -> tuple[Chart, str | None]:
    """Median and p95 of each bucket, and why p95 is hidden in some; without a line of p95 where it is in all."""
    lines: dict[str, Callable[[Slot[Vitals]], float]] = {"median": lambda bucket: bucket.of.task_duration.median_ms}
    if any(bucket.of.tasks >= FEW for bucket in course):
        lines["p95"] = lambda bucket: bucket.of.shown_p95_ms
    chart = figures(course, lines, "ms", width=width, what="task duration")
    hidden = sum(bucket.of.few_tasks for bucket in course)
    buckets = _BUCKETS.get(width, f"{width}s")
    note = (
        f"p95 is not shown for {short_wording.count(hidden)} of {short_wording.count(len(course))} {buckets}: "
        f"they have fewer than {FEW} tasks."
    )
    return chart, note if hidden else None
