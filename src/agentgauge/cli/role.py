"""`agentgauge role`: a role and each of its agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from datetime import tzinfo

    from agentgauge.service.reports.agents import Role


def role(
    name: Annotated[str, typer.Argument(help="The role's name, as it was recorded.")],
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    limit: options.Limit = 20,
    exact: options.Exact = False,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a role's tasks and cost, in all and of each of its agents."""
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
        answer = reports.role(engine, window, name, filters, exact=exact)
    if as_json:
        print_document(answer)
    else:
        _show(answer, zone, limit)


def _show(answer: Role, zone: tzinfo, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.report_tables import key_text, totals_lines, totals_of_each_table, totals_table

    out = screen()
    out.print(Text(answer.role, style="bold"))
    cost = wording.money(answer.cost_per_agent_usd)
    lines = [
        ("Agents", wording.count(answer.agent_count), ""),
        *totals_lines(answer),
        ("Cost per agent", cost, wording.unpriced(answer.unpriced_calls)),
    ]
    out.print(totals_table(lines))
    if answer.agents:
        out.print()
        names = [("agent", lambda member: key_text(member.agent))]
        out.print(totals_of_each_table("Its agents", names, answer.agents[:limit], out.width))
    if len(answer.agents) > limit:
        more = wording.count(len(answer.agents) - limit)
        out.print(Text(f"... and {more} more: --limit shows them, --json has all", style="dim"))
    for said in wording.found(answer.exact, answer.missing_before, zone):
        out.print(Text(said, style="dim"))
