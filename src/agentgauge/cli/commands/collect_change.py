"""`agentgauge collect change`: a change of code was merged."""

from __future__ import annotations

from typing import Annotated

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING


def change(
    change: Annotated[
        str, typer.Argument(metavar="CHANGE", help="Its id: of a merge or pull request, or the hash of a commit.")
    ],
    issue: Annotated[str | None, typer.Option("--issue", metavar="ID", help="The issue that it is about.")] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", metavar="ID", help="The ticket that it is about.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="The run that made it.")] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="The session that made it.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Default: AGENTGAUGE_PROJECT.")] = None,
    commit: Annotated[str | None, typer.Option("--commit", metavar="SHA", help="The commit that merged it.")] = None,
    home: options.Home = None,
) -> None:
    """Record that a change of code was merged, so that 'agentgauge economics' knows what merged changes cost.

    For a CI job that runs on merging. Recorded again, it counts once. Ends with 1 where it could not be kept.
    """
    import agentgauge
    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import note
    from agentgauge.errors import QueryError
    from agentgauge.runs.code import record_change_merged
    from agentgauge.settings import get_settings

    if not (issue or ticket or run or session):
        raise QueryError("name whose work was merged: --issue, --ticket, --run or --session")
    settings = get_settings(home)
    if settings.switched_off_by:
        note(f"note: nothing is recorded, {' and '.join(settings.switched_off_by)}")
        return
    check_writable(settings.home)
    with agentgauge.open(home) as gauge:
        record_change_merged(
            gauge,
            change,
            commit_sha=commit,
            issue=issue,
            ticket=ticket,
            run=run,
            session=session,
            project=project or settings.project,
        )
        health = gauge.health()
    lost = health.refused | health.dropped
    for reason, number in lost.items():
        note(f"{number} could not be kept: {reason}")
    if lost:
        raise typer.Exit(FINDING)
