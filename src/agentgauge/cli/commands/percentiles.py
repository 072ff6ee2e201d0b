"""`agentgauge percentiles`: how the values of a metric are distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.percentiles import Distribution, Percentiles

_STATISTICS = ("mean", "std dev", "min", "p50", "p75", "p90", "p95", "p99", "max")
_EXPENDABLE = ("std dev", "p75", "min", "p90", "mean", "max", "p99")


def percentiles(
    metric: Annotated[
        str,
        typer.Argument(
            help="execution_time, cost, tokens, quality_score, latency, satisfaction, a numeric column, "
            "attributes.<key> or the name of a measurement."
        ),
    ],
    since: options.Since = None,
    until: options.Until = None,
    by: options.By = None,
    where: options.Where = None,
    per: Annotated[
        str, typer.Option("--per", metavar="operation|call", help="Whose cost or tokens one value is.")
    ] = "operation",
    limit: options.Limit = 20,
    exact: options.Exact = False,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show how the values of a metric are distributed.

    Percentiles p50 to p99, mean, spread and extremes.

    Cost and tokens are those of whole operations, or of model calls with --per call. What has no known value is left
    out and counted. Without --since it is about everything recorded.
    """
    from typing import cast

    from agentgauge.analysis.metrics import Per
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports
    from agentgauge.service.dimensions import parse_dimensions

    dimensions = parse_dimensions(by or ())
    with question(since, until, where, tz, home) as asked:
        asked.check_recorded(dimensions)
        answer = reports.percentiles(
            asked.engine, metric, asked.window, asked.filters, by=dimensions, per=cast("Per", per), exact=exact
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked, limit)


def _show(answer: Percentiles, asked: Question, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    out = screen()
    per = f" per {answer.per}" if answer.metric in ("cost", "tokens") else ""
    title = f"{answer.metric}{per}"
    if not any(row.count or row.unpriced for row in answer.rows):
        if answer.nothing_recorded:
            out.print(f"Nothing is recorded: {asked.about}.", markup=False)
            return
        out.print(f"Nothing here has values of {title}: {asked.about}.", markup=False)
        for line in wording.of_operations(answer.metric, answer.per):
            out.print(line)
        return
    if answer.by:
        out.print(Text(asked.about, style="dim"))
        out.print()
        out.print(_table(title, answer, out.width, limit))
        if len(answer.rows) > limit:
            more = wording.count(len(answer.rows) - limit)
            out.print(Text(f"... and {more} more: --limit shows them, --json has all", style="dim"))
    else:
        out.print(Text(title, style="bold"))
        out.print(Text(asked.about, style="dim"))
        out.print(_list(answer.rows[0], answer))
    for said in wording.found(answer.exact, answer.missing_before, asked.zone):
        out.print(Text(said, style="dim"))


def _list(row: Distribution, answer: Percentiles) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.report_tables import totals_table
    from agentgauge.service.reports.totals import FEW

    left_out = f"{wording.count_of(row.unpriced, answer.per)} without a known cost left out" if row.unpriced else ""
    lines = [("values", wording.count(row.count), left_out)]
    for name, show in _cells(answer, [row], marked=False):
        remark = wording.few(FEW) if row.count and row.few and name in ("p95", "p99") else ""
        lines.append((f"{name} (median)" if name == "p50" else name, show(row), remark))
    return totals_table(lines)


def _table(title: str, answer: Percentiles, width: int, limit: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.report_tables import key_cell, with_rough_note
    from agentgauge.cli.tables import fitting, rows_table

    shown = answer.rows[:limit]
    marked = any(row.count and row.few for row in shown)
    first: list[Cell] = [(name, key_cell(name)) for name in answer.by]
    numbers: list[Cell] = [
        ("values", lambda row: wording.count(row.count)),
        *_cells(answer, shown, marked=marked),
    ]
    if any(row.unpriced for row in shown):
        numbers.append(("unpriced", lambda row: wording.count(row.unpriced) if row.unpriced else ""))
    kept = fitting(first, numbers, _EXPENDABLE, shown, width)
    return with_rough_note(rows_table(title, first, kept, shown), marked)


def _cells(answer: Percentiles, rows: Sequence[Distribution], *, marked: bool) -> list[Cell]:
    from agentgauge.cli import wording

    def cell(name: str) -> Cell:
        field = name.replace(" ", "_")

        def show(row: Distribution) -> str:
            text = wording.number(getattr(row, field), answer.unit)
            return wording.rough(text, row.few, marked) if name in ("p95", "p99") else text

        return (name, show)

    return [cell(name) for name in _STATISTICS]
