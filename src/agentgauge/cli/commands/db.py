"""`agentgauge db`: the database of what changes in place."""

from __future__ import annotations

import typer

db = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The database of what changes in place.")
