"""`agentgauge forget`: a person's events, deleted."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agentgauge.cli import options


def forget(
    user: Annotated[str, typer.Option("--user", help="The person, as recorded in the events' field user.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, on a terminal.")] = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Delete every event of one person, for good.

    The rows go from the data files, from older versions of them and from the journal. Copies made with export are not
    reached, nor are budgets of the person, their alerts and the audit. What the person spent stays spent in budgets, as
    sums that name nobody.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import check_writable, note_absent, note_unreached
    from agentgauge.cli.output import print_document, screen
    from agentgauge.cli.wording import count_of
    from agentgauge.meter import Meter
    from agentgauge.service.carrying import of_user
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    settings = get_server_settings(home)
    meter = Meter(settings.recording)
    check_writable(meter.settings.home)
    note_absent(meter.settings.home)
    note_unreached(meter.settings.home)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Delete every event of user {user!r} in {meter.settings.home.root}?", abort=True, err=True)
    done = meter.lake.forget(user, of_user(shared_state(settings), user, datetime.now(UTC)))
    if as_json:
        print_document(done)
    else:
        screen().print(f"{count_of(done.events, 'event')} of user {user!r} deleted.", markup=False, soft_wrap=True)
