"""`agentgauge trends`: whether a metric gets better or worse from day to day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.table import Table

    from agentgauge.analysis.change_points import ChangePoint
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

    for line in _chart(answer, trend, out.width, out.encoding):
        out.print(Text(line, style="cyan"), soft_wrap=True)
    out.print(Text(_sentence(answer, trend)))
    for point in trend.shifts.points:
        out.print(Text(_shift(answer, point)))
    if trend.shifts.points and trend.r_squared >= trend.shifts.r_squared:
        out.print(Text("A steady slope describes these days as well as such steps do."))
    out.print()
    for line in _small_print(answer, trend):
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


def _sentence(answer: Trends, trend: Trend) -> str:
    """What was found, in one."""
    from agentgauge.cli import wording

    if trend.trend == "insufficient_data":
        had = wording.count_of(trend.data_points, "day")
        return f"Insufficient data: {had} with values, and 7 are needed."
    slope = _a_day(trend.robust.slope_per_day, answer.unit)
    between = f"95 %: {_limits(trend, answer.unit)}"
    if trend.trend == "stable":
        steady = "No steady trend, but shifts" if trend.shifts.points else "Stable"
        return f"{steady}: {slope} ({between}) cannot be told from chance ({_p(trend.p_adjusted)})."
    return f"{trend.trend.capitalize()}: {slope} ({between}; {_p(trend.p_adjusted)})."


def _shift(answer: Trends, point: ChangePoint) -> str:
    from agentgauge.cli import wording

    before, after = (wording.number(level.mean, answer.unit) for level in (point.before, point.after))
    way = ("may have risen", "may have fallen") if point.is_unsure else ("rose", "fell")
    limits = " to ".join(_signed(limit, answer.unit) for limit in (point.low, point.high))
    return (
        f"The level {way[point.size < 0]} on {_day(point.time, answer.time_zone)} from {before} to {after} "
        f"({_signed(point.size, answer.unit)}; 95 %: {limits}; {_p(point.p_value)})."
    )


def _small_print(answer: Trends, trend: Trend) -> Iterator[str]:
    from agentgauge.cli import wording

    of = f"{wording.count_of(trend.data_points, 'day')} with {wording.count_of(trend.values, 'value')}"
    if trend.empty_days:
        of += f", {wording.count(trend.empty_days)} without"
    if trend.incomplete_days:
        of += f", {wording.count(trend.incomplete_days)} incomplete and left out"
    yield f"{of}."
    if trend.unpriced_calls:
        yield f"{wording.unpriced(trend.unpriced_calls)} and in no figure."
    if trend.trend != "insufficient_data":
        yield (
            f"Least squares: {_a_day(trend.slope, answer.unit)}, r squared {trend.r_squared:.2f}, {_p(trend.p_value)} "
            "if days did not depend on each other."
        )
        yield (
            f"A day resembles the one before by {trend.robust.autocorrelation:.2f}: "
            f"as good as {trend.robust.effective_n:.0f} independent days."
        )


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

    unicode = can_draw_blocks(out.encoding)
    numbers: list[Cell] = [
        ("a day", lambda trend: _signed(trend.robust.slope_per_day, answer.unit)),
        ("95 %", lambda trend: _limits(trend, answer.unit)),
        (
            "p",
            lambda trend: (
                "" if math.isnan(trend.p_adjusted) else _p(trend.p_adjusted).removeprefix("p ").removeprefix("= ")
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


def _a_day(slope: float, unit: str) -> str:
    if slope == 0:
        return "no change a day"
    return f"{_rough(abs(slope), unit)} {'more' if slope > 0 else 'less'} a day"


def _limits(trend: Trend, unit: str) -> str:
    low, high = trend.robust.slope_low, trend.robust.slope_high
    return "" if math.isnan(low) else f"{_signed(low, unit)} to {_signed(high, unit)}"


def _signed(value: float, unit: str) -> str:
    from agentgauge.cli import wording

    if math.isnan(value):
        return wording.NOTHING
    if math.isinf(value):
        return "any less" if value < 0 else "any more"
    return f"{'-' if value < 0 else '+'}{_rough(abs(value), unit)}"


def _rough(value: float, unit: str) -> str:
    """With two significant digits: more would claim what nobody knows of a slope."""
    from agentgauge.cli import wording

    rounded = float(f"{value:.2g}")
    return wording.number(rounded, unit) if unit in ("ms", "USD") or rounded >= 1 else f"{rounded:g}"


def _p(p_value: float) -> str:
    if math.isnan(p_value):
        return ""
    return "p < 0.001" if p_value < 0.0005 else f"p = {p_value:.3f}"


def _day(time: datetime, zone_name: str) -> str:
    from agentgauge.engines.time_buckets import zone_named

    return f"{time.astimezone(zone_named(zone_name)):%a %Y-%m-%d}"
