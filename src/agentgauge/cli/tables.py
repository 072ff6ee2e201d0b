"""Answers of the reports as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from agentgauge.cli import wording
from agentgauge.service.cache_savings import CacheSavings, Savings
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.latency import Latency
from agentgauge.service.reports.overview import Overview
from agentgauge.service.reports.tools import Tool
from agentgauge.service.reports.totals import Totals

_LEGIBLE_WIDTH = 18
"""Columns that a name gets before numbers do; a longer one folds."""
_GAP = 3
"""Columns between two of a table."""
_EXPENDABLE = (
    "tool calls",
    "p95 task",
    "p95 call",
    "median task",
    "median call",
    "cached",
    "output",
    "success",
    "input",
    "events",
    "tasks",
    "calls",
)
"""What a narrow screen does without, the first first."""
_KINDS = {"task": "tasks", "llm_call": "model calls", "tool_call": "tool calls"}
_Cell = tuple[str, Callable[[Any], str]]
"""A column: its heading and what it shows of a row."""


def plain_table(title: str | None = None) -> Table:
    """A table of columns under headings, without frame, as narrow as its content."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="dim",
    )


def rows_table(title: str | None, first: Sequence[_Cell], numbers: Sequence[_Cell], rows: Sequence[Any]) -> Table:
    """One line per row: first what it is, which folds where it must, then numbers, which never do."""
    table = plain_table(title)
    for heading, _ in first:
        table.add_column(heading, overflow="fold")
    for heading, show in numbers:
        table.add_column(heading, justify="right", no_wrap=True, min_width=natural_width(heading, show, rows))
    for row in rows:
        table.add_row(*(Text(show(row)) for _, show in (*first, *numbers)))
    return table


def fitting(
    first: Sequence[_Cell], numbers: Sequence[_Cell], expendable: Sequence[str], rows: Sequence[Any], width: int
) -> list[_Cell]:
    """The numbers that fit beside legible first columns on a screen; of the expendable ones the first goes first."""
    kept = list(numbers)
    for heading in (*expendable, None):
        columns = [min(natural_width(*cell, rows), _LEGIBLE_WIDTH) for cell in first]
        columns += [natural_width(*cell, rows) for cell in kept]
        if table_width(columns) <= width:
            break
        kept = [cell for cell in kept if cell[0] != heading]
    return kept


def natural_width(heading: str, show: Callable[[Any], str], rows: Sequence[Any]) -> int:
    """Screen columns that a column of a table takes where nothing of it folds."""
    return max(cell_len(line) for text in (heading, *map(show, rows)) for line in text.split("\n"))


def table_width(columns: Sequence[int]) -> int:
    """Screen columns of a table whose columns are so wide."""
    return sum(columns) + _GAP * (len(columns) - 1)


