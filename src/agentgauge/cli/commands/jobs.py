"""`agentgauge jobs`: what a server does by itself, and when it last did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from datetime import timedelta

    from agentgauge.service.jobs.job import Work
    from agentgauge.service.jobs.overview import JobState

jobs = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="What a server does by itself, and when it last did."
)

_LEGIBLE_WIDTH = 64
"""What came of a run is a sentence: on a wide screen or in a pipe it wraps all the same."""


@jobs.command("list")
def list_command(tz: options.TimeZone = None, home: options.Home = None, as_json: options.Json = False) -> None:
    """Show the jobs: when each last ran, what came of it, and when it is due next."""
    from datetime import UTC, datetime

    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import print_document, screen
    from agentgauge.cli.tables import plain_table
    from agentgauge.cli.zones import reading_zone
    from agentgauge.service.jobs.overview import job_states

    _, zone = reading_zone(tz)
    states = job_states(_work(home).state, datetime.now(UTC))
    if as_json:
        print_document(states)
        return
    table = plain_table()
    table.add_column("job", overflow="fold", max_width=_LEGIBLE_WIDTH)
    for name in ("last run", "took", "due next"):
        table.add_column(name, no_wrap=True)
    for state in states:
        run = state.last
        table.add_row(
            Text.assemble((state.name, "bold"), "\n", _outcome(state)),
            Text("never" if run is None else wording.moment(run.started, zone)),
            Text(_took(state.took)),
            Text(wording.moment(state.next_due, zone)),
        )
    screen().print(table)


@jobs.command()
def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A name that 'agentgauge jobs list' shows.")],
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Run a job now, as it was last due."""
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document, print_sentence
    from agentgauge.cli.said_once import said_once
    from agentgauge.service.jobs.due import last_due
    from agentgauge.service.jobs.overview import job_named
    from agentgauge.service.jobs.running import JobRunner

    found, now = job_named(job), datetime.now(UTC)
    with said_once():
        ran = JobRunner(_work(home), lambda: datetime.now(UTC)).run(found, last_due(found, now))
    if as_json:
        print_document(ran)
    else:
        print_sentence(f"{ran.job} {ran.status}: {ran.result}")
    if ran.status != "succeeded":
        raise typer.Exit(1)


def _work(home: str | None) -> Work:
    from agentgauge.cli.homes import check_writable, note_absent
    from agentgauge.service.jobs.job import Work
    from agentgauge.settings.extras import check_server_extra
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    check_server_extra("apscheduler")
    settings = get_server_settings(home)
    check_writable(settings.recording.home)
    note_absent(settings.recording.home)
    return Work(settings, shared_state(settings))


def _took(took: timedelta | None) -> str:
    from agentgauge.cli import wording

    return wording.NOTHING if took is None else wording.duration(took.total_seconds() * 1000)


def _outcome(state: JobState) -> str:
    run = state.last
    if run is None:
        return f"to {state.does}"
    return f"{run.status}: {run.result or run.error}" if run.result or run.error else run.status
