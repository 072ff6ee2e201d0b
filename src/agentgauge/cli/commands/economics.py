"""`agentgauge economics`: what outcomes cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from agentgauge.service.reports.economics import Economics, OutcomeEconomics, Price, Spent

_Cell = tuple[str, "Callable[[Any], str]"]
_NAMES = {
    "issue": ("issue", "resolved"),
    "pipeline": ("pipeline", "green"),
    "cycle": ("debugging cycle", "resolved"),
    "change": ("merged change", ""),
    "ticket": ("ticket", "resolved"),
    "session": ("session", "succeeded"),
}
"""What is counted, and what its success is called."""
_LEGEND = "cost: all that was spent on it, per success; per try: the same over all tries."


def economics(
    since: options.Since = None,
    until: options.Until = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what a resolved issue or a merged change costs.

    Failed work is part of the price. Of each outcome it is shown what was spent on units of work with a success, on
    those without, and elsewhere; the three sum to everything that was spent. Limits are of 95 %.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.meter import Meter
    from agentgauge.service.reports import economics as economics_of
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    _, zone = reading_zone(tz)
    window = parse_window(since, until, zone, datetime.now(UTC))
    meter = Meter(get_settings(home))
    note_absent(meter.settings.home)
    with meter.engine() as engine:
        answer = economics_of(engine, window)
    if as_json:
        print_document(answer)
    else:
        _show(answer)


def _show(answer: Economics) -> None:
    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    out = screen()
    out.print(f"Spent: {wording.cost(answer.cost_usd, answer.unpriced_calls)}", soft_wrap=True)
    out.print()
    if not answer.outcomes:
        out.print("No issue, pipeline, debugging cycle, merged change, ticket or session is in this window.")
        return
    out.print(_price_table(answer.outcomes, out.width))
    out.print(_LEGEND, style="dim")
    out.print()
    out.print(_spent_table(answer.outcomes, out.width))
    if any(row.few_samples for row in answer.outcomes):
        out.print()
        out.print("* of few samples: fewer than 10 units of work, or 5 successes", style="dim", soft_wrap=True)


def _price_table(rows: tuple[OutcomeEconomics, ...], width: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import fitting, rows_table

    first: list[_Cell] = [("cost of a", _name)]
    numbers: list[_Cell] = [
        ("tries", lambda row: wording.count(row.attempts)),
        ("cost", lambda row: _price(row.cost_per_success)),
        ("95 % limits", lambda row: _limits(row.cost_per_success)),
        ("time", lambda row: wording.duration(row.time_per_success.value)),
        ("per try", lambda row: _price(row.cost_per_attempt)),
        ("time per try", lambda row: wording.duration(row.time_per_attempt.value)),
    ]
    kept = fitting(first, numbers, ("time per try", "cost of any", "of", "limits"), rows, width)
    return rows_table("What an outcome costs, failed work included", first, kept, rows)


def _name(row: OutcomeEconomics) -> str:
    """`green pipeline (12)`."""
    from agentgauge.cli import wording

    noun, success = _NAMES[row.outcome]
    named = f"{success} {noun}" if success else noun
    return f"{named}{' *' if row.few_samples else ''} ({wording.count(row.successes)})"


def _price(price: Price) -> str:
    from agentgauge.cli import wording

    return wording.money(price.value)


def _limits(price: Price) -> str:
    from agentgauge.cli import wording

    return "" if price.low is None else f"{wording.money(price.low)} to {wording.money(price.high)}"


def _spent(part: Spent) -> str:
    from agentgauge.cli import wording

    nothing_priced = part.unpriced_calls > 0 and part.cost_usd == 0
    return wording.cost(None if nothing_priced else part.cost_usd, part.unpriced_calls)


def _spent_table(rows: tuple[OutcomeEconomics, ...], width: int) -> Table:
    from agentgauge.cli import wording
    from agentgauge.cli.tables import fitting, rows_table

    def part(number: int) -> Callable[[OutcomeEconomics], str]:
        return lambda row: _spent(row.spent[number])

    first: list[_Cell] = [("outcome", lambda row: _NAMES[row.outcome][0])]
    numbers: list[_Cell] = [
        ("units", lambda row: wording.count(row.units)),
        ("on successes", part(0)),
        ("on the rest", part(1)),
        ("unattributed", part(2)),
    ]
    return rows_table("Where the money went", first, fitting(first, numbers, ("units",), rows, width), rows)
