"""`agentgauge correlate`: which metrics rise and fall together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.correlate import Correlations

_EXPENDABLE = ("p", "worth")


def correlate(
    metrics: Annotated[
        list[str],
        typer.Argument(
            help="Two or more of success, cost, duration, tokens, quality, error_rate, satisfaction, attributes.<key>, "
            "or names of measurements."
        ),
    ],
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="Over units of work: issue, run, session, ticket, ... Default: issue."),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option("--bucket", metavar="WIDTH", help="Over time instead: hour, day, week or month.")
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show which metrics rise and fall together.

    By rank: does what costs more also succeed more often? p-values are adjusted for the number of pairs, and over time
    for what depends on the bucket before. A correlation is no cause.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports

    with question(since, until, where, tz, home) as asked:
        asked.check_recorded()
        answer = reports.correlate(
            asked.engine,
            asked.window,
            metrics,
            unit=unit,
            bucket=bucket,
            zone=asked.zone_name,
            now=asked.now,
            filters=asked.filters,
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked)


def _show(answer: Correlations, asked: Question) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import fitting, rows_table

    out = screen()
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    numbers: list[Cell] = [
        (f"{answer.over}s", lambda pair: wording.count(pair.n)),
        ("rho", lambda pair: wording.NOTHING if math.isnan(pair.rho) else f"{pair.rho:+.2f}"),
        ("95 % interval", lambda pair: _interval(pair.ci_low, pair.ci_high)),
        ("p", lambda pair: wording.p_value(pair.p_value)),
        ("p adjusted", lambda pair: wording.p_value(pair.p_adjusted)),
        ("verdict", lambda pair: _verdict(pair.rho, shown=pair.shown)),
    ]
    if any(pair.effective_n < pair.n for pair in answer.pairs):
        numbers.insert(1, ("worth", lambda pair: f"{pair.effective_n:,.0f}"))
    if len(answer.pairs) == 1:
        numbers = [cell for cell in numbers if cell[0] != "p adjusted"]
    expendable = _EXPENDABLE if len(answer.pairs) > 1 else ("worth",)
    first: list[Cell] = [("metrics", lambda pair: f"{pair.a} and {pair.b}")]
    kept = fitting(first, numbers, expendable, answer.pairs, out.width)
    out.print(rows_table(f"Rank correlations over {answer.over}s", first, kept, answer.pairs))
    missing = [
        f"{name} of {wording.count_of(without, answer.over)}"
        for name, without in zip(answer.metrics, answer.without, strict=True)
        if without
    ]
    if missing:
        out.print()
        out.print(Text(f"not known: {', '.join(missing)}", style="dim"))


def _interval(low: float, high: float) -> str:
    from agentgauge.cli import wording

    return wording.NOTHING if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"


def _verdict(rho: float, *, shown: bool) -> str:
    if math.isnan(rho):
        return "too little to tell"
    if not shown:
        return "no relation shown"
    return "rise together" if rho > 0 else "one rises, the other falls"
