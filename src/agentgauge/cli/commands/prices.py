"""`agentgauge prices`: what a model costs, since when, and who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agentgauge.pricing import PriceRow


def prices(
    model: Annotated[
        str, typer.Argument(help="A model's name as calls state it: vendor prefix, route and date are understood.")
    ],
    at: Annotated[str | None, typer.Option("--at", metavar="WHEN", help="Prices of this day; default: now.")] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Who bills it, where the name does not say.")
    ] = None,
    tier: Annotated[
        str | None, typer.Option("--tier", help="standard, batch, flex, priority or fast; default: all there are.")
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what a model costs, since when, and who says so.

    Rates are in USD per million tokens. Ends with 1 where no price is known.
    """
    import textwrap
    from datetime import UTC, datetime

    from agentgauge.cli.mistakes import did_you_mean
    from agentgauge.cli.output import note, print_document
    from agentgauge.meter import Meter
    from agentgauge.pricing.near_names import is_provider, near_names, providers
    from agentgauge.service.window import parse_moment
    from agentgauge.settings import get_settings

    moment = datetime.now(UTC)
    if at is not None:
        moment = parse_moment(at, UTC, moment)
    book = Meter(get_settings(home)).book
    rows = book.explain(model, provider, moment, tier)
    near = () if rows else near_names(model)
    if as_json:
        print_document({"model": model, "provider": provider, "at": moment, "prices": rows, "near": near})
    elif rows:
        _show(rows)
    else:
        billed = "" if provider is None else f" billed by {provider}"
        note(f"No price is known for {model!r}{billed} on {moment:%Y-%m-%d}: its calls count as unpriced.")
        if provider is not None and not is_provider(provider):
            note(f"No provider is known as {provider!r}{did_you_mean(provider, providers()) or '.'} Known are:")
            names = ", ".join(providers())
            note(textwrap.fill(names, 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False))
        elif near:
            note(f"Near names: {', '.join(near)}")
    if not rows:
        raise typer.Exit(FINDING)


def _show(rows: Sequence[PriceRow]) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import rows_table

    out = screen()
    rates = {
        "input": "input",
        "output": "output",
        "cache read": "cache_read",
        "write 5m": "cache_write_5m",
        "write 1h": "cache_write_1h",
    }
    if any(row.reasoning != row.output for row in rows):
        rates["reasoning"] = "reasoning"
    first = [("tier", lambda row: row.tier)]
    if any(row.hours for row in rows):
        first.append(("hours (UTC)", lambda row: row.hours or "all day"))
    if any(map(_length, rows)):
        first.append(("input tokens", _length))
    table = rows_table(None, first, [(heading, _rate(name)) for heading, name in rates.items()], rows)
    for model in dict.fromkeys((row.model, row.provider) for row in rows):
        out.print(
            Text(f"{model[0]}{'' if model[1] is None else f' at {model[1]}'}, USD per million tokens", style="bold")
        )
    out.print(table)
    for row in rows:
        if row.per_call:
            out.print(f"{row.tier}: also {wording.money(row.per_call)} a call")
    out.print()
    for origin in dict.fromkeys(map(_origin, rows)):
        tiers = dict.fromkeys(row.tier for row in rows if _origin(row) == origin)
        out.print(Text(f"{', '.join(tiers)}: {origin}", style="dim"), soft_wrap=True)


def _rate(name: str) -> Callable[[PriceRow], str]:
    from agentgauge.events.plain import plain_digits

    return lambda row: plain_digits(getattr(row, name))


def _length(row: PriceRow) -> str:
    """The input that a row holds for, where it does not hold for all."""
    if row.min_input_tokens:
        return f"from {row.min_input_tokens:,}"
    return "" if row.max_input_tokens is None else f"below {row.max_input_tokens:,}"


def _origin(row: PriceRow) -> str:
    since = "" if row.valid_from is None else f" from {row.valid_from:%Y-%m-%d}"
    until = "" if row.valid_to is None else f" until {row.valid_to:%Y-%m-%d}"
    evidence = f" ({row.evidence})" if row.evidence else ""
    return f"{row.source}{since}{until}{evidence}"
