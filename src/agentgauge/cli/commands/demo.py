"""`agentgauge demo`: a real session, to see what the meter shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from rich.console import RenderableType

    from agentgauge.service.demo import Demo

_TOOLS_SHOWN = 8


def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it in the dashboard, on this machine alone, until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="With --serve: port to listen on; 0: any.")
    ] = 8000,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what a real coding session cost.

    A recorded session is loaded into a home of its own among the temporary files, or at --home, which must be empty or
    not exist yet. Its times are moved so that it ends now; nothing else is changed, and your own data is not touched.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.service.demo import run_demo

    zone_name, zone = reading_zone(tz)
    now = datetime.now(UTC)
    answer = run_demo(home, now, zone_name)
    if as_json:
        print_document(answer)
    else:
        _show(answer, now, zone)
    if serve:
        _serve(answer.home, port)


def _serve(home: str, port: int) -> None:
    from msgspec.structs import replace

    from agentgauge.cli.commands.serve import serve_until_stopped
    from agentgauge.service.processes.web import Web
    from agentgauge.settings.extras import check_server_extra
    from agentgauge.settings.server import get_server_settings

    check_server_extra("fastapi", "uvicorn", "sqlalchemy")
    # What the environment says is about the user's own home.
    settings = replace(get_server_settings(home, {}), jobs=True)
    serve_until_stopped(settings, "127.0.0.1", port, Web(certificate=None, key=None, root_path=""))


def _show(answer: Demo, now: datetime, zone: tzinfo) -> None:
    import shlex

    from agentgauge.cli import report_tables, wording
    from agentgauge.cli.chart import course_table, part_note
    from agentgauge.cli.output import screen
    from agentgauge.cli.program_name import program_name

    out = screen()
    report = answer.report
    out.print(f"A real session of {answer.agent}", style="bold")
    out.print(f"Source: {answer.source}", style="dim")
    ended = wording.moment(answer.recorded_until, zone)
    out.print(f"It ended {ended}. Its times are moved so that it ends now; nothing else is changed.", style="dim")
    out.print()
    out.print(report_tables.window_line(report.overview, report.window, now, report.time_zone, zone), style="dim")
    shown: list[RenderableType] = [report_tables.overview_table(report.overview)]
    if report.groups is not None:
        groups = report.groups.rows
        shown.append(report_tables.groups_table(groups, report.by, out.width, limit=len(groups)))
    if report.cache is not None and report.cache.models:
        shown.append(report_tables.savings_table(report.cache, out.width))
    shown.append(report_tables.tools_table(answer.tools.rows, out.width, _TOOLS_SHOWN))
    if report.over_time is not None and report.over_time.rows and report.bucket is not None:
        buckets = report.over_time.rows
        note = part_note(buckets, report.bucket, report.window, now, zone)
        shown.append(course_table(buckets, report.bucket, out.width, out.encoding, note))
    for part in shown:
        out.print()
        out.print(part)
    out.print()
    out.print("Next:", style="bold")
    place, program = shlex.quote(answer.home), program_name()
    for command in (
        f"report --home {place} --by tool",
        f'sql --home {place} "DESCRIBE events"',
        "import claude-code ~/.claude/projects",
    ):
        out.print(f"  {program} {command}", markup=False, soft_wrap=True)
