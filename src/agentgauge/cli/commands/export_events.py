"""`agentgauge export events`, or `agentgauge export` alone: events as files for other programs."""

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
    JSON = "json"


def events(
    form: Annotated[Form | None, typer.Argument(help="What is written; jsonl where nothing is said.")] = None,
    form_option: Annotated[Form | None, typer.Option("--format", help="The same, as an option.")] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; - is standard output.", allow_dash=True)
    ] = Path("-"),
    since: options.Since = None,
    until: options.Until = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json: one list of events.")] = False,
) -> None:
    """Write events as JSON lines, CSV, Parquet or one JSON list.

    A file appears whole or not at all. JSON leaves out what an event does not have. In CSV, text that a spreadsheet
    would run as a formula begins with an apostrophe.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import note
    from agentgauge.cli.progress import counting
    from agentgauge.cli.wording import count_of
    from agentgauge.cli.zones import reading_zone
    from agentgauge.exporters.events import export_events
    from agentgauge.meter import Meter
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    if not (to_stdout := str(out) == "-"):
        check_target(out)
    chosen = _one_form(form, form_option, Form.JSON if as_json else None)
    window = parse_window(since, until, reading_zone(tz)[1], datetime.now(UTC))
    if to_stdout and chosen is Form.PARQUET and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is binary: name a file, or redirect the output", param_hint="--out")
    settings = get_settings(home)
    note_absent(settings.home)
    with Meter(settings).reading() as snapshot, counting("events written") as on_row:
        target = sys.stdout.buffer if to_stdout else out.absolute()
        written = export_events(snapshot.connection, window, chosen.value, target, on_row)
    if not to_stdout:
        note(f"{count_of(written, 'event')} written to {out}")


def check_target(out: Path) -> None:
    """Raises `QueryError` where the file to write cannot be: what is written first has a name that nobody gave."""
    import os

    from agentgauge.errors import QueryError

    folder = out.absolute().parent
    if out.is_dir():
        raise QueryError(f"--out {out}: it is a folder; name a file in it")
    if not folder.is_dir():
        raise QueryError(f"--out {out}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK):
        raise QueryError(f"--out {out}: {folder} cannot be written; name a file elsewhere")


def _one_form(*asked: Form | None) -> Form:
    """The form that was asked for, in one way or several. Raises `QueryError` where they differ."""
    from agentgauge.errors import QueryError

    forms = list(dict.fromkeys(form for form in asked if form is not None))
    if len(forms) > 1:
        raise QueryError(f"events are written in one form, got {' and '.join(forms)}: leave out all but one")
    return forms[0] if forms else Form.JSONL
