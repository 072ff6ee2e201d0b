"""`agentgauge keys`: the keys that others reach a server with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agentgauge.state.keys import ApiKey, KeyBook

keys = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The keys that others reach a server with.")

_ACTOR = "command line"


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, or what it is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help="ingest, read or admin; may be repeated. Default: read."),
    ] = None,
    project: Annotated[
        list[str] | None,
        typer.Option("--project", metavar="PROJECT", help="All it may see and record into; may be repeated."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="WHEN", help="When it ends: 90d, 12h, 2027-03-31. Default: never."),
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a key and show it, this once.

    From the first key on, a server asks everyone for one, on its own machine too.
    """
    from datetime import UTC, datetime

    from msgspec.structs import asdict

    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import note, print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.service.security.keys import expiry_of, issue, shown
    from agentgauge.settings.server import get_server_settings

    settings = get_server_settings(home)
    check_writable(settings.recording.home)
    now = datetime.now(UTC)
    until = None if expires is None else expiry_of(expires, reading_zone(None)[1], now)
    issued = issue(_book(home), name, scope or ["read"], actor=_ACTOR, now=now, projects=project, expires=until)
    if as_json:
        print_document({"key": issued.token.text, **asdict(shown(issued.key, now))})
        return
    # The key alone goes to standard output, so that it can be put into a file or a variable.
    note(f"key {issued.key.prefix} for {_may(issued.key)}, {_ends(issued.key)}; it is shown this once:")
    typer.echo(issued.token.text)


@keys.command("list")
def list_keys(home: options.Home = None, as_json: options.Json = False) -> None:
    """List all keys there ever were, without their secrets."""
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document, screen
    from agentgauge.service.security.keys import shown

    found, now = _book(home).all(), datetime.now(UTC)
    if as_json:
        print_document([shown(key, now) for key in found])
    elif not found:
        screen().print("No key was made: a server is open to its own machine, and to no other.", soft_wrap=True)
    else:
        _print_table(found, now)


@keys.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="As `keys list` shows it.")],
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Revoke a key. Running servers refuse it within two seconds."""
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document, screen
    from agentgauge.service.security import keys as security_keys

    now = datetime.now(UTC)
    revoked = security_keys.revoke(_book(home), prefix, actor=_ACTOR, now=now)
    if as_json:
        print_document(security_keys.shown(revoked, now))
    else:
        screen().print(f"key {revoked.prefix} ({revoked.name}) is revoked", markup=False, soft_wrap=True)


def _book(home: str | None) -> KeyBook:
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.keys import KeyBook
    from agentgauge.state.opening import shared_state

    return KeyBook(shared_state(get_server_settings(home)))


def _print_table(found: Sequence[ApiKey], now: datetime) -> None:
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import fitting, rows_table
    from agentgauge.cli.zones import reading_zone

    zone = reading_zone(None)[1]

    def day(moment: datetime | None) -> str:
        return "-" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    first: list[tuple[str, Callable[[Any], str]]] = [
        ("prefix", lambda key: key.prefix),
        ("name", lambda key: key.name),
        ("scopes", lambda key: ", ".join(sorted(key.scopes))),
        ("projects", lambda key: "all" if key.projects is None else ", ".join(sorted(key.projects))),
    ]
    others: list[tuple[str, Callable[[Any], str]]] = [
        ("state", lambda key: _state(key, now)),
        ("ends", lambda key: day(key.expires)),
        ("last used", lambda key: day(key.last_used)),
        ("made", lambda key: day(key.created)),
    ]
    out = screen()
    out.print(rows_table(None, first, fitting(first, others, ("made", "ends"), found, out.width), found))


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked is not None:
        return "revoked"
    return "valid" if key.is_valid(now) else "expired"


def _may(key: ApiKey) -> str:
    where = "all projects" if key.projects is None else ", ".join(sorted(key.projects))
    return f"{', '.join(sorted(key.scopes))} of {where}"


def _ends(key: ApiKey) -> str:
    return "which never ends" if key.expires is None else f"until {key.expires:%Y-%m-%d %H:%M} UTC"
