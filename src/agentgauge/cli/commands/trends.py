"""`agentgauge trends`: whether a metric gets better or worse from day to day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from agentgauge.cli.output import Screen
    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.trends import Trend, Trends

_HEIGHT = 5
_EXPENDABLE = ("values", "days", "95 %", "per day")
_SPARKS = (30, 20, 10)
"""Screen columns of a course: the first with which names stay whole."""


def trends(
    metric: Annotated[
        str,
        typer.Argument(
            help="execution_time, cost, success_rate, quality_score, error_rate, tokens, latency, tool_failures, "
            "satisfaction, a numeric column, attributes.<key> or the name of a measurement."
        ),
    ],
    lookback: Annotated[int, typer.Option("--lookback", metavar="DAYS", help="Whole days before today.")] = 30,
    since: options.Since = None,
    until: options.Until = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="DIMENSION", help="The trend of each operation, agent, model, ... by itself."),
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="NAME", help="Only of this agent.")] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="NAME", help="Only of this role.")] = None,
    where: options.Where = None,
    per: Annotated[
        str, typer.Option("--per", metavar="operation|call", help="Whose cost or tokens one value is.")
    ] = "operation",
    better: Annotated[
        str | None,
        typer.Option("--better", metavar="lower|higher", help="Which way is better, of what the meter cannot know."),
    ] = None,
    limit: options.Limit = 20,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show whether a metric gets better or worse day by day.

    And where its level shifted. Over the figures of whole days, of which there must be seven with values. --since and
    --until ask for other days than the last ones.
    """
    from typing import cast

    from agentgauge.analysis.metrics import Per
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.errors import QueryError
    from agentgauge.service import reports
    from agentgauge.service.reports.trends import lookback as days_before

    if better not in (None, "lower", "higher"):
        raise QueryError(f"--better is lower or higher, not {better!r}")
    with question(since, until, where, tz, home, agent=agent, role=role) as asked:
        last_days = since is None and until is None
        window = days_before(lookback, asked.zone_name, asked.now) if last_days else asked.window
        asked.check_recorded(() if by is None else (by,), window)
        answer = reports.trends(
            asked.engine,
            metric,
            window,
            zone=asked.zone_name,
            now=asked.now,
            by=by,
            filters=asked.filters,
            per=cast("Per", per),
            lower_is_better=None if better is None else better == "lower",
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked, limit, per)


def _show(answer: Trends, asked: Question, limit: int, per: str) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.engines.time_buckets import zone_named

    out, zone = screen(), zone_named(answer.time_zone)
    start, end = (wording.moment(edge, zone) for edge in (answer.period.start, answer.period.end))
    out.print(Text(f"{answer.metric} per day, {start} to {end} ({answer.time_zone})", style="dim"))
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    out.print()
    for line in wording.found(True, answer.missing_before, zone):
        out.print(Text(line, style="dim"))
    if answer.by is None:
        _show_one(out, answer, answer.trends[0])
    elif not answer.trends:
        out.print(f"Nothing in this window has values of {answer.metric}.")
    else:
        out.print(_table(answer, out, limit))
        for line in _remarks(answer, limit):
            out.print(Text(line, style="dim"))
    if not any(trend.values or trend.unpriced_calls for trend in answer.trends):
        for line in wording.of_operations(answer.metric, per):
            out.print(line)


def _show_one(out: Screen, answer: Trends, trend: Trend) -> None:
    from rich.text import Text

    from agentgauge.service.trend_wording import shift_sentence, small_print, trend_sentence

    for line in _chart(answer, trend, out.width, out.encoding):
        out.print(Text(line, style="cyan"), soft_wrap=True)
    out.print(Text(trend_sentence(answer, trend)))
    for point in trend.shifts.points:
        out.print(Text(shift_sentence(answer, point)))
    if trend.shifts.points and trend.r_squared >= trend.shifts.r_squared:
        out.print(Text("A steady slope describes these days as well as such steps do."))
    out.print()
    for line in small_print(answer, trend):
        out.print(Text(line, style="dim"))