def overview_table(overview: Overview) -> Table:
    """The totals, each with what there is to say about it."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column()
    for label, value, remark in _overview_lines(overview):
        table.add_row(label, value, remark)
    return table


def _overview_lines(overview: Overview) -> list[tuple[str, str, str]]:
    failed, outside = overview.failed_calls, overview.calls_outside_tasks
    remarks = [f"{wording.count(failed)} failed"] if failed else []
    remarks += [f"{wording.count(outside)} outside any task"] if outside else []
    reasoning = overview.reasoning_tokens
    succeeded = f"{wording.percent(overview.success_rate)} succeeded" if overview.tasks else ""
    unpriced = f"{wording.count_of(overview.unpriced_calls, 'call')} unpriced" if overview.unpriced_calls else ""
    return [
        ("Cost", wording.money(overview.cost_usd), unpriced),
        ("Tasks", wording.count(overview.tasks), succeeded),
        ("Model calls", wording.count(overview.calls), ", ".join(remarks)),
        (
            "Tool calls",
            wording.count(overview.tool_calls),
            f"{wording.count(overview.failed_tool_calls)} failed" if overview.failed_tool_calls else "",
        ),
        (
            "Input tokens",
            wording.count(overview.input_tokens),
            f"{wording.percent(overview.cached_share)} read from cache" if overview.cache_read_tokens else "",
        ),
        (
            "Output tokens",
            wording.count(overview.output_tokens),
            f"{wording.count(reasoning)} of them reasoning" if reasoning else "",
        ),
    ]


def groups_table(groups: Sequence[Group], by: Sequence[str], width: int, limit: int) -> Table:
    """The breakdown by dimensions. Columns that would say nothing, or do not fit, are left out."""
    shown = groups[:limit]
    numbers: list[_Cell] = []
    if any(group.tasks for group in shown):
        numbers.append(("tasks", lambda group: wording.count(group.tasks)))
        numbers.append(("success", lambda group: wording.percent(group.success_rate)))
    if any(group.calls for group in shown):
        numbers.append(("calls", lambda group: wording.count(group.calls)))
        numbers += _token_cells(shown)
    if any(group.tool_calls for group in shown):
        numbers.append(("tool calls", lambda group: wording.count(group.tool_calls)))
    if any(group.events > group.tasks + group.calls + group.tool_calls for group in shown):
        numbers.append(("events", lambda group: wording.count(group.events)))
    numbers += _duration_cells(shown)
    numbers.append(("cost", _cost))
    if any(group.unpriced_calls for group in shown):
        numbers.append(("unpriced", _unpriced))
    dimensions: list[_Cell] = [(name, _key_cell(name)) for name in by]
    kept = fitting(dimensions, numbers, _EXPENDABLE, shown, width)
    return rows_table(f"By {' and '.join(by)}", dimensions, kept, shown)


def _key_cell(name: str) -> Callable[[Group], str]:
    return lambda group: "(none)" if group.key[name] is None else str(group.key[name])


def _cost(row: Totals) -> str:
    return wording.money(row.cost_usd if row.calls or row.cost_usd else None)


def _unpriced(row: Totals) -> str:
    return wording.count_of(row.unpriced_calls, "call") if row.unpriced_calls else ""


def _token_cells(rows: Sequence[Totals]) -> list[_Cell]:
    cells: list[_Cell] = [("input", lambda row: wording.count(row.input_tokens))]
    if any(row.cache_read_tokens for row in rows):
        cells.append(("cached", lambda row: wording.percent(row.cached_share)))
    return [*cells, ("output", lambda row: wording.count(row.output_tokens))]


def _duration_cells(groups: Sequence[Group]) -> list[_Cell]:
    """Of the tasks where there are any, else of the model calls."""
    if any(group.tasks for group in groups):
        return [
            ("median task", lambda group: wording.duration(group.task_duration.median_ms)),
            ("p95 task", lambda group: wording.duration(group.task_duration.p95_ms)),
        ]
    return [
        ("median call", lambda group: wording.duration(group.call_duration.median_ms)),
        ("p95 call", lambda group: wording.duration(group.call_duration.p95_ms)),
    ]


def tools_table(tools: Sequence[Tool], width: int, limit: int) -> Table:
    numbers: list[_Cell] = [
        ("calls", lambda tool: wording.count(tool.calls)),
        ("failed", lambda tool: wording.count(tool.failures)),
        ("failure rate", lambda tool: wording.percent(tool.failure_rate)),
        ("median", lambda tool: wording.duration(tool.median_ms)),
        ("p95", lambda tool: wording.duration(tool.p95_ms)),
    ]
    name: list[_Cell] = [("tool", lambda tool: tool.name or "(none)")]
    kept = fitting(name, numbers, ("p95", "median", "failed"), tools[:limit], width)
    return rows_table("Tools", name, kept, tools[:limit])


def latency_table(latencies: Sequence[Latency], width: int) -> Table:
    numbers: list[_Cell] = [
        ("timed", lambda row: wording.count(row.count)),
        ("median", lambda row: wording.duration(row.median_ms)),
        ("p95", lambda row: wording.duration(row.p95_ms)),
        ("p99", lambda row: wording.duration(row.p99_ms)),
        ("longest", lambda row: wording.duration(row.max_ms)),
    ]
    of: list[_Cell] = [("of", lambda row: _KINDS[row.of])]
    kept = fitting(of, numbers, ("p99", "longest", "timed"), latencies, width)
    return rows_table("Durations", of, kept, latencies)


def savings_table(savings: CacheSavings, width: int) -> Table:
    """What caches saved, per model and, of several, in all. Columns that do not fit go, never net and model."""
    rows = [*savings.models, *([savings.total] if len(savings.models) > 1 else [])]
    numbers: list[_Cell] = [
        ("read", lambda row: wording.count(row.cache_read_tokens)),
        ("written", lambda row: wording.count(row.cache_write_tokens)),
        ("reads saved", lambda row: wording.money(row.saved_by_reads_usd)),
        ("writes cost", lambda row: wording.money(row.paid_for_writes_usd)),
        ("net", lambda row: wording.money(row.saved_usd)),
    ]
    if any(row.unpriced_tokens for row in rows):
        numbers.append(("unpriced tokens", lambda row: wording.count(row.unpriced_tokens)))
    model: list[_Cell] = [("model", _model_or_total)]
    kept = fitting(model, numbers, ("unpriced tokens", "written", "read", "writes cost", "reads saved"), rows, width)
    return rows_table("Prompt cache, against input without a cache", model, kept, rows)


def _model_or_total(row: Savings) -> str:
    return "all" if row.model is None else row.model


def window_line(overview: Overview, start: str | None, end: str | None, zone_name: str, zone: tzinfo) -> str:
    """Which time the report is about: what was asked for, and where it was left open the first and last event."""
    first = start or wording.moment(overview.first, zone)
    last = end or wording.moment(overview.last, zone)
    return f"{first} to {last} ({zone_name})"
