"""`agentgauge keys`: the keys that others reach a server with."""

from __future__ import annotations

import typer

keys = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The keys that others reach a server with.")
