"""`agentgauge db`: the database of what changes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.state.database import Database
    from agentgauge.state.sql import SqlStore

db = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The database of what changes in place.")


@db.command()
def status(home: options.Home = None, as_json: options.Json = False) -> None:
    """Say which database it is, and whether its tables are up to date; ends with 1 where they are not."""
    from agentgauge.cli.exits import FINDING
    from agentgauge.cli.output import print_document, screen
    from agentgauge.state.schema import migrations

    state, newest = _state(home), migrations()[-1].version
    version = state.version()
    if as_json:
        print_document({"database": state.name, "version": version, "newest": newest, "current": version == newest})
    else:
        said = f"schema version {version}" if version else "empty"
        if version < newest:
            said += f"; this agentgauge needs {newest}: 'agentgauge db upgrade' makes it so"
        elif version > newest:
            said += f"; this agentgauge knows up to {newest}: upgrade agentgauge"
        screen().print(f"{state.name}: {said}", markup=False, highlight=False, soft_wrap=True)
    if version != newest:
        raise typer.Exit(FINDING)


@db.command()
def upgrade(home: options.Home = None, as_json: options.Json = False) -> None:
    """Bring its tables up to date. Of PostgreSQL: end older servers and keep a backup first."""
    from agentgauge.cli.output import print_document, screen
    from agentgauge.state.schema import migrations

    state, newest = _state(home), migrations()[-1].version
    before = state.upgrade()
    if as_json:
        print_document({"database": state.name, "before": before, "version": newest})
    else:
        said = "was up to date" if before == newest else f"schema version {before} -> {newest}"
        screen().print(f"{state.name}: {said}", markup=False, highlight=False, soft_wrap=True)


def _state(home: str | None) -> Database | SqlStore:
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    return shared_state(get_server_settings(home))
