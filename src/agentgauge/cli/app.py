"""The program: its commands, in the order that a newcomer meets them; groups of commands, for which typer keeps no
place, come last.
"""

from __future__ import annotations

from typing import Annotated

import typer

from agentgauge.cli.agent import agent
from agentgauge.cli.anomalies import anomalies
from agentgauge.cli.collect import collect
from agentgauge.cli.compact import compact
from agentgauge.cli.compare import compare
from agentgauge.cli.correlate import correlate
from agentgauge.cli.demo import demo
from agentgauge.cli.doctor import doctor
from agentgauge.cli.economics import economics
from agentgauge.cli.exits import ExitCodes
from agentgauge.cli.explain import explain
from agentgauge.cli.export import export
from agentgauge.cli.flame import flame
from agentgauge.cli.forecast import forecast
from agentgauge.cli.forget import forget
from agentgauge.cli.import_logs import import_command
from agentgauge.cli.insights import insights
from agentgauge.cli.outliers import outliers
from agentgauge.cli.percentiles import percentiles
from agentgauge.cli.prices import prices
from agentgauge.cli.recommendations import recommendations
from agentgauge.cli.report import report
from agentgauge.cli.reprice import reprice
from agentgauge.cli.role import role
from agentgauge.cli.sql import sql
from agentgauge.cli.trends import trends

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
    prices,
    reprice,
    compact,
    doctor,
    forget,
):
    app.command(name="import" if command is import_command else None)(command)
app.add_typer(recommendations, name="recommendations")
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
