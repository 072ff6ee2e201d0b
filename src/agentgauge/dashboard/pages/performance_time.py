"""The cards about where time goes: hours of the week, parts of operations, what ran inside what, and tools."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.content import Content, Drawn, Empty, Note, Own
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.performance_metrics import metric_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import reports
from agentgauge.service.graphs.hours import DAYS, hours_chart
from agentgauge.service.graphs.trees import Line, flame_lines
from agentgauge.service.reports.components import Component
from agentgauge.service.reports.totals import FEW
from agentgauge.service.reports.week_hours import week_hours

_KINDS = {"llm_call": "model call", "tool_call": "tool", "others": "under 1 % each"}


def hours(asked: PageAsked) -> Iterator[Content]:
    metric = metric_of(asked)
    found = week_hours(asked.engine, metric.name, asked.window, asked.filters.tz, asked.conditions, per=metric.per)
    chart = hours_chart(found, metric.unit, metric.counted)
    counts = {(cell.weekday, cell.hour): cell.count for cell in found.cells}
    table = Table(
        columns=(
            Column(key="hour", title="Hour", kind="name"),
            *(Column(key=day.lower(), title=day, kind="count") for day in DAYS),
        ),
        rows=tuple(
            Row(values={"hour": f"{hour:02d}:00", **{day.lower(): counts[at, hour] for at, day in enumerate(DAYS)}})
            for hour in range(24)
        ),
        caption=chart.summary,
    )
    yield Drawn(chart=chart, table=table)
    if found.busiest is not None:
        yield Note(chart.summary)


def components(asked: PageAsked) -> Iterator[Content]:
    found = reports.components(asked.engine, asked.window, asked.conditions).rows
    if not found:
        yield Empty(
            text="No part of an operation was timed in this range.",
            command='metrics.add_component_timing(operation_id, "vector_search", 0.5)',
        )
        return
    yield Table(
        columns=(
            Column(key="component", title="Component", kind="name"),
            Column(key="operation", title="Operation"),
            Column(key="share", title="Share", kind="percent", note="Of the time of all runs of the operation"),
            Column(key="total", title="In all", kind="duration", narrow=False),
            Column(key="mean", title="Mean", kind="duration"),
            Column(key="p95", title="p95", kind="duration", narrow=False, note=f"Needs {FEW} timings"),
            Column(key="count", title="Timings", kind="count", narrow=False),
        ),
        rows=tuple(_component(row, asked) for row in found),
        caption="Timed parts of operations",
    )
    if any(row.overlapping for row in found):
        yield Note("Parts that ran at the same time, or inside each other, have more than the whole together.")


def _component(row: Component, asked: PageAsked) -> Row:
    return Row(
        values={
            "component": row.component or "none", "operation": row.operation, "share": row.share,
            "total": row.total_ms, "mean": row.mean_ms, "p95": None if row.few else row.p95_ms, "count": row.count,
        },
        links={"operation": asked.link("/runs", view="tasks", name=row.operation)},
        notes={"p95": "few"} if row.few else {},
    )  # fmt: skip


def flame(asked: PageAsked) -> Iterator[Content]:
    found = reports.flame(asked.engine, asked.window, None, asked.conditions)
    lines = flame_lines(found)
    if not lines:
        yield Empty(text="Nothing with a duration ran in this range.")
        return
    table = Table(
        columns=(
            Column(key="name", title="What ran", kind="name"),
            *(
                Column(key=key, title=title, kind="count")
                for key, title in (("depth", "Depth"), ("count", "Times"), ("failures", "Failed"))
            ),
            Column(key="total", title="Time", kind="duration"),
            Column(key="own", title="In itself", kind="duration"),
            Column(key="share", title="Share", kind="percent"),
        ),
        rows=tuple(map(_line, lines)),
        caption="What ran inside what, and how long",
    )
    yield Own(
        template="performance/flame.html",
        values={"lines": lines, "kinds": _KINDS, "caption": table.caption},
        table=table,
    )
    if found.newest_only:
        yield Note("Of the newest 100,000 spans.")
    if any(line.in_parallel for line in lines):
        yield Note("What ran at the same time has more than the whole together.")


def _line(line: Line) -> Row:
    return Row(
        values={
            "name": line.name, "depth": line.depth, "count": line.count, "failures": line.failures,
            "total": line.total_ms, "own": line.self_ms, "share": line.share,
        }
    )  # fmt: skip
