"""`agentgauge forward`: what a program left behind, sent to the server that its home ships to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from agentgauge.forwarding.standing import Standing
    from agentgauge.settings import Settings

_PATIENCE_S = 60.0


def forward(
    status: Annotated[
        bool, typer.Option("--status", help="Show how shipping stands and whether the server answers; send nothing.")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Ship no more: what the server does not have stays here, for good.")
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint", metavar="URL", help="The server. Default: AGENTGAUGE_ENDPOINT, else the home's own."
        ),
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Send what waits in this home to its server.

    Programs with AGENTGAUGE_ENDPOINT send by themselves while they run; this is for what short ones, or killed ones,
    left behind. AGENTGAUGE_API_KEY is the key. Ends with 1 where something remains.
    """
    import os

    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import note, print_document
    from agentgauge.errors import SettingsError
    from agentgauge.forwarding.spool import has_lake, is_served, read_spool, ship_to
    from agentgauge.forwarding.standing import asked_standing
    from agentgauge.settings import get_settings

    if status and stop:
        raise SettingsError("--status looks and --stop changes: give one of them")
    settings = get_settings(home, None if endpoint is None else {**os.environ, "AGENTGAUGE_ENDPOINT": endpoint})
    root = settings.home.root
    spool = read_spool(root)
    if status:
        found = asked_standing(settings)
        print_document(found) if as_json else _show(found, settings)
        raise typer.Exit(FINDING if found is not None and _is_stuck(found) else 0)
    check_writable(settings.home)
    if stop:
        _stop(settings, as_json=as_json)
        return
    server = settings.endpoint or (None if spool is None else spool.target.endpoint)
    if server is None:
        raise SettingsError(f"{root} ships to no server: name one with --endpoint or AGENTGAUGE_ENDPOINT")
    if is_served(root):
        raise SettingsError(
            f"{root} is the home of a server that is running: what is recorded there is with it already"
        )
    target = ship_to(root, server)
    if target is not None and (target.kept or has_lake(root)):
        note(f"note: {root} ships to {server} what is recorded from now on; what was recorded before stays there")
    _send(settings, server, as_json=as_json)


def _send(settings: Settings, server: str, *, as_json: bool) -> None:
    from agentgauge.cli.output import print_document, screen
    from agentgauge.cli.progress import through_bytes
    from agentgauge.cli.wording import count_of
    from agentgauge.forwarding.shipper import Outcome, Shipper
    from agentgauge.forwarding.standing import standing
    from agentgauge.forwarding.turn import OthersTurn

    root = settings.home.root
    before = standing(root)
    with through_bytes("sent") as on_bytes:
        done, total = 0, 0 if before is None else before.waiting_bytes

        def on_sent(sent: int) -> None:
            nonlocal done
            done += sent
            on_bytes(done, max(done, total))

        try:
            outcome = Shipper(root, server, settings.api_key).ship(patience_s=_PATIENCE_S, on_sent=on_sent)
        except OthersTurn:
            outcome = Outcome(reason=f"another process has been sending for {_PATIENCE_S:.0f} s; it goes on")
    after = standing(root)
    assert after is not None
    if as_json:
        print_document(
            {
                "endpoint": server,
                "sent_events": outcome.events,
                "remaining_events": after.waiting_events,
                "reason": outcome.reason or None,
                "held": after.held,
            }
        )
    else:
        out = screen()
        sent = f"{count_of(outcome.events, 'event')} sent to {server}." if outcome.events else "Nothing was sent."
        out.print(
            sent if outcome.events or after.waiting_events else "Nothing waits here.", soft_wrap=True, markup=False
        )
        _show_what_remains(after, outcome.reason)
    if outcome.reason or outcome.held:
        raise typer.Exit(FINDING)


def _show_what_remains(found: Standing, reason: str) -> None:
    from agentgauge.cli.output import note

    if found.waiting_events or reason:
        remain = "remains" if found.waiting_events == 1 else "remain"
        why = f": {reason}" if reason else "" if found.held else ": recorded meanwhile"
        note(f"{found.waiting} {remain} here{why}")
    for held in sorted(set(found.held.values())):
        note(f"held: {held}")


def _stop(settings: Settings, *, as_json: bool) -> None:
    from agentgauge.cli.output import note, print_document, screen
    from agentgauge.cli.wording import count_of
    from agentgauge.errors import SettingsError
    from agentgauge.forwarding.shipper import Shipper
    from agentgauge.forwarding.spool import read_spool
    from agentgauge.forwarding.turn import OthersTurn

    root = settings.home.root
    spool = read_spool(root)
    if spool is None or spool.target.endpoint is None:
        raise SettingsError(f"{root} ships to no server: there is nothing to stop")
    server = spool.target.endpoint
    try:
        kept = Shipper(root, server, settings.api_key).stop(patience_s=_PATIENCE_S)
    except OthersTurn as error:
        raise SettingsError(f"{root}: another process is sending; try again when it has ended") from error
    if as_json:
        print_document({"endpoint": server, "kept_events": kept.events, "reason": kept.reason or None})
        return
    screen().print(
        f"{root} ships no more; {count_of(kept.events, 'event')} that {server} does not have "
        f"{'is' if kept.events == 1 else 'are'} local from now on.",
        soft_wrap=True,
        markup=False,
    )
    if kept.reason:
        note(f"note: the server could not be asked how far it is, and may have some of them: {kept.reason}")
    note("note: a program that is started with AGENTGAUGE_ENDPOINT makes this home ship again")


def _is_stuck(found: Standing) -> bool:
    if found.asked is not None and found.asked.trouble is not None:
        return True
    return found.endpoint is not None and (found.trouble is not None or bool(found.held))


def _show(found: Standing | None, settings: Settings) -> None:
    from rich.table import Table
    from rich.text import Text

    from agentgauge.cli.output import screen
    from agentgauge.forwarding.standing import problems

    out = screen()
    if found is None:
        out.print(f"{settings.home.root} ships to no server.", soft_wrap=True, markup=False)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _rows(found):
        table.add_row(label, Text(value))
    out.print(table)
    for problem in problems(found):
        out.print(Text.assemble(("problem: ", "bold red"), problem))


def _rows(found: Standing) -> list[tuple[str, str]]:
    from agentgauge.cli.wording import size

    asked = [("server", found.asked.words)] if found.asked is not None else []
    if found.since is None:
        return [("ships to", "no server yet: the first program that records makes it ship"), *asked]
    return [
        ("ships to", found.endpoint or f"nobody since {found.since:%Y-%m-%d %H:%M} UTC"),
        ("sent", f"{found.sent_events:,} events"),
        ("last", "never" if found.last_success is None else f"{found.last_success:%Y-%m-%d %H:%M:%S} UTC"),
        ("waiting", f"{found.waiting}, {size(found.waiting_bytes)}"),
        *asked,
    ]
