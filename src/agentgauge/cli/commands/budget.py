"""`agentgauge budget`: what may be spent, and what is used of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from agentgauge.service.budgets import BudgetState

budget = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="What may be spent, and what is used of it.")

_NEGATIVE = re.compile(r"-\$?\.?\d")
_Period = Literal["total", "day", "week", "month"]
_Of = Annotated[
    str,
    typer.Argument(
        metavar="SCOPE:NAME", help="agent, role, project, team, user, ticket, run or session: ticket:PROJ-456."
    ),
]
_Which = Annotated[
    str, typer.Argument(metavar="SCOPE:NAME|ID", help="As 'agentgauge budget list' shows it, or its number.")
]
_Per = Annotated[_Period | None, typer.Option("--per", help="Which one, where a name has several.")]
_Project = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="Of this project's events alone. Default: of all.")
]


class _Setting(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """An amount below 0 is refused as one, and not as an option that there is not."""
        for before, word in zip(("", *args), args, strict=False):
            if _NEGATIVE.match(word) and not before.startswith("-"):
                from agentgauge.service.named_budgets import amount

                amount(word)
        return super().parse_args(ctx, args)


@budget.command("set", cls=_Setting)
def set_command(
    of: _Of,
    usd: Annotated[str, typer.Argument(metavar="USD", help="What may be spent.")],
    per: Annotated[
        _Period, typer.Option("--per", help="In all, or in each day, week (from Monday) or month, UTC.")
    ] = "total",
    project: _Project = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Nothing before it counts. Default: now, or the start of this day, week or month.",
        ),
    ] = None,
    warn: Annotated[
        float | None, typer.Option("--warn", metavar="PERCENT", min=0.01, max=100, help="Default: 80.")
    ] = None,
    critical: Annotated[
        float | None, typer.Option("--critical", metavar="PERCENT", min=0.01, max=100, help="Default: 95.")
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Set a budget: a new one, or another amount for the one that there is.

    What is not said of one that there is stays. What a person set no program changes.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.kept_budgets import kept_budgets
    from agentgauge.cli.output import note, print_document, screen
    from agentgauge.cli.zones import reading_zone
    from agentgauge.service.named_budgets import Asked, amount, described
    from agentgauge.service.window import parse_moment

    now = datetime.now(UTC)
    asked = Asked(
        of=of,
        usd=amount(usd),
        period=per,
        project=project,
        start=None if since is None else parse_moment(since, reading_zone(None)[1], now),
        warning_percent=warn,
        critical_percent=critical,
    )
    done = kept_budgets(home).set(asked, now)
    state = done.state
    if as_json:
        print_document({"budget": state, "before": done.before, "note": done.note})
        return
    what = f"budget {state.id}: {state.scope}:{state.name} may spend {described(state)}"
    if done.before is not None:
        what += f"; it was {described(done.before)}"
    screen().print(what, markup=False, soft_wrap=True)
    screen().print(_line(state), markup=False, soft_wrap=True)
    if done.note is not None:
        note(f"note: {done.note}")


@budget.command("list")
def list_command(home: options.Home = None, as_json: options.Json = False) -> None:
    """Show all budgets, with what is used of each in its current period."""
    from agentgauge.cli.kept_budgets import kept_budgets
    from agentgauge.cli.output import print_document, screen

    found = kept_budgets(home).all()
    if as_json:
        print_document(found)
    elif not found:
        screen().print("There is no budget. Set one: agentgauge budget set agent:NAME 30 --per month", soft_wrap=True)
    else:
        _print_table(found)


@budget.command()
def show(
    which: _Which,
    per: _Per = None,
    project: _Project = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show one budget: what is used, what is reserved and by whom, and who set it.

    It ends with 1 where the budget is used up, so that a script can ask before it starts something.
    """
    from agentgauge.cli.budget_screen import print_budget
    from agentgauge.cli.exits import FINDING
    from agentgauge.cli.kept_budgets import kept_budgets
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone

    found = kept_budgets(home).one(which, per, project)
    state = found.state
    if as_json:
        print_document({"budget": state, "reservations": found.reservations, "last_change": found.last_change})
    else:
        print_budget(state, found.reservations or (), found.last_change, reading_zone(tz)[1])
    if state.used_usd >= state.total_usd:
        raise typer.Exit(FINDING)


@budget.command()
def remove(
    which: _Which,
    per: _Per = None,
    project: _Project = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a budget. What was recorded stays; guards that hold it let go on with their work."""
    from agentgauge.cli.kept_budgets import kept_budgets
    from agentgauge.cli.output import print_document, screen
    from agentgauge.service.named_budgets import described

    found = kept_budgets(home).remove(which, per, project)
    if as_json:
        print_document(found)
    else:
        what = f"budget {found.id} of {found.scope}:{found.name}, {described(found)}, is removed"
        screen().print(what, markup=False, soft_wrap=True)


def _line(state: BudgetState) -> str:
    from agentgauge.cli import wording

    counted = f"since {state.counted_from:%Y-%m-%d %H:%M} UTC"
    if state.counted_from >= state.updated:
        return f"{wording.money(state.used_usd)} used; it counts from now on, --since counts what was spent before"
    return f"{wording.cost(state.used_usd, state.unpriced_calls)} used {counted}: {state.status}"


def _print_table(found: Sequence[BudgetState]) -> None:
    from agentgauge.cli.budget_screen import share
    from agentgauge.cli.output import note, screen
    from agentgauge.cli.tables import Cell, fitting, rows_table
    from agentgauge.cli.wording import NOTHING, money, unpriced

    def held(amount: Decimal) -> str:
        return money(amount) if amount else NOTHING

    several = len({one.project for one in found if one.scope != "project"}) > 1
    first: list[Cell] = [("budget", lambda one: f"{one.scope}:{one.name}")]
    if several:
        first.append(("project", lambda one: one.project or "all"))
    others: list[Cell] = [
        ("id", lambda one: str(one.id)),
        ("per", lambda one: one.period),
        ("limit", lambda one: money(one.total_usd)),
        ("used", lambda one: money(one.used_usd)),
        ("reserved", lambda one: held(one.reserved_usd)),
        ("left", lambda one: money(one.remaining_usd)),
        ("%", share),
        ("status", lambda one: one.status),
        ("not in it", lambda one: unpriced(one.unpriced_calls) or NOTHING),
    ]
    if not any(one.reserved_usd for one in found):
        others = [cell for cell in others if cell[0] != "reserved"]
    if not any(one.unpriced_calls for one in found):
        others = [cell for cell in others if cell[0] != "not in it"]
    out = screen()
    shown = fitting(first, others, ("not in it", "reserved", "%", "id"), found, out.width)
    out.print(rows_table(None, first, shown, found))
    if missing := [heading for heading, _ in others if heading not in dict(shown)]:
        note(f"note: this screen has no room for {', '.join(missing)}: a wider one shows all, and so does --json")
