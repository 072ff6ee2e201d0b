"""`agentgauge agent`: one agent's tasks, what they cost and how good they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.cli.question import Question
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
    """Show one agent's tasks, durations, cost and quality.

    Without --since it is about everything recorded.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports

    with question(since, until, where, tz, home) as asked:
        answer = reports.agent(asked.engine, asked.window, name, asked.filters, exact=exact)
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked)


def _show(answer: Agent, asked: Question) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.report_tables import duration_lines, totals_lines, totals_table

    out = screen()
    roles = f", {' and '.join(answer.roles)}" if answer.roles else ""
    out.print(Text(f"{answer.agent}{roles}", style="bold"))
    out.print(Text(asked.about, style="dim"))
    if len(answer.projects) > 1:
        out.print(Text(f"in {' and '.join(answer.projects)}: --where project=NAME takes one", style="dim"))
    lines = [*totals_lines(answer), *duration_lines(answer)]
    if answer.tasks:
        cost = wording.money(answer.cost_per_task_usd)
        lines.append(("Cost per task", cost, wording.unpriced(answer.unpriced_calls)))
        lines.append(("Tokens per task", wording.count(round(answer.tokens_per_task)), ""))
    out.print(totals_table(lines))
    for said in wording.found(answer.exact, answer.missing_before, asked.zone):
        out.print(Text(said, style="dim"))
