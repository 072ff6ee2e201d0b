"""Answers of the reports as tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.table import Table
from rich.text import Text

from agentgauge.cli import wording
from agentgauge.cli.tables import Cell, fitting, rows_table
from agentgauge.service.cache_savings import CacheSavings, Savings
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.components import Component
from agentgauge.service.reports.latency import Latency
from agentgauge.service.reports.overview import Overview
from agentgauge.service.reports.tools import Tool
from agentgauge.service.reports.totals import FEW, Durations, Quality, Totals
from agentgauge.service.window import Window

_EXPENDABLE = (
    "tool calls",
    "mean task",
    "mean call",
    "p95 task",
    "p95 call",
    "median task",
    "median call",
    "cached",
    "output",
    "quality",
    "success",
    "input",
    "events",
    "tasks",
    "calls",
)
"""What a narrow screen does without, the first first."""
_KINDS = {"task": "tasks", "llm_call": "model calls", "tool_call": "tool calls"}


def totals_table(lines: Iterable[tuple[str, str, str]]) -> Table:
    """Figures, one a line: what it is, its value, and what there is to say about it."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column()
    for label, value, remark in lines:
        table.add_row(label, value, remark)
    return table


def overview_table(overview: Overview) -> Table:
    """The totals, each with what there is to say about it."""
    return totals_table(totals_lines(overview, outside=overview.calls_outside_tasks))


def totals_lines(totals: Totals, outside: int = 0) -> list[tuple[str, str, str]]:
    """What a table of totals shows; `outside` is how many model calls are in no task."""
    remarks = [f"{wording.count(totals.failed_calls)} failed"] if totals.failed_calls else []
    remarks += [f"{wording.count(outside)} outside any task"] if outside else []
    reasoning = totals.reasoning_tokens
    lines = [
        ("Cost", wording.money(totals.cost_usd), wording.unpriced(totals.unpriced_calls)),
        (
            "Tasks",
            wording.count(totals.tasks),
            f"{wording.percent(totals.success_rate)} succeeded" if totals.tasks else "",
        ),
        ("Model calls", wording.count(totals.calls), ", ".join(remarks)),
        (
            "Tool calls",
            wording.count(totals.tool_calls),
            f"{wording.count(totals.failed_tool_calls)} failed" if totals.failed_tool_calls else "",
        ),
        (
            "Input tokens",
            wording.count(totals.input_tokens),
            f"{wording.percent(totals.cached_share)} read from cache" if totals.cache_read_tokens else "",
        ),
        (
            "Output tokens",
            wording.count(totals.output_tokens),
            f"{wording.count(reasoning)} of them reasoning" if reasoning else "",
        ),
    ]
    if totals.quality.count:
        lines.append(("Quality", wording.score(totals.quality.mean), _spread(totals.quality)))
    return lines


def _spread(quality: Quality) -> str:
    low, median, high = (wording.score(score) for score in (quality.min, quality.median, quality.max))
    return f"mean of {wording.count_of(quality.count, 'task')}; median {median}, {low} to {high}"


def duration_lines(totals: Totals) -> list[tuple[str, str, str]]:
    """How long tasks took, as lines of a table of totals."""
    took = totals.task_duration
    if math.isnan(took.mean_ms):
        return []
    few = wording.few(FEW) if totals.few_tasks else ""
    return [
        ("Mean task", wording.duration(took.mean_ms), ""),
        ("Median task", wording.duration(took.median_ms), ""),
        ("p95 task", wording.duration(took.p95_ms), few),
    ]


def groups_table(groups: Sequence[Group], by: Sequence[str], width: int, limit: int) -> Table:
    """The breakdown by dimensions."""
    return totals_of_each_table(
        f"By {' and '.join(by)}", [(name, key_cell(name)) for name in by], groups[:limit], width
    )


