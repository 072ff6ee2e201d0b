"""`agentgauge role`: a role and each of its agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.cli.question import Question
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
    """Show a role's tasks and cost, and each of its agents.

    Without --since it is about everything recorded.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports

    with question(since, until, where, tz, home) as asked:
        answer = reports.role(asked.engine, asked.window, name, asked.filters, exact=exact)
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked, limit)


def _show(answer: Role, asked: Question, limit: int) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.report_tables import duration_lines, key_text, totals_lines, totals_of_each_table, totals_table

    out = screen()
    out.print(Text(answer.role, style="bold"))
    out.print(Text(asked.about, style="dim"))
    cost = wording.money(answer.cost_per_agent_usd)
    lines = [
        ("Agents", wording.count(answer.agent_count), ""),
        *totals_lines(answer),
        *duration_lines(answer),
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
    for said in wording.found(answer.exact, answer.missing_before, asked.zone):
        out.print(Text(said, style="dim"))
