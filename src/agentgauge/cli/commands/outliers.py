"""`agentgauge outliers`: single operations, calls or measurements whose value is far from the others'."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from rich.table import Table

    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.outliers import KeyBaseline, Outlier, Outliers

_ALL = "none"
_EXPENDABLE = ("id", "usual", "deviation")
_EXPENDABLE_BASELINES = ("zeros", "spread", "values")


def outliers(
    metric: Annotated[
        str,
        typer.Argument(
            help="execution_time, cost, tokens, quality_score, latency, satisfaction, a numeric column, "
            "attributes.<key> or the name of a measurement."
        ),
    ],
    since: options.Since = None,
    until: options.Until = None,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="DIMENSION", help="What is measured against its own kind only; none: all together."
        ),
    ] = "operation",
    method: Annotated[
        str, typer.Option("--method", metavar="robust|z", help="Median and MAD, or mean and standard deviation.")
    ] = "robust",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="SCORE", help="Scores beyond it are outliers. Default: 3.5; of z 3."),
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="NAME", help="Only of this agent.")] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="NAME", help="Only of this role.")] = None,
    where: options.Where = None,
    per: Annotated[
        str, typer.Option("--per", metavar="operation|call", help="Whose cost or tokens one value is.")
    ] = "operation",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many are listed, the farthest first.")] = 20,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show single values far from the others of their kind.

    The farthest come first. Durations, money and tokens are scored by their logarithms with --method robust, as their
    values spread by factors.
    """
    from typing import cast

    from agentgauge.analysis.metrics import Per
    from agentgauge.analysis.outliers import Method
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports

    with question(since, until, where, tz, home, agent=agent, role=role) as asked:
        asked.check_recorded(() if by == _ALL else (by,))
        answer = reports.outliers(
            asked.engine,
            metric,
            asked.window,
            method=cast("Method", method),
            threshold=threshold,
            by=None if by == _ALL else by,
            filters=asked.filters,
            limit=limit,
            per=cast("Per", per),
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked, limit, per)


def _show(answer: Outliers, asked: Question, limit: int, per: str) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    out, zone = screen(), asked.zone
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    if not answer.baselines:
        out.print(f"Nothing in this window has values of {answer.metric}.")
        for line in wording.of_operations(answer.metric, per):
            out.print(line)
        return
    values = sum(row.baseline.n for row in answer.baselines)
    found = wording.count_of(answer.count, "outlier")
    out.print(Text(f"{found} among {wording.count_of(values, 'value')} of {answer.metric}", style="bold"))
    if answer.outliers:
        out.print()
        out.print(_outliers_table(answer, zone, out.width))
        if answer.count > limit:
            out.print(
                Text(f"... and {wording.count(answer.count - limit)} nearer ones: --limit lists more", style="dim")
            )
    out.print()
    out.print(_baselines_table(answer, out.width, limit))
    for line in (*_remarks(answer, limit), *wording.found(True, answer.missing_before, zone)):
        out.print(Text(line, style="dim"))


def _outliers_table(answer: Outliers, zone: tzinfo, width: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import fitting, rows_table

    usual = {row.key: row.baseline.centre for row in answer.baselines}
    shown = answer.outliers
    first: list[Cell] = [("time", lambda row: wording.moment(row.time, zone))]
    if any(row.agent for row in shown):
        first.append(("agent", lambda row: row.agent or "(none)"))
    first.append(("operation", lambda row: row.operation or "(none)"))
    if answer.by not in (None, "operation", "agent"):
        first.append((str(answer.by), lambda row: "(none)" if row.key is None else row.key))
    numbers: list[Cell] = [
        ("value", lambda row: wording.number(row.value, answer.unit)),
        ("usual", lambda row: wording.number(usual[row.key], answer.unit)),
        ("deviation", lambda row: _signed(row, answer.unit)),
        ("score", lambda row: f"{row.score:+.1f}"),
        ("id", lambda row: "" if row.id is None else str(row.id)),
    ]
    return rows_table(None, first, fitting(first, numbers, _EXPENDABLE, shown, width), shown)


def _signed(row: Outlier, unit: str) -> str:
    from agentgauge.cli import wording

    return f"{'-' if row.deviation < 0 else '+'}{wording.number(abs(row.deviation), unit)}"


def _baselines_table(answer: Outliers, width: int, limit: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import fitting, rows_table

    shown = sorted(answer.baselines, key=lambda row: (-row.count, -row.baseline.n))[:limit]
    centre = "mean" if answer.method == "z" else "median"
    first: list[Cell] = [] if answer.by is None else [(answer.by, lambda row: "(none)" if row.key is None else row.key)]
    numbers: list[Cell] = [
        ("values", lambda row: wording.count(row.baseline.n)),
        (centre, lambda row: wording.number(row.baseline.centre, answer.unit)),
        ("spread", lambda row: _spread(row, answer.unit)),
        ("below", lambda row: _limit(row.low, answer.unit)),
        ("above", lambda row: _limit(row.high, answer.unit)),
        ("outliers", lambda row: f"{row.count or ''} too few".strip() if row.too_few else wording.count(row.count)),
    ]
    if any(row.baseline.zeros for row in shown):
        numbers.append(("zeros", lambda row: wording.count(row.baseline.zeros)))
    return rows_table("Usual values", first, fitting(first, numbers, _EXPENDABLE_BASELINES, shown, width), shown)


def _spread(row: KeyBaseline, unit: str) -> str:
    """One score's worth: a factor where logarithms are scored."""
    from agentgauge.cli import wording

    one = row.baseline.unit_score
    if math.isnan(one):
        return wording.NOTHING
    if row.baseline.scale == "log":
        return f"x {math.exp(one):.3g}" if one < 700 else "x (endless)"
    return wording.number(one, unit)


def _limit(value: float, unit: str) -> str:
    from agentgauge.cli import wording

    never_reached = not math.isfinite(value) or (value < 0 and unit in ("ms", "USD", "token"))
    return wording.NOTHING if never_reached else wording.number(value, unit)


def _remarks(answer: Outliers, limit: int) -> Iterator[str]:
    from agentgauge.analysis.outliers import FEWEST
    from agentgauge.cli import wording

    if len(answer.baselines) > limit:
        yield f"... and {wording.count(len(answer.baselines) - limit)} more of {answer.by}: --json has all"
    if any(row.too_few for row in answer.baselines):
        if answer.method == "z":
            yield f"too few: of n values none has a z above (n - 1) / sqrt(n), there not above {answer.threshold:g}"
        else:
            yield f"too few: fewer than {FEWEST} values say little of what is usual"
    if any(row.baseline.zeros for row in answer.baselines):
        yield "zeros have no logarithm: they are counted, and neither usual nor outliers"
    if not answer.exact:
        yield "spreads were found from 45 percentiles of the values"
