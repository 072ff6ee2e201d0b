"""`agentgauge report`: what was used, what it cost and how well it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import RenderableType

    from agentgauge.service.usage_report import UsageReport

_DEFAULT_BY = ("model",)


def report(
    since: options.Since = None,
    until: options.Until = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="DIMENSION",
            help="Break down by agent, role, model, tool, project, issue, user, ...: any event column or key of "
            "attributes, several with commas. Default: model.",
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", metavar="WIDTH", help="Also show the course over time, by hour, day, week or month."),
    ] = None,
    cache: Annotated[bool, typer.Option("--cache", help="Also show what prompt caches saved.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows of a table on the screen; --json has all.")] = 20,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what was used, what it cost and how well it went.

    Tokens and cost are those of model calls; tasks are an agent's finished pieces of work. Without --since it is about
    everything recorded. A call whose price is not known counts as unpriced and is in no sum.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.service.meter import Meter
    from agentgauge.service.usage_report import usage_report
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    now = datetime.now(UTC)
    zone_name, zone = reading_zone(tz)
    window = parse_window(since, until, zone, now)
    meter = Meter(get_settings(home))
    dimensions = [name.strip() for text in by or () for name in text.split(",") if name.strip()] or _DEFAULT_BY
    with meter.engine() as engine:
        answer = usage_report(
            engine,
            window,
            by=dimensions,
            zone=zone_name,
            now=now,
            bucket=bucket,
            book=meter.book if cache else None,
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, zone, limit, str(meter.settings.home.root))


def _show(answer: UsageReport, zone: tzinfo, limit: int, home: str) -> None:
    from rich.text import Text

    from agentgauge.cli import tables, wording
    from agentgauge.cli.chart import cost_chart
    from agentgauge.cli.output import screen

    out = screen()
    if not answer.overview.events:
        asked = answer.window.start is not None or answer.window.end is not None
        out.print(f"No events {'in this window ' if asked else ''}in {home}.", soft_wrap=True)
        out.print("Look at a recorded session with 'agentgauge demo', bring in your own with 'agentgauge import'.")
        return
    start, end = (
        None if edge is None else wording.moment(edge, zone) for edge in (answer.window.start, answer.window.end)
    )
    out.print(tables.window_line(answer.overview, start, end, answer.time_zone, zone), style="dim")
    shown: list[RenderableType] = [tables.overview_table(answer.overview)]
    if answer.groups is not None:
        shown.append(tables.groups_table(answer.groups, answer.by, out.width, limit))
    else:
        shown.append(tables.tools_table(answer.tools or (), limit))
    rows = len(answer.groups or answer.tools or ())
    if rows > limit:
        shown.append(
            Text(f"... and {wording.count(rows - limit)} more: --limit shows them, --json has all", style="dim")
        )
    if answer.cache is not None and answer.cache.models:
        shown.append(tables.savings_table(answer.cache))
    if answer.latency:
        shown.append(tables.latency_table(answer.latency))
    if answer.over_time and answer.bucket is not None:
        shown.append(cost_chart(answer.over_time, answer.bucket, out.width, out.encoding))
    for part in shown:
        out.print()
        out.print(part)
