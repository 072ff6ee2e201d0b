"""`agentgauge export sqlite`: the tables of features as a file that SQLite opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentgauge.cli import options


def sqlite(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; it takes the place of one there.")],
    since: options.Since = None,
    until: options.Until = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
) -> None:
    """Write the tables of features as an SQLite file.

    They are system_performance, user_satisfaction, feature_usage and daily_aggregates. The file appears whole or not at
    all. The journal is compacted first where that is possible, so that every row has its event's id.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.commands.export_events import check_target
    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import note
    from agentgauge.cli.progress import counting
    from agentgauge.cli.wording import count_of
    from agentgauge.cli.zones import reading_zone
    from agentgauge.exporters.sqlite import export_sqlite
    from agentgauge.meter import Meter
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    if str(out) == "-":
        raise typer.BadParameter("SQLite writes to a file, not to standard output: name one", param_hint="--out")
    check_target(out)
    window = parse_window(since, until, reading_zone(tz)[1], datetime.now(UTC))
    meter = Meter(get_settings(home))
    note_absent(meter.settings.home)
    if meter.settings.home.journal.is_dir():
        meter.compact_if_possible()
    with meter.reading() as snapshot, counting("rows written") as on_row:
        written = export_sqlite(snapshot.connection, window, out.absolute(), on_row)
    note(f"{count_of(written, 'row')} written to {out}")
