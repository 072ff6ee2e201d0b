"""`agentgauge flame`: where time goes inside operations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.flame import Flame, Node

    Line = tuple[int, float, float, Node]
    """A node with its depth, and where its bar begins and ends, on 0-1."""

_LEAST_BAR, _LONGEST_BAR, _LEAST_NAME, _GAP = 16, 60, 18, 3
"""Columns on the screen."""


def flame(
    operation: Annotated[
        str | None, typer.Argument(help="The name of the tasks to look into. Default: all that is inside nothing.")
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    limit: options.Limit = 40,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the picture, with all of the tree.")
    ] = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show where time goes: what ran inside what, in one tree.

    Each line is all spans of one path: tasks, what they contain, and model and tool calls. Conditions choose where
    trees begin, and all that is inside comes along. Without --since it is about everything recorded.
    """
    from agentgauge.cli.output import note, print_document
    from agentgauge.cli.question import question
    from agentgauge.exporters.flame_svg import flame_svg
    from agentgauge.files import write_atomically
    from agentgauge.service import reports

    with question(since, until, where, tz, home) as asked:
        answer = reports.flame(asked.engine, asked.window, operation, asked.filters)
    if svg is not None:
        write_atomically(svg, flame_svg(answer).encode())
        note(f"written to {svg}")
    if as_json:
        print_document(answer)
    elif svg is None:
        _show(answer, asked, limit)


def _show(answer: Flame, asked: Question, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    out = screen()
    lines = list(_lines(answer.root))
    if not lines:
        out.print(f"Nothing that has a duration ran here: {asked.about}.", markup=False)
        return
    out.print(Text(asked.about, style="dim"))
    out.print()
    out.print(_table(answer, lines[:limit], out.width, out.encoding))
    notes = []
    if any(node.in_parallel for _, _, _, node in lines[:limit]):
        notes.append("+ in parallel: what is inside took more time together than passed around it")
    if len(lines) > limit:
        more = wording.count(len(lines) - limit)
        notes.append(f"... and {more} more: --limit shows them, --json and --svg have all")
    if answer.newest_only:
        notes.append("More spans than 100,000 ran: the tree is of the newest")
    if answer.cut:
        notes.append("More paths than can be told apart: the others are in the time of those around them")
    notes += wording.found(True, answer.missing_before, asked.zone)
    for text in notes:
        out.print(Text(text, style="dim"))


def _lines(root: Node) -> Iterator[Line]:
    """The nodes below the root."""
    from agentgauge.exporters.flame_svg import placed

    for depth, begin, end, node in placed(root):
        if depth:
            yield depth - 1, begin, end, node


def _table(answer: Flame, lines: list[Line], width: int, encoding: str) -> Table:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.chart import can_draw_blocks
    from agentgauge.cli.tables import fitting, natural_width, plain_table, table_width

    name: list[Cell] = [("", lambda line: f"{'  ' * line[0]}{line[3].name or '(none)'}")]
    numbers: list[Cell] = [
        ("total", lambda line: wording.duration(line[3].value)),
        ("self", lambda line: wording.duration(line[3].self_ms)),
        ("share ", lambda line: wording.percent(line[3].share) + ("+" if line[3].in_parallel else " ")),
        ("runs", lambda line: wording.count(line[3].count)),
    ]
    if any(node.failures for _, _, _, node in lines):
        numbers.append(("failed", lambda line: wording.count(line[3].failures) if line[3].failures else ""))
    kept = fitting(name, numbers, ("failed", "runs", "self"), lines, width - _LEAST_BAR - _GAP)
    taken = table_width([0, *(natural_width(*cell, lines) for cell in kept), 0])
    names = min(natural_width(*name[0], lines), max(_LEAST_NAME, width - taken - _LEAST_BAR))
    longest = max(4, min(_LONGEST_BAR, width - taken - names))
    block = "█" if can_draw_blocks(encoding) else "#"
    table = plain_table(f"Where the time of {answer.operation or 'everything'} goes")
    table.add_column("", width=names, overflow="fold")
    for heading, _ in kept:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for line in lines:
        _, begin, end, node = line
        first = min(int(begin * longest), longest - 1)
        bar = block * max(1, round((end - begin) * longest)) if node.value else ""
        style = {"task": "cyan", "llm_call": "magenta", "tool_call": "yellow"}.get(node.kind, "")
        cells = [Text(show(line)) for _, show in (*name, *kept)]
        table.add_row(*cells, Text(" " * first + bar[: longest - first], style=style))
    return table
