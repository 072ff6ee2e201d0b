"""`agentgauge agent`: one agent's tasks, what they cost and how good they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from datetime import tzinfo

    from agentgauge.service.reports.agents import Agent


def agent(
    name: Annotated[str, typer.Argument(help="The agent's name, as it was recorded.")],
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    exact: options.Exact = False,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show one agent's tasks, durations, tokens, cost and quality."""
    from datetime import UTC, datetime

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.meter import Meter
    from agentgauge.service import reports
    from agentgauge.service.filters import parse_filters
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    _, zone = reading_zone(tz)
    window, filters = parse_window(since, until, zone, datetime.now(UTC)), parse_filters(where or ())
    meter = Meter(get_settings(home))
    note_absent(meter.settings.home)
    with meter.engine() as engine:
        answer = reports.agent(engine, window, name, filters, exact=exact)
    if as_json:
        print_document(answer)
    else:
        _show(answer, zone)


def _show(answer: Agent, zone: tzinfo) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.report_tables import duration_lines, totals_lines, totals_table

    out = screen()
    roles = f", {' and '.join(answer.roles)}" if answer.roles else ""
    out.print(Text(f"{answer.agent}{roles}", style="bold"))
    if len(answer.projects) > 1:
        out.print(Text(f"in {' and '.join(answer.projects)}: --where project=NAME takes one", style="dim"))
    lines = [*totals_lines(answer), *duration_lines(answer)]
    if answer.tasks:
        cost = wording.money(answer.cost_per_task_usd)
        lines.append(("Cost per task", cost, wording.unpriced(answer.unpriced_calls)))
        lines.append(("Tokens per task", wording.count(round(answer.tokens_per_task)), ""))
    out.print(totals_table(lines))
    for said in wording.found(answer.exact, answer.missing_before, zone):
        out.print(Text(said, style="dim"))
