"""`agentgauge insights`: what stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.table import Table

    from agentgauge.service.reports.insights import DegradingOperation, Insights

_Cell = tuple[str, "Callable[[Any], str]"]


def insights(
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Start: 7d, 12h, 2026-11-01, ... Default: 30d.")
    ] = None,
    until: options.Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows of a table on the screen; --json has all.")] = 10,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show the fastest, cheapest and best, and what gets worse.

    Averages of fewer than 5 tasks are marked as of few samples, and come last.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_document, screen
    from agentgauge.cli.zones import reading_zone
    from agentgauge.meter import Meter
    from agentgauge.service.reports import insights as insights_of
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    zone_name, zone = reading_zone(tz)
    window = parse_window(since or "30d", until, zone, datetime.now(UTC))
    meter = Meter(get_settings(home))
    note_absent(meter.settings.home)
    with meter.engine() as engine:
        answer = insights_of(engine, window, zone_name)
    if as_json:
        print_document(answer)
        return
    out = screen()
    tables = list(_tables(answer, limit))
    if not tables:
        out.print("Nothing stands out: no agent's task is in this window.")
    for number, table in enumerate(tables):
        if number:
            out.print()
        out.print(table)
    if tables and not answer.degrading_operations:
        out.print()
        out.print(f"No operation is shown to get worse ({answer.trends_tried} trends of at least 7 days looked at).")


def _tables(answer: Insights, limit: int) -> Iterator[Table]:
    from itertools import islice

    from agentgauge.cli import wording
    from agentgauge.cli.tables import rows_table

    agent: _Cell = ("agent", lambda row: row.agent)
    tasks: _Cell = ("tasks", lambda row: wording.count(row.samples))
    time: _Cell = ("mean time", lambda row: wording.duration(row.avg_time_ms))
    asked: list[tuple[str, Iterable[Any], list[_Cell], list[_Cell]]] = [
        (
            "Fastest agent of each operation",
            answer.fastest_agents_by_operation.values(),
            [("operation", lambda row: row.operation), agent],
            [time, tasks, ("of agents", lambda row: wording.count(row.agents))],
        ),
        (
            "Most cost-efficient",
            answer.most_cost_efficient,
            [agent],
            [("per task", lambda row: wording.cost(row.cost_per_task_usd, row.unpriced_calls)), tasks],
        ),
        (
            "Highest quality",
            answer.highest_quality,
            [agent],
            [("score", lambda row: f"{row.avg_quality_score:.1f}"), tasks],
        ),
        (
            f"Fastest hours ({answer.time_zone})",
            answer.peak_performance_hours,
            [("hour", lambda row: f"{row.hour:02}:00")],
            [time, ("tasks", lambda row: wording.count(row.operations))],
        ),
    ]
    for title, rows, first, numbers in asked:
        shown = list(islice(rows, limit))
        if any(row.few_samples for row in shown):
            numbers = [*numbers, ("", lambda row: "few samples" if row.few_samples else "")]
        if shown:
            yield rows_table(title, first, numbers, shown)
    if answer.degrading_operations:
        yield _degrading_table(answer.degrading_operations[:limit])


def _degrading_table(rows: tuple[DegradingOperation, ...]) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import rows_table

    first: list[_Cell] = [
        ("operation", lambda row: row.operation_type),
        ("metric", lambda row: row.trend.metric.replace("_", " ")),
    ]
    numbers: list[_Cell] = [
        ("per day", _slope),
        ("days", lambda row: wording.count(row.trend.data_points)),
        ("p adjusted", lambda row: "<0.001" if row.trend.p_adjusted < 0.001 else f"{row.trend.p_adjusted:.3f}"),
    ]
    return rows_table("Getting worse", first, numbers, rows)


def _slope(row: DegradingOperation) -> str:
    from decimal import Decimal

    from agentgauge.cli import wording

    slope = abs(row.trend.slope)
    sign = "+" if row.trend.slope > 0 else "-"
    match row.trend.metric:
        case "execution_time":
            return sign + wording.duration(slope)
        case "cost":
            return sign + wording.money(Decimal(slope))
        case "success_rate":
            return f"{sign}{slope * 100:.2f} points"
        case _:
            return f"{sign}{slope:.2f}"
