"""`agentgauge doctor`: whether everything that was recorded is there, and the home in order."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from agentgauge.service.doctor import Diagnosis


def doctor(tz: options.TimeZone = None, home: options.Home = None, as_json: options.Json = False) -> None:
    """Show what was lost and whether the home is in order.

    What was refused, torn or dropped, and the state of journal, lake and disk. Ends with 1 where there are problems.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.service.doctor import diagnose
    from agentgauge.service.meter import Meter
    from agentgauge.settings import get_settings

    _, zone = reading_zone(tz)
    diagnosis = diagnose(Meter(get_settings(home)))
    if as_json:
        print_document(diagnosis)
    else:
        _show(diagnosis, zone)
    if diagnosis.problems:
        raise typer.Exit(FINDING)


def _show(diagnosis: Diagnosis, zone: tzinfo) -> None:
    from rich.table import Table
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import rows_table

    out = screen()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _state(diagnosis):
        table.add_row(label, Text(value))
    out.print(table)
    if diagnosis.losses:
        out.print()
        out.print(
            rows_table(
                "Lost events",
                [("reason", lambda loss: loss.reason), ("last seen", lambda loss: loss.example)],
                [
                    ("events", lambda loss: wording.count(loss.count)),
                    ("last", lambda loss: wording.moment(loss.last, zone)),
                ],
                diagnosis.losses,
            )
        )
    out.print()
    if not diagnosis.problems:
        out.print("No problems.", style="green")
    for problem in diagnosis.problems:
        out.print(Text.assemble(("problem: ", "bold red"), problem))


def _state(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    from agentgauge.cli import wording

    live = sum(segment.live for segment in diagnosis.segments)
    segments = wording.count_of(len(diagnosis.segments), "segment")
    used, limit = wording.size(diagnosis.journal_bytes), wording.size(diagnosis.journal_limit_bytes)
    files = wording.count_of(diagnosis.lake_files, "file")
    return [
        ("agentgauge", f"{diagnosis.version} on Python {diagnosis.python}"),
        ("home", f"{diagnosis.home}{'' if diagnosis.writable else ' (cannot be written)'}"),
        ("free space", wording.size(diagnosis.free_bytes)),
        (
            "events",
            f"{wording.count(diagnosis.events)}, of them {wording.count(diagnosis.tail_events)} still in the journal",
        ),
        (
            "journal",
            f"{segments}, {wording.count(live)} being written, {used} of at most {limit}",
        ),
        (
            "lake",
            f"{diagnosis.lake}: "
            + ("nothing yet" if diagnosis.lake_version < 0 else f"{files}, version {diagnosis.lake_version}"),
        ),
        ("prices", diagnosis.price_book),
    ]