def _chart(answer: Trends, trend: Trend, width: int, encoding: str) -> Iterator[str]:
    from agentgauge.cli import wording
    from agentgauge.cli.chart import can_draw_blocks
    from agentgauge.cli.column_chart import column_chart, columns

    days = [point for point in trend.points if point.complete]
    known = [point.value for point in days if not math.isnan(point.value)]
    if not known:
        return
    top = wording.number(max(known), answer.unit)
    shown = columns([point.value for point in days], width - len(top) - 1)
    bottom = wording.number(min(known), answer.unit) if min(known) < 0 else "0"
    margin = max(len(top), len(bottom))
    labels = [top, *[""] * (_HEIGHT - 2), bottom]
    for label, line in zip(labels, column_chart(shown, _HEIGHT, unicode=can_draw_blocks(encoding)), strict=True):
        yield f"{label:>{margin}} {line}".rstrip()
    first, last = (f"{point.start:%b %d}" for point in (days[0], days[-1]))
    gap = len(shown) - len(first) - len(last)
    yield f"{'':>{margin}} {first}{' ' * gap}{last}" if gap > 0 else f"{'':>{margin}} {first}"
    yield ""


def _table(answer: Trends, out: Screen, limit: int) -> Table:
    from agentgauge.cli.tables import fitting, natural_width, rows_table, table_width

    shown = answer.trends[:limit]
    first: list[Cell] = [
        (str(answer.by), lambda trend: "(none)" if trend.key is None else trend.key),
        ("trend", lambda trend: trend.trend.replace("_", " ")),
    ]
    kept: list[Cell] = []
    for spark in _SPARKS:
        kept = fitting(first, _columns(answer, shown, out, spark), _EXPENDABLE, shown, out.width)
        has_course = any(heading == "per day" for heading, _ in kept)
        if has_course and table_width([natural_width(*cell, shown) for cell in (*first, *kept)]) <= out.width:
            break
    return rows_table(None, first, kept, shown)


def _columns(answer: Trends, shown: Sequence[Trend], out: Screen, spark: int) -> list[Cell]:
    from agentgauge.cli import wording
    from agentgauge.cli.chart import can_draw_blocks
    from agentgauge.cli.column_chart import columns, sparkline
    from agentgauge.service.trend_wording import chance, limits, signed

    unicode = can_draw_blocks(out.encoding)
    numbers: list[Cell] = [
        ("a day", lambda trend: signed(trend.robust.slope_per_day, answer.unit)),
        ("95 %", lambda trend: limits(trend, answer.unit)),
        (
            "p",
            lambda trend: (
                "" if math.isnan(trend.p_adjusted) else chance(trend.p_adjusted).removeprefix("p ").removeprefix("= ")
            ),
        ),
        ("level shifted", _shifts),
        ("days", lambda trend: wording.count(trend.data_points)),
        ("values", lambda trend: wording.count(trend.values)),
        ("per day", lambda trend: sparkline(columns(_days(trend), spark), unicode=unicode)),
    ]
    any_shifted = any(trend.shifts.points for trend in shown)
    return [cell for cell in numbers if cell[0] != "level shifted" or any_shifted]


def _shifts(trend: Trend) -> str:
    return ", ".join(f"{point.time:%b %d}{'?' * point.is_unsure}" for point in trend.shifts.points)


def _remarks(answer: Trends, limit: int) -> Iterator[str]:
    from agentgauge.cli import wording

    if len(answer.trends) > limit:
        yield f"... and {wording.count(len(answer.trends) - limit)} more: --limit shows them, --json has all"
    if any(point.is_unsure for trend in answer.trends[:limit] for point in trend.shifts.points):
        yield "?: the level may have shifted: the test says so, the interval of the shift holds zero."
    if answer.tests > 1:
        yield f"p is adjusted for {answer.tests} trends (Holm): chance has one anywhere among them in 5 of 100 cases."


def _days(trend: Trend) -> list[float]:
    return [point.value for point in trend.points if point.complete]