def totals_of_each_table(title: str, first: Sequence[Cell], shown: Sequence[Totals], width: int) -> Table:
    """One line of totals per row. Columns that would say nothing, or do not fit, are left out."""
    numbers: list[Cell] = []
    if any(row.tasks for row in shown):
        numbers.append(("tasks", lambda row: wording.count(row.tasks)))
        numbers.append(("success", lambda row: wording.percent(row.success_rate)))
    if any(row.quality.count for row in shown):
        numbers.append(("quality", lambda row: _score_and_count(row.quality)))
    if any(row.calls for row in shown):
        numbers.append(("calls", lambda row: wording.count(row.calls)))
        numbers += _token_cells(shown)
    if any(row.tool_calls for row in shown):
        numbers.append(("tool calls", lambda row: wording.count(row.tool_calls)))
    if any(map(_has_others, shown)):
        numbers.append(("events", lambda row: wording.count(row.events)))
    numbers += _duration_cells(shown)
    numbers.append(("cost", cost_of))
    if any(row.unpriced_calls for row in shown):
        numbers.append(("unpriced", unpriced_of))
    kept = fitting(first, numbers, _EXPENDABLE, shown, width)
    has_p95 = any(heading.startswith("p95") for heading, _ in kept)
    return with_rough_note(rows_table(title, first, kept, shown), has_p95 and any(map(_few, shown)))


def _has_others(row: Totals) -> bool:
    return isinstance(row, Group) and row.events > row.tasks + row.calls + row.tool_calls


def key_cell(name: str) -> Callable[[Any], str]:
    """What a column shows of a row that has a value of the dimension in its `key`."""
    return lambda row: key_text(row.key[name])


def key_text(value: object) -> str:
    """The value of a dimension."""
    return "(none)" if value is None else str(value)


def cost_of(row: Totals) -> str:
    return wording.money(row.cost_usd if row.calls or row.cost_usd else None)


def unpriced_of(row: Totals) -> str:
    return wording.count_of(row.unpriced_calls, "call") if row.unpriced_calls else ""


def _score_and_count(quality: Quality) -> str:
    return f"{wording.score(quality.mean)} ({wording.count(quality.count)})" if quality.count else wording.NOTHING


def _token_cells(rows: Sequence[Totals]) -> list[Cell]:
    cells: list[Cell] = [("input", lambda row: wording.count(row.input_tokens))]
    if any(row.cache_read_tokens for row in rows):
        cells.append(("cached", lambda row: wording.percent(row.cached_share)))
    return [*cells, ("output", lambda row: wording.count(row.output_tokens))]


def _duration_cells(groups: Sequence[Totals]) -> list[Cell]:
    """Of the tasks where there are any, else of the model calls."""
    of_tasks, marked = any(group.tasks for group in groups), any(map(_few, groups))
    of = "task" if of_tasks else "call"

    def durations(group: Totals) -> Durations:
        return group.task_duration if of_tasks else group.call_duration

    return [
        (f"mean {of}", lambda group: wording.duration(durations(group).mean_ms)),
        (f"median {of}", lambda group: wording.duration(durations(group).median_ms)),
        (f"p95 {of}", lambda group: wording.rough(wording.duration(durations(group).p95_ms), _few(group), marked)),
    ]


def _few(group: Totals) -> bool:
    """Whether the p95 shown of a group is of few values; one that is not known is of none."""
    took = group.task_duration if group.tasks else group.call_duration
    return (group.tasks or group.calls) < FEW and not math.isnan(took.p95_ms)


def with_rough_note(table: Table, noted: bool) -> Table:
    """A table with what the mark of `wording.rough` means below it."""
    return _with_notes(table, [f"* {wording.few(FEW)}"] if noted else [])


def tools_table(tools: Sequence[Tool], width: int, limit: int) -> Table:
    shown = tools[:limit]
    marked = any(tool.few for tool in shown)
    numbers: list[Cell] = [
        ("calls", lambda tool: wording.count(tool.calls)),
        ("failed", lambda tool: wording.count(tool.failures)),
        ("failure rate", lambda tool: wording.percent(tool.failure_rate)),
        ("median", lambda tool: wording.duration(tool.median_ms)),
        ("p95", lambda tool: wording.rough(wording.duration(tool.p95_ms), tool.few, marked)),
    ]
    name: list[Cell] = [("tool", lambda tool: tool.name or "(none)")]
    kept = fitting(name, numbers, ("p95", "median", "failed"), shown, width)
    return with_rough_note(rows_table("Tools", name, kept, shown), marked and any(cell[0] == "p95" for cell in kept))


