"""`agentgauge backup` and `agentgauge restore`: a home as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentgauge.cli import options


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make, such as agentgauge.tar.zst.")],
    home: options.Home = None,
) -> None:
    """Keep a copy of a home in one file, while it is used.

    Journal, lake, prices, and what is decided in it. Where that is in PostgreSQL, use pg_dump beside this.
    """
    from agentgauge.cli.output import note, screen
    from agentgauge.cli.progress import through_bytes
    from agentgauge.cli.wording import count_of, size
    from agentgauge.service.backup import back_up
    from agentgauge.settings.server import get_server_settings

    settings = get_server_settings(home)
    with through_bytes("packed") as on_file:
        made = back_up(settings, file, on_file)
    held = f"{count_of(made.files, 'file')}, {size(made.bytes)} in {size(made.packed_bytes)}"
    screen().print(f"{settings.recording.home.root} kept in {file}: {held}", soft_wrap=True)
    if made.state == "postgresql":
        note("note: budgets, alerts, keys and other state are in PostgreSQL and not in this file: keep them by pg_dump")
    if settings.recording.prices_file is not None:
        note(f"note: prices of your own are in {settings.recording.prices_file}, outside the home: keep that file too")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `agentgauge backup` made.")],
    home: options.Home = None,
) -> None:
    """Put a home together again from a backup.

    Into an empty directory only, and only where every file is what was put in.
    """
    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import note, screen
    from agentgauge.cli.wording import count_of, size
    from agentgauge.service.backup import restore as put_back
    from agentgauge.settings import get_settings

    place = get_settings(home).home
    check_writable(place)
    manifest = put_back(file, place)
    held = f"{count_of(len(manifest.files), 'file')}, {size(manifest.bytes)}"
    screen().print(f"{place.root} is as it was at {manifest.made:%Y-%m-%d %H:%M:%S} UTC: {held}", soft_wrap=True)
    if manifest.state == "postgresql":
        note("note: budgets, alerts, keys and other state were in PostgreSQL: restore them by pg_restore or psql")
