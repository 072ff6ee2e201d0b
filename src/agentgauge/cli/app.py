"""The program: its commands, in the order that a newcomer meets them; groups of commands, for which typer keeps no
place, come last.
"""

from __future__ import annotations

from typing import Annotated

import typer

from agentgauge.cli.commands.agent import agent
from agentgauge.cli.commands.alerts import alerts
from agentgauge.cli.commands.anomalies import anomalies
from agentgauge.cli.commands.backup import backup, restore
from agentgauge.cli.commands.budget import budget
from agentgauge.cli.commands.collect import collect
from agentgauge.cli.commands.compact import compact
from agentgauge.cli.commands.compare import compare
from agentgauge.cli.commands.correlate import correlate
from agentgauge.cli.commands.db import db
from agentgauge.cli.commands.demo import demo
from agentgauge.cli.commands.doctor import doctor
from agentgauge.cli.commands.economics import economics
from agentgauge.cli.commands.explain import explain
from agentgauge.cli.commands.export import export
from agentgauge.cli.commands.flame import flame
from agentgauge.cli.commands.forecast import forecast
from agentgauge.cli.commands.forget import forget
from agentgauge.cli.commands.forward import forward
from agentgauge.cli.commands.import_logs import import_command
from agentgauge.cli.commands.insights import insights
from agentgauge.cli.commands.jobs import jobs
from agentgauge.cli.commands.keys import keys
from agentgauge.cli.commands.outliers import outliers
from agentgauge.cli.commands.percentiles import percentiles
from agentgauge.cli.commands.prices import prices
from agentgauge.cli.commands.recommendations import recommendations
from agentgauge.cli.commands.report import report
from agentgauge.cli.commands.reprice import reprice
from agentgauge.cli.commands.role import role
from agentgauge.cli.commands.serve import serve
from agentgauge.cli.commands.sql import sql
from agentgauge.cli.commands.top import top
from agentgauge.cli.commands.trends import trends
from agentgauge.cli.exits import ExitCodes

app = typer.Typer(
    cls=ExitCodes,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

for command in (
    demo,
    import_command,
    report,
    top,
    agent,
    role,
    percentiles,
    flame,
    trends,
    outliers,
    anomalies,
    forecast,
    compare,
    correlate,
    explain,
    insights,
    economics,
    sql,
    serve,
    forward,
    prices,
    reprice,
    compact,
    doctor,
    forget,
    backup,
    restore,
):
    app.command(name="import" if command is import_command else None)(command)
app.add_typer(recommendations, name="recommendations")
app.add_typer(alerts, name="alerts")
app.add_typer(budget, name="budget")
app.add_typer(keys, name="keys")
app.add_typer(jobs, name="jobs")
app.add_typer(db, name="db")
app.add_typer(export, name="export")
app.add_typer(collect, name="collect")


def _show_version(asked: bool) -> None:
    if asked:
        import agentgauge

        typer.echo(agentgauge.__version__)
        raise typer.Exit


@app.callback()
def agentgauge_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """A meter for AI agents: what every run, agent, tool and model used, cost, and how well it went."""
