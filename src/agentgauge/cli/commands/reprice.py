"""`agentgauge reprice`: costs computed again with today's price book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from datetime import tzinfo
    from decimal import Decimal

    from agentgauge.lake.repricing import ModelRepricing
    from agentgauge.service.repricing import Repriced

_EXPENDABLE = ("still unpriced", "calls", "changed", "newly priced", "now unpriced")


def reprice(
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="Calls from then on: 7d, today, 2026-11-01, ...")
    ],
    until: options.Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Compute costs of recorded calls again, at today's prices.

    Costs that were computed are computed anew, and calls without a price get one where there is one now. Reported costs
    stay as they are. The old costs are kept: 'agentgauge sql "FROM repriced"' shows them.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import check_writable, note_absent
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.meter import Meter
    from agentgauge.service.repricing import reprice as priced_anew
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    _, zone = reading_zone(tz)
    window = parse_window(since, until, zone, datetime.now(UTC))
    meter = Meter(get_settings(home))
    if not dry_run:
        check_writable(meter.settings.home)
    note_absent(meter.settings.home)
    done = priced_anew(meter, window, dry_run=dry_run)
    if as_json:
        print_document(done)
    else:
        _show(done, zone)


def _show(done: Repriced, zone: tzinfo) -> None:
    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import fitting, rows_table

    out = screen()
    start, end = wording.moment(done.window.start, zone), wording.moment(done.window.end, zone)
    out.print(f"Calls from {start} {'on' if done.window.end is None else f'to {end}'}", style="dim")
    out.print(_sentence(done))
    if done.unlanded_calls:
        verb = "gets" if done.unlanded_calls == 1 else "get"
        out.print(f"{wording.count_of(done.unlanded_calls, 'call')} not landed yet {verb} today's prices on landing.")
    changed = [model for model in done.models if model.changed]
    if changed:
        numbers = [
            ("calls", lambda model: wording.count(model.calls)),
            ("changed", lambda model: wording.count(model.changed)),
            ("newly priced", lambda model: wording.count(model.newly_priced)),
            ("now unpriced", lambda model: wording.count(model.become_unpriced)),
            ("still unpriced", lambda model: wording.count(model.still_unpriced)),
        ]
        seen = {"newly priced": done.newly_priced, "now unpriced": done.become_unpriced}
        seen["still unpriced"] = sum(model.still_unpriced for model in changed)
        numbers = [cell for cell in numbers if seen.get(cell[0], 1)]
        numbers += [
            ("old cost", lambda model: _money(model.old_usd, model, model.newly_priced)),
            ("new cost", lambda model: _money(model.new_usd, model, model.become_unpriced)),
            ("difference", lambda model: wording.signed_money(model.difference_usd)),
        ]
        first = [("model", lambda model: model.model)]
        if any(model.provider for model in changed):
            first.append(("provider", lambda model: model.provider or ""))
        out.print()
        out.print(rows_table(None, first, fitting(first, numbers, _EXPENDABLE, changed, out.width), changed))
    for line in [line for line in _remarks(done) if line or changed]:
        out.print(line, style="dim", soft_wrap=True)


def _money(amount: Decimal, model: ModelRepricing, without: int) -> str:
    """What the calls of a model cost: a dash where none of them has a price."""
    from agentgauge.cli import wording

    return wording.money(None if model.calls == without + model.still_unpriced else amount)


def _sentence(done: Repriced) -> str:
    from agentgauge.cli import wording

    if not done.calls:
        return "There is nothing to price anew: no call of this window has a computed cost, and none is unpriced."
    landed = done.calls - done.unlanded_calls
    if not landed:
        return "There is nothing to price anew: no call of this window with a computed cost or none has landed."
    if not done.changed:
        return f"{wording.count_of(landed, 'call')} priced anew: every cost is what it was."
    verb = "would change" if done.dry_run else "changed"
    return (
        f"{wording.count(done.changed)} of {wording.count_of(landed, 'call')} {verb}: "
        f"{wording.money(done.old_usd)} to {wording.money(done.new_usd)} ({wording.signed_money(done.difference_usd)})"
    )


def _remarks(done: Repriced) -> list[str]:
    from agentgauge.cli import wording

    remarks = [""]
    if done.newly_priced:
        remarks.append(f"{wording.count_of(done.newly_priced, 'call')} without a price until now.")
    if done.become_unpriced:
        lost = wording.count_of(done.become_unpriced, "call")
        remarks.append(f"{lost} without a price from now on: what they cost is unknown, not saved.")
    if done.reported_calls:
        remarks.append(f"{wording.count_of(done.reported_calls, 'call')} with a reported cost: left as they are.")
    if done.still_unpriced:
        remarks.append(f"{wording.count_of(done.still_unpriced, 'call')} still unpriced: no price is known.")
    if done.repricing is not None:
        remarks.append(f"Old costs: agentgauge sql \"FROM repriced WHERE repricing = '{done.repricing}'\"")
    elif done.dry_run and done.changed:
        remarks.append("Nothing was written. Without --dry-run these costs change; old ones are kept.")
    return remarks
