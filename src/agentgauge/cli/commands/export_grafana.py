"""`agentgauge export grafana`: a Grafana dashboard over the server's metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def grafana(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; - is standard output.", allow_dash=True)
    ] = Path("-"),
) -> None:
    """Write a Grafana dashboard over what 'agentgauge serve' shows at /metrics.

    Import the JSON into Grafana, and choose the Prometheus data source in the list at the dashboard's top.
    """
    from agentgauge.settings.extras import check_server_extra

    check_server_extra("grafana_foundation_sdk")

    from agentgauge.exporters.grafana import dashboard

    text = dashboard() + "\n"
    if out == Path("-"):
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
