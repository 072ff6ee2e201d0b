"""`agentgauge export`: events as files for other programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentgauge.cli import options


class Form(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def export(
    form: Annotated[Form, typer.Argument(help="What is written.")] = Form.JSONL,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; - is standard output.", allow_dash=True)
    ] = Path("-"),
    since: options.Since = None,
    until: options.Until = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
) -> None:
    """Write events as JSON lines, CSV or Parquet.

    A file appears whole or not at all. JSON lines leave out what an event does not have. In CSV, text that a
    spreadsheet would run as a formula begins with an apostrophe.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.output import note
    from agentgauge.cli.progress import counting
    from agentgauge.cli.wording import count_of
    from agentgauge.cli.zones import reading_zone
    from agentgauge.exporters.events import export_events
    from agentgauge.service.meter import Meter
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    window = parse_window(since, until, reading_zone(tz)[1], datetime.now(UTC))
    to_stdout = str(out) == "-"
    if to_stdout and form is Form.PARQUET and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is binary: name a file, or redirect the output", param_hint="--out")
    with Meter(get_settings(home)).reading() as snapshot, counting("events written") as on_row:
        target = sys.stdout.buffer if to_stdout else out.absolute()
        written = export_events(snapshot.connection, window, form.value, target, on_row)
    if not to_stdout:
        note(f"{count_of(written, 'event')} written to {out}")
