"""`agentgauge report`: what was used, what it cost and how well it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from agentgauge.cli.question import Question
    from agentgauge.service.reports.overview import Overview
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
            help="Break down by agent, role, model, tool, component, project, user, ...: any event column or key of "
            "attributes, several with commas. Default: model.",
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", metavar="WIDTH", help="Also show the course over time, by hour, day, week or month."),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="With --bucket: the course of each group of --by.")] = False,
    where: options.Where = None,
    cache: Annotated[bool, typer.Option("--cache", help="Also show what prompt caches saved.")] = False,
    limit: options.Limit = 20,
    exact: options.Exact = False,
    tz: options.TimeZone = None,
    html: Annotated[
        str | None,
        typer.Option(
            "--html", metavar="FILE", help="Write it as one file with its charts, to be sent; - is the screen."
        ),
    ] = None,
    pdf: Annotated[str | None, typer.Option("--pdf", metavar="FILE", help="The same in pages of A4.")] = None,
    png: Annotated[str | None, typer.Option("--png", metavar="FILE", help="The same as one picture.")] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what was used, what it cost and how well it went.

    Tokens and cost are those of model calls; tasks are an agent's finished pieces of work. Without --since it is about
    everything recorded. A call whose price is not known counts as unpriced and is in no sum. Files need the [server]
    extra.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.cli.report_files import check_report_files, write_report_files
    from agentgauge.service import reports
    from agentgauge.service.dimensions import parse_dimensions
    from agentgauge.service.usage_report import usage_report
    from agentgauge.service.window import Window

    dimensions = parse_dimensions(by) if by else _DEFAULT_BY
    files = {form: file for form, file in (("html", html), ("pdf", pdf), ("png", png)) if file is not None}
    if files:
        refused = {"--each": each, "--cache": cache, "--exact": exact, "--json": as_json}
        check_report_files(files, refused, dimensions)
    with question(since, until, where, tz, home) as asked:
        asked.check_recorded(dimensions if files and dimensions not in (_DEFAULT_BY, ("tool",)) else ())
        if files:
            write_report_files(asked, home, files, dimensions, bucket, limit)
            return
        answer = usage_report(
            asked.engine,
            asked.window,
            by=dimensions,
            zone=asked.zone_name,
            now=asked.now,
            filters=asked.filters,
            bucket=bucket,
            each=each,
            book=asked.meter.book if cache else None,
            exact=exact,
        )
        everything = None if answer.overview.events else reports.overview(asked.engine, Window())
    if as_json:
        print_document(answer)
    elif everything is not None:
        _show_nothing(everything, asked)
    else:
        _show(answer, asked, limit)


def _show_nothing(everything: Overview, asked: Question) -> None:
    """Why a report has nothing to show: the window has no such events, or the home has none."""
    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    out, home = screen(), asked.meter.settings.home.root
    if everything.events:
        first, last = wording.moment(everything.first, asked.zone), wording.moment(everything.last, asked.zone)
        which = "No events meet the conditions" if asked.filters else "No events"
        out.print(f"{which} in this window in {home}.", markup=False, soft_wrap=True)
        out.print(f"It has {wording.count_of(everything.events, 'event')}, from {first} to {last}.", soft_wrap=True)
        return
    out.print(f"No events in {home}.", markup=False, soft_wrap=True)
    out.print("Look at a recorded session with 'agentgauge demo', bring in your own with 'agentgauge import'.")


def _show(answer: UsageReport, asked: Question, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import report_tables, wording
    from agentgauge.cli.chart import course_table, courses_table, part_note
    from agentgauge.cli.output import screen

    out = screen()
    for line in _about(answer, asked):
        out.print(Text(line, style="dim"))
    shown: list[RenderableType] = [report_tables.overview_table(answer.overview)]
    shown += _broken_down(answer, out.width, limit)
    if answer.cache is not None and answer.cache.models:
        shown.append(report_tables.savings_table(answer.cache, out.width))
    if answer.latency.rows:
        shown.append(report_tables.latency_table(answer.latency.rows, out.width))
    if answer.over_time is not None and answer.over_time.rows and answer.bucket is not None:
        buckets, width = answer.over_time.rows, answer.bucket
        note = part_note(buckets, width, answer.window, asked.now, asked.zone)
        if answer.each and answer.groups is not None:
            shown.append(courses_table(buckets, answer.groups.rows, width, answer.by, out.width, note))
        else:
            shown.append(course_table(buckets, width, out.width, out.encoding, note))
    if said := wording.found(answer.exact, answer.missing_before, asked.zone):
        shown.append(Text("\n".join(said), style="dim"))
    for part in shown:
        out.print()
        out.print(part)


def _about(answer: UsageReport, asked: Question) -> list[str]:
    """What a report is about: the time, and the conditions with what they leave out."""
    from agentgauge.cli import report_tables
    from agentgauge.service.filters import without_tasks

    lines = [report_tables.window_line(answer.overview, answer.window, asked.now, answer.time_zone, asked.zone)]
    if asked.where:
        lines.append(f"where {', '.join(asked.where)}")
    if fields := without_tasks(answer.filters):
        lines.append(f"Tasks have no {' and no '.join(fields)}: none is in this.")
    return lines


def _broken_down(answer: UsageReport, width: int, limit: int) -> list[RenderableType]:
    """The table of what `--by` asks for, and how many rows are not in it."""
    from rich.text import Text

    from agentgauge.cli import report_tables, wording

    rows: Sequence[Any] = ()
    shown: list[RenderableType] = []
    if answer.groups is not None and answer.groups.rows:
        rows = answer.groups.rows
        shown.append(report_tables.groups_table(answer.groups.rows, answer.by, width, limit))
    elif answer.tools is not None and answer.tools.rows:
        rows = answer.tools.rows
        shown.append(report_tables.tools_table(answer.tools.rows, width, limit))
    elif answer.components is not None and answer.components.rows:
        rows = answer.components.rows
        shown.append(report_tables.components_table(answer.components.rows, width, limit))
    elif answer.components is not None:
        shown.append(Text("No components of operations are timed here: add_component_timing does.", style="dim"))
    elif answer.by != _DEFAULT_BY:
        shown.append(Text(f"No event here has {' and '.join(answer.by)}.", style="dim"))
    if len(rows) > limit:
        more = wording.count(len(rows) - limit)
        shown.append(Text(f"... and {more} more: --limit shows them, --json has all", style="dim"))
    return shown
