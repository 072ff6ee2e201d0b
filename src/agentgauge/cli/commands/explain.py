"""`agentgauge explain`: why a figure differs from what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.explanation import Contributor, Contributors, Explanation

_WINDOWS = "7d, yesterday, 2026-11-01, 2026-11-01..2026-11-07"


def explain(
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="cost, tokens, success_rate, execution_time, quality_score, latency, tool_failures, or any other "
            "numeric column, attribute or measurement.",
        ),
    ] = "cost",
    window: Annotated[str, typer.Option("--window", metavar="WINDOW", help=f"The later window: {_WINDOWS}.")] = "7d",
    against: Annotated[
        str,
        typer.Option(
            "--against", metavar="WINDOW", help="The earlier one, in the same forms, or previous: as long, before."
        ),
    ] = "previous",
    by: options.By = None,
    where: options.Where = None,
    limit: options.Limit = 10,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show why a figure changed between two windows of time.

    The change of cost or tokens is taken apart into volume, calls, retries, models, tokens per call, cache and prices,
    that of any other metric into what changed within groups and how their mix did. Parts add up to the change exactly.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports
    from agentgauge.service.compared_windows import parse_compared
    from agentgauge.service.dimensions import parse_dimensions
    from agentgauge.service.explain_wording import sentence

    dimensions = parse_dimensions(by or ())
    with question(None, None, where, tz, home) as asked:
        later, earlier = parse_compared(window, against, asked.zone, asked.now)
        asked.check_recorded()
        answer = reports.explain(
            asked.engine,
            later,
            earlier,
            book=asked.meter.book,
            now=asked.now,
            metric=metric,
            by=dimensions,
            filters=asked.filters,
        )
    if as_json:
        print_document(
            {"sentence": sentence(answer)} | {name: getattr(answer, name) for name in answer.__struct_fields__}
        )
    else:
        _show(answer, asked, limit)


def _show(answer: Explanation, asked: Question, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.service import explain_wording

    out, zone = screen(), asked.zone
    for word, period in (("", answer.after), ("against ", answer.before)):
        start, end = (wording.moment(edge, zone) for edge in (period.window.start, period.window.end))
        out.print(f"{word}{start} to {end}", style="dim")
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    if answer.is_partial:
        out.print(explain_wording.unknown(answer), style="bold")
    out.print(explain_wording.sentence(answer), style="bold")
    for remark in explain_wording.remarks(answer, zone):
        out.print(remark, style="dim")
    if any(part.amount for part in answer.parts):
        out.print()
        out.print(_parts_table(answer))
    for contributors in answer.contributors:
        if any(row.before or row.after or row.change for row in contributors.rows):
            out.print()
            out.print(_contributors_table(answer, contributors, out.width, limit))
            if len(contributors.rows) > limit:
                rest = wording.count(len(contributors.rows) - limit)
                out.print(f"... and {rest} more: --limit shows them, --json has all", style="dim")


def _parts_table(answer: Explanation) -> Table:
    from agentgauge.analysis.decomposition import Part
    from agentgauge.cli.tables import rows_table
    from agentgauge.service import explain_wording

    shown = [part for part in answer.parts if part.amount]
    shown.sort(key=lambda part: -abs(part.amount))
    assert answer.change is not None
    shown.append(Part("all", answer.change))
    numbers: list[Cell] = [
        ("before", lambda part: explain_wording.factor(part, part.before, answer, answer.before)),
        ("after", lambda part: explain_wording.factor(part, part.after, answer, answer.after)),
        ("of the change", lambda part: explain_wording.amount(part.amount, answer.unit, signed=True)),
    ]
    if answer.unit_of_work is None:
        numbers = numbers[2:]
    return rows_table("Why", [("part", lambda part: explain_wording.label(part, answer))], numbers, shown)


def _contributors_table(answer: Explanation, contributors: Contributors, width: int, limit: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import fitting, rows_table
    from agentgauge.service import explain_wording

    def figure(name: str, *, signed: bool = False) -> Callable[[Contributor], str]:
        return lambda row: explain_wording.amount(getattr(row, name), answer.unit, signed=signed)

    rows = contributors.rows[:limit]
    counted = "values" if answer.unit_of_work is None else "calls"
    numbers: list[Cell] = [
        (counted, lambda row: f"{row.count_before:,} -> {row.count_after:,}"),
        ("before", figure("before")),
        ("after", figure("after")),
        ("of the change", lambda row: wording.NOTHING if _is_unknown(row) else figure("change", signed=True)(row)),
    ]
    if answer.unit_of_work is None:
        numbers.append(("by its mix", figure("mix", signed=True)))
    if any(row.unpriced_before or row.unpriced_after for row in rows):
        numbers.append(("unpriced", lambda row: f"{row.unpriced_before:,} -> {row.unpriced_after:,}"))
    first: list[Cell] = [(contributors.by, lambda row: "(none)" if row.key is None else str(row.key))]
    kept = fitting(first, numbers, ("by its mix", counted), rows, width)
    return rows_table(f"By {contributors.by}", first, kept, rows)


def _is_unknown(row: Contributor) -> bool:
    """Whether one of its costs is not known at all, and so its change is not either."""
    return bool(row.before is None and row.unpriced_before) or bool(row.after is None and row.unpriced_after)
