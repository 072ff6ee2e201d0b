"""`agentgauge export`: what was recorded, as files for other programs.

Each thing that can be exported is a command in a file of its own, registered here. Without one's name it is the
events.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from agentgauge.cli.commands.export_events import events
from agentgauge.cli.commands.export_grafana import grafana
from agentgauge.cli.commands.export_pm import pm
from agentgauge.cli.commands.export_sqlite import sqlite

_HELP = ("--help", "-h")


class _EventsUnlessNamed(TyperGroup):
    """`export csv` is `export events csv`: a first word that is no command belongs to that one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in _HELP):
            args = ["events", *args]
        return super().parse_args(ctx, args)


export = typer.Typer(
    cls=_EventsUnlessNamed,
    rich_markup_mode=None,
    help="Write what was recorded as files for other programs.\n\nWhere no command is named it is the events.",
)
for command in (events, sqlite, pm, grafana):
    export.command()(command)
