"""`agentgauge jobs`: what a server does by itself."""

from __future__ import annotations

import typer

jobs = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="What a server does by itself, and when it last did."
)
