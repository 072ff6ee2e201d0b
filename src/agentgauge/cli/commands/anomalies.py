"""`agentgauge anomalies`: hours or days of a metric that are not as their season lets expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.anomalies import Anomalies, Found, Watched

_COUNTED = ("operation", "token")
_LARGEST_ALPHA = 0.1
"""More false alarms than these nobody wants to look at."""
_EXPENDABLE = ("p", "usual", "severity", "expected")


def anomalies(
    metrics: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[METRIC]...",
            help="cost, tokens, operations, execution_time, error_rate, success_rate, quality_score, latency, a "
            "numeric column, attributes.<key> or the name of a measurement. Default: the first five.",
        ),
    ] = None,
    bucket: Annotated[str, typer.Option("--bucket", metavar="hour|day", help="What one figure is of.")] = "hour",
    since: options.Since = None,
    until: options.Until = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DIMENSION", help="Look at each agent, model, ... by itself.")
    ] = None,
    where: options.Where = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            "--alpha",
            metavar="SHARE",
            help="How many quiet buckets may alarm. Default: one in four weeks, 1/672 of hours and 1/28 of days.",
        ),
    ] = None,
    limit: options.Limit = 20,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show hours or days that are not as earlier weeks were.

    Each is compared with the same hour or day of earlier weeks. Without --since it looks at the last 7 days of hours,
    or 28 of days. Six weeks of history come before what can be looked at, less with a larger --alpha.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports
    from agentgauge.service.reports.anomalies import METRICS

    with question(since, until, where, tz, home) as asked:
        asked.check_recorded(() if by is None else (by,))
        answer = reports.anomalies(
            asked.engine,
            asked.window,
            zone=asked.zone_name,
            now=asked.now,
            metrics=metrics or METRICS,
            bucket=bucket,
            by=by,
            alpha=alpha,
            filters=asked.filters,
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked, limit)


def _show(answer: Anomalies, asked: Question, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.engines.time_buckets import zone_named

    out, zone = screen(), zone_named(answer.time_zone)
    start, end = (wording.moment(edge, zone) for edge in (answer.since, answer.until))
    out.print(Text(f"{start} to {end} ({answer.time_zone})", style="dim"))
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    out.print(Text(_sentence(answer), style="bold"))
    if answer.anomalies:
        out.print()
        out.print(_table(answer, out.width, limit))
    lines = list(_remarks(answer, limit))
    if lines:
        out.print()
    for line in lines:
        out.print(Text(line, style="dim"))


def _sentence(answer: Anomalies) -> str:
    from agentgauge.cli import wording

    tested = sum(each.tested for each in answer.series)
    if not answer.series:
        return "Nothing has been recorded that could be looked at."
    if not tested:
        return "Too little history to tell what is unusual."
    count = len(answer.anomalies)
    found = "1 anomaly" if count == 1 else f"{wording.count(count)} anomalies" if count else "No anomalies"
    looked_at = wording.count_of(sum(each.tested > 0 for each in answer.series), "series").removesuffix("s")
    looked_at = looked_at if looked_at.endswith("series") else f"{looked_at}s"
    return f"{found} among {wording.count_of(tested, answer.bucket)} of {looked_at}"


def _table(answer: Anomalies, width: int, limit: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import fitting, rows_table

    rows = answer.anomalies[:limit]
    first: list[Cell] = [(answer.bucket, lambda row: wording.bucket(row.start, answer.bucket))]
    if answer.by is not None:
        first.append((answer.by, lambda row: "(none)" if row.key is None else row.key))
    first.append(("metric", lambda row: row.metric))
    numbers: list[Cell] = [
        ("value", _value),
        ("expected", lambda row: _figure(row.expected, row)),
        ("usual", _usual),
        ("deviation", _deviation),
        ("p", lambda row: f"{row.p_value:.2g}"),
        ("severity", lambda row: row.severity),
    ]
    return rows_table(None, first, fitting(first, numbers, _EXPENDABLE, rows, width), rows)


def _value(row: Found) -> str:
    from agentgauge.cli import wording

    shown = "no data" if row.cause == "no data" else _figure(row.value, row)
    return f"{shown} + {wording.unpriced(row.unpriced_calls)}" if row.unpriced_calls else shown


def _usual(row: Found) -> str:
    if math.isnan(row.low):
        return ""
    return f"{_figure(row.low, row)} to {_figure(row.high, row)}" if row.high > row.low else "nothing"


def _deviation(row: Found) -> str:
    return "" if math.isnan(row.deviation_percent) else f"{row.deviation_percent:+,.0f} %"


def _figure(value: float, row: Found) -> str:
    from agentgauge.analysis.metrics import is_ratio
    from agentgauge.cli import wording

    if is_ratio(row.metric):
        return wording.percent(value)
    if row.unit in _COUNTED:
        rounded = round(float(f"{value:.4g}"))
        return wording.count(rounded) if value >= 10 or value == rounded else f"{value:.1f}"
    return wording.number(float(f"{value:.3g}"), row.unit)


def _remarks(answer: Anomalies, limit: int) -> Iterator[str]:
    from agentgauge.cli import wording

    if len(answer.anomalies) > limit:
        yield f"... and {wording.count(len(answer.anomalies) - limit)} more: --limit shows them, --json has all"
    tested = [each for each in answer.series if each.tested]
    if tested:
        yield (
            f"Chance alone finds about {answer.expected_false:.2g} in as many quiet {answer.bucket}s "
            f"(1 in {1 / answer.alpha:,.0f})."
        )
    calls = max((each.unpriced_calls for each in answer.series if each.metric == "cost"), default=0)
    if answer.by is not None:
        calls = sum(each.unpriced_calls for each in answer.series if each.metric == "cost")
    if calls:
        yield f"{wording.unpriced(calls)} and in no figure."
    yield from _not_judged(answer)
    short = [each for each in answer.series if not each.tested]
    for each in short[:3]:
        yield _short(answer, each)
    if len(short) > 3:
        yield f"{wording.count(len(short) - 3)} more series have too little history; --json has all."


def _not_judged(answer: Anomalies) -> Iterator[str]:
    """Of series that were looked at in part: how many buckets were not, and what would judge more."""
    found: dict[str, list[str]] = {}
    partly = [each for each in answer.series if 0 < each.tested < each.in_window]
    for each in partly:
        found.setdefault(_left_out(answer, each), []).append(_name(each))
    alike = len(found) == 1
    for said, names in list(found.items())[:3]:
        yield said if alike else f"{', '.join(names)}: {said}"
    if len(found) > 3:
        yield f"{len(found) - 3:,} more were judged in part; --json has all."


def _left_out(answer: Anomalies, each: Watched) -> str:
    from agentgauge.cli import wording

    of = wording.count_of(each.in_window, answer.bucket)
    needed = wording.count_of(each.needed, answer.bucket)
    said = f"{wording.count(each.in_window - each.tested)} of {of} not judged: {needed} of history are needed"
    whole = each.whole_alpha <= _LARGEST_ALPHA
    alpha = _rounded_up(each.whole_alpha) if whole else _LARGEST_ALPHA
    if alpha <= answer.alpha:
        return f"{said}."
    return f"{said}; --alpha {alpha:g} would judge {'all' if whole else 'more'}."


def _name(each: Watched) -> str:
    return each.metric if each.key is None else f"{each.metric} of {each.key}"


def _rounded_up(alpha: float) -> float:
    return math.ceil(alpha * 10_000) / 10_000


def _short(answer: Anomalies, each: Watched) -> str:
    from agentgauge.cli import wording

    said = f"{_name(each)}: {wording.count_of(each.history, answer.bucket)} of history"
    if each.history >= each.needed:
        return f"{said}, none of them in this window."
    said += f", {wording.count(each.needed)} are needed"
    if each.least_alpha < _LARGEST_ALPHA:
        return f"{said}; --alpha {_rounded_up(each.least_alpha):g} would do."
    return f"{said}."