def components_table(components: Sequence[Component], width: int, limit: int) -> Table:
    """The parts of operations. Where an operation's parts add up to more than it, that is said."""
    shown = components[:limit]
    marked = any(row.few for row in shown)
    numbers: list[Cell] = [
        ("timings", lambda row: wording.count(row.count)),
        ("in failed", lambda row: wording.count(row.failures)),
        ("total", lambda row: wording.duration(row.total_ms)),
        ("mean", lambda row: wording.duration(row.mean_ms)),
        ("p95", lambda row: wording.rough(wording.duration(row.p95_ms), row.few, marked)),
        ("share", lambda row: wording.percent(row.share) + ("+" if row.overlapping else "")),
    ]
    names: list[Cell] = [("operation", lambda row: row.operation), ("component", lambda row: key_text(row.component))]
    kept = fitting(names, numbers, ("p95", "in failed", "mean", "timings"), shown, width)
    notes = [f"* {wording.few(FEW)}"] if marked and any(heading == "p95" for heading, _ in kept) else []
    if any(row.overlapping for row in shown):
        notes.append("+ in parallel or nested: the components of this operation add up to more than its time")
    return _with_notes(rows_table("Components of operations", names, kept, shown), notes)


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    """A table with what its marks mean below it."""
    if notes:
        table.caption, table.caption_justify = Text("\n".join(notes), style="dim"), "left"
    return table


def latency_table(latencies: Sequence[Latency], width: int) -> Table:
    marked = any(row.few for row in latencies)
    numbers: list[Cell] = [
        ("timed", lambda row: wording.count(row.count)),
        ("mean", lambda row: wording.duration(row.mean_ms)),
        ("median", lambda row: wording.duration(row.median_ms)),
        ("p95", lambda row: wording.rough(wording.duration(row.p95_ms), row.few, marked)),
        ("p99", lambda row: wording.rough(wording.duration(row.p99_ms), row.few, marked)),
        ("longest", lambda row: wording.duration(row.max_ms)),
    ]
    of: list[Cell] = [("of", lambda row: _KINDS[row.of])]
    kept = fitting(of, numbers, ("p99", "longest", "mean", "timed"), latencies, width)
    return with_rough_note(rows_table("Durations", of, kept, latencies), marked)


def savings_table(savings: CacheSavings, width: int) -> Table:
    """What caches saved, per model and, of several, in all. Columns that do not fit go, never net and model."""
    rows = [*savings.models, *([savings.total] if len(savings.models) > 1 else [])]
    numbers: list[Cell] = [
        ("read", lambda row: wording.count(row.cache_read_tokens)),
        ("written", lambda row: wording.count(row.cache_write_tokens)),
        ("reads saved", lambda row: wording.money(row.saved_by_reads_usd)),
        ("writes cost", lambda row: wording.money(row.paid_for_writes_usd)),
        ("net", lambda row: wording.money(row.saved_usd)),
    ]
    if any(row.unpriced_tokens for row in rows):
        numbers.append(("unpriced tokens", lambda row: wording.count(row.unpriced_tokens)))
    model: list[Cell] = [("model", _model_or_total)]
    kept = fitting(model, numbers, ("unpriced tokens", "written", "read", "writes cost", "reads saved"), rows, width)
    return rows_table("Prompt cache, against input without a cache", model, kept, rows)


def _model_or_total(row: Savings) -> str:
    return "all" if row.model is None else row.model


def window_line(overview: Overview, window: Window, now: datetime, zone_name: str, zone: tzinfo) -> str:
    """Which time the report is about: what was asked for, and where it was left open the first and the last event; of
    what was asked for since then it is now that ends it, as it ends the course over time.
    """
    last = overview.last
    if window.start is not None:
        last = now if last is None else max(now, last)
    first, last = window.start or overview.first, window.end or last
    return f"{wording.moment(first, zone)} to {wording.moment(last, zone)} ({zone_name})"
