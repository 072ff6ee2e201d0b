"""One budget on a screen: its figures, and who holds what of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from rich.text import Text

from agentgauge.cli import wording
from agentgauge.cli.output import screen
from agentgauge.cli.tables import Cell, plain_table, rows_table
from agentgauge.service.budgets import BudgetState
from agentgauge.state.audit import Act
from agentgauge.state.budget_ledger import Held

_SHOWN = 10
_STYLES = {"warning": "yellow", "critical": "bold red", "exceeded": "bold red"}


def print_budget(state: BudgetState, reservations: Sequence[Held], last_change: Act | None, zone: tzinfo) -> None:
    out = screen()
    out.print(
        Text.assemble(
            (f"{state.scope}:{state.name}", "bold"),
            f"  budget {state.id}",
            "" if _is_all(state) else f", {_where(state)}",
        )
    )
    out.print(
        Text.assemble(
            f"{wording.money(state.used_usd)} of {wording.money(state.total_usd)} used, {share(state)}: ",
            (state.status, _STYLES.get(state.status, "")),
        )
    )
    out.print()
    table = plain_table()
    table.show_header = False
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _figures(state, last_change, zone):
        table.add_row(name, Text(text))
    out.print(table)
    if reservations:
        out.print()
        out.print(_reservations(reservations[:_SHOWN], zone))
        if len(reservations) > _SHOWN:
            out.print(Text(f"and {wording.count(len(reservations) - _SHOWN)} more; --json has all", style="dim"))


def share(state: BudgetState) -> str:
    """How much of it is used."""
    if state.utilization_percent is None:
        return "more than all"
    return wording.percent(state.utilization_percent / 100)


def _figures(state: BudgetState, last_change: Act | None, zone: tzinfo) -> list[tuple[str, str]]:
    per = "in total" if state.period == "total" else f"per {state.period}"
    since = f"since {_moment(state.counted_from, zone)}"
    used = f"{wording.cost(state.used_usd, state.unpriced_calls)} {since}"
    if state.told_usd:
        used += (
            f"; of it {wording.money(state.told_usd)} told by guards, whose events are not here yet or have no price"
        )
    return [
        ("limit", f"{wording.money(state.total_usd)} {per}"),
        ("used", used),
        ("reserved", wording.money(state.reserved_usd) if state.reserved_usd else "nothing"),
        ("left", wording.money(state.remaining_usd)),
        (
            "warns at",
            f"{_threshold(state, state.warning_percent)}, critical at {_threshold(state, state.critical_percent)}",
        ),
        ("set by", _who(state, last_change, zone)),
    ]


def _threshold(state: BudgetState, percent: float) -> str:
    return f"{percent:g} % ({wording.money(state.total_usd * Decimal(repr(percent)) / 100)})"


def _who(state: BudgetState, last_change: Act | None, zone: tzinfo) -> str:
    who = "a program" if state.set_by == "code" else "a person"
    if last_change is None:
        return f"{who} on {_moment(state.updated, zone)}, version {state.version}"
    return f"{who} ({last_change.actor}) on {_moment(last_change.time, zone)}, version {state.version}"


def _moment(time: datetime, zone: tzinfo) -> str:
    return f"{wording.moment(time, zone)} {time.astimezone(zone).tzname()}"


def _where(state: BudgetState) -> str:
    return f"of project {state.project} alone"


def _is_all(state: BudgetState) -> bool:
    return state.project is None or state.scope == "project"


def _reservations(rows: Sequence[Held], zone: tzinfo) -> object:
    now = datetime.now(UTC)
    first: list[Cell] = [("reserved by", lambda held: held.holder)]
    numbers: list[Cell] = [
        ("for", lambda held: "calls to come" if held.is_lease else "a call"),
        ("holds", lambda held: wording.money(held.usd)),
        ("since", lambda held: _moment(held.reserved, zone)),
        ("ends", lambda held: _ends(held.expires - now)),
    ]
    return rows_table("Reserved now", first, numbers, rows)


def _ends(left: timedelta) -> str:
    if left < timedelta(0):
        return "expired; freed when it is counted"
    return f"in {wording.duration(left.total_seconds() * 1000)} unless renewed"
