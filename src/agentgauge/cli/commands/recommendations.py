"""`agentgauge recommendations`: what to do about cost, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo
    from decimal import Decimal

    from rich.table import Table

    from agentgauge.policies.findings import Saving
    from agentgauge.service.recommending import Adopted, Recommendation, Recommendations
    from agentgauge.state.recommendations import Decided

_HIGHEST_BUDGET = 10**12
"""What no budget comes near, and amounts can be computed with."""

recommendations = typer.Typer(rich_markup_mode=None)

_Id = Annotated[int, typer.Argument(metavar="ID", help="The number that 'agentgauge recommendations' shows.")]


@recommendations.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Start of what is judged. Default: 30d.")
    ] = None,
    until: options.Until = None,
    budget: Annotated[
        list[str] | None,
        typer.Option("--budget", metavar="AGENT=USD", help="An agent's budget for 30 days; may be repeated."),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="NAME=VALUE", help="Change a threshold, such as few_tasks=20."),
    ] = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what to do about cost, and what that has saved.

    Savings are USD per 30 days, with limits of 95 %. What was accepted or dismissed is not recommended again.
    """
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.engines import Filter
    from agentgauge.meter import Meter
    from agentgauge.policies.thresholds import thresholds_with
    from agentgauge.service.recommending import current_recommendations, period_of
    from agentgauge.service.recorded import check_recorded
    from agentgauge.service.window import Window, parse_window
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state
    from agentgauge.state.recommendations import RecommendationBook

    now = datetime.now(UTC)
    _, zone = reading_zone(tz)
    period = period_of(parse_window(since, until, zone, now), now)
    limits = thresholds_with(dict(_pair(text, "--threshold", "few_tasks=20") for text in threshold or ()))
    budgets = {agent: _amount(agent, text) for agent, text in (_pair(b, "--budget", "coder=30") for b in budget or ())}
    settings = get_server_settings(home)
    meter = Meter(settings.recording)
    note_absent(meter.settings.home)
    book = RecommendationBook(shared_state(settings))
    with meter.engine() as engine:
        for agent in budgets:  # of a mistyped one all would seem to be saved
            check_recorded(engine, Window(), (Filter("agent", "=", agent),))
        answer = current_recommendations(engine, period, meter.book, book, now, budgets, limits)
    if as_json:
        print_document(answer)
    else:
        _show(answer, zone)


@recommendations.command()
def accept(id_: _Id, home: options.Home = None, as_json: options.Json = False) -> None:
    """Accept a recommendation: from now on, what it saves is measured."""
    _decide(id_, "accepted", home, as_json)


@recommendations.command()
def dismiss(id_: _Id, home: options.Home = None, as_json: options.Json = False) -> None:
    """Dismiss a recommendation: it is not made again."""
    _decide(id_, "dismissed", home, as_json)


def _decide(id_: int, status: Decided, home: str | None, as_json: bool) -> None:
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document, screen
    from agentgauge.service.recommending import decide
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state
    from agentgauge.state.recommendations import RecommendationBook

    book = RecommendationBook(shared_state(get_server_settings(home)))
    decided = decide(book, id_, status, datetime.now(UTC))
    if as_json:
        print_document(decided)
    else:
        screen().print(f"{id_} is {status}: {decided.reason}.", markup=False, soft_wrap=True)


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    from agentgauge.errors import QueryError

    name, equals, value = text.rpartition("=")
    if not (equals and name and value):
        raise QueryError(f"{option} {text!r}: write NAME=VALUE, such as {example}")
    return name, value


def _amount(agent: str, text: str) -> Decimal:
    from decimal import Decimal, InvalidOperation

    from agentgauge.errors import QueryError

    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        raise QueryError(f"--budget {agent}={text}: the budget is an amount in USD, such as 30 or 12.50") from None
    if not amount.is_finite() or not 0 <= amount < _HIGHEST_BUDGET:
        raise QueryError(f"--budget {agent}={text}: a budget is at least 0, and below {_HIGHEST_BUDGET:,}")
    return amount


def _show(answer: Recommendations, zone: tzinfo) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    out = screen()
    start, end = (wording.moment(moment, zone) for moment in (answer.period.start, answer.period.end))
    spent = wording.cost(answer.cost_usd, answer.unpriced_calls)
    out.print(Text(f"{start} to {end}: {spent}", style="dim"))
    out.print()
    if answer.recommendations:
        out.print(_pending_table(answer.recommendations))
        out.print()
        total = wording.money(answer.total_potential_savings)
        if saving := sum(row.estimated_savings > 0 for row in answer.recommendations):
            overlap = ", less what rows about the same work share" if saving > 1 else ""
            out.print(f"Together up to {total} in 30 days{overlap}.", soft_wrap=True)
        hint = "agentgauge recommendations accept ID, or dismiss ID"
        if answer.not_kept is not None:
            hint = f"None can be accepted or dismissed: {answer.not_kept}"
        out.print(Text(hint, style="dim"), soft_wrap=True)
    else:
        out.print("Nothing to recommend.")
    if answer.calls_without_span > answer.calls / 2:
        belong = f"{wording.count_of(answer.calls_without_span, 'call')} belong{'s' * (answer.calls_without_span == 1)}"
        why = "to no task, so models could not be compared; record calls inside a span."
        out.print(Text(f"{belong} {why}", style="dim"), soft_wrap=True)
    if answer.dismissed:
        out.print(Text(f"{wording.count(answer.dismissed)} dismissed.", style="dim"))
    if answer.adopted:
        out.print()
        out.print(_adopted_table(answer.adopted, zone))


def _pending_table(rows: Sequence[Recommendation]) -> Table:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.tables import plain_table
    from agentgauge.service.recommendation_wording import title

    table = plain_table()
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("priority", no_wrap=True)
    table.add_column("recommendation", overflow="fold")
    table.add_column("saves in 30 days", justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        what = Text(title(row), style="bold")
        what.append(f"\n{row.reason}", style="not bold")
        if row.evidence.few_samples:
            what.append(f"\na rough guess: it rests on few {row.evidence.of}", style="not bold dim")
        if row.evidence.assumption:
            what.append(f"\nif {row.evidence.assumption}", style="not bold dim")
        named = wording.NOTHING if row.id is None else str(row.id)
        table.add_row(Text(named), Text(row.priority), what, Text(_amount_and_limits(row.saving)))
        if number < len(rows) - 1:
            table.add_row("", "", "", "")
    return table


def _amount_and_limits(saving: Saving) -> str:
    from agentgauge.cli import wording

    if saving.low == saving.high == saving.usd:
        return wording.money(saving.usd) if saving.usd else wording.NOTHING
    limits = "" if saving.low is None else f"\n{wording.money(saving.low)} to {wording.money(saving.high)}"
    return f"{wording.money(saving.usd)}{limits}"


def _adopted_table(rows: Sequence[Adopted], zone: tzinfo) -> Table:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.tables import plain_table
    from agentgauge.service.recommendation_wording import measured, title

    table = plain_table("Accepted")
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("since", no_wrap=True)
    table.add_column("recommendation", overflow="fold")
    table.add_column("saved so far", justify="right", no_wrap=True)
    for row in rows:
        what = Text(title(row.recommendation), style="bold")
        what.append(f"\n{measured(row.achieved)}", style="not bold")
        saved = wording.NOTHING if row.achieved.so_far is None else _amount_and_limits(row.achieved.so_far)
        since = wording.moment(row.accepted, zone)
        table.add_row(Text(str(row.recommendation.id)), Text(since[:10]), what, Text(saved))
    return table
