"""What is said of a home before a command works on it: that it is not there, that its events go elsewhere, or that
nothing can be kept in it.
"""

from __future__ import annotations

import os

from agentgauge.cli.output import note
from agentgauge.errors import SettingsError
from agentgauge.forwarding.spool import read_spool
from agentgauge.settings import Home


def note_absent(home: Home) -> None:
    """Say that a home is not there, since it may have been mistyped, or that what is recorded in it leaves it."""
    if not home.root.exists():
        if not home.lake_is_remote:
            note(f"note: {home.root} does not exist yet; nothing has been recorded there")
        return
    _note_shipping(home)


def _note_shipping(home: Home) -> None:
    from agentgauge.forwarding.standing import standing  # deferred: most homes ship nothing

    found = None if read_spool(home.root) is None else standing(home.root)
    if found is None:
        return
    if found.endpoint is not None:
        wait = "waits" if found.waiting_events == 1 else "wait"
        note(
            f"note: {home.root} ships to {found.endpoint}: ask that server. Here {found.waiting} {wait} to be sent, "
            "beside what was recorded before it shipped"
        )
    elif found.sent_events:
        sent = f"{found.sent_events:,} event{' is' if found.sent_events == 1 else 's are'} not here"
        note(f"note: {sent}: {home.root} shipped to {found.shipped_to or 'a server'}; ask that server")


def note_unreached(home: Home) -> None:
    """Say what deleting here does not reach, where events go elsewhere."""
    spool = read_spool(home.root)
    if spool is not None and spool.target.endpoint is not None:
        note("note: what waits to be sent is not reached: send it with 'agentgauge forward', then forget on the server")


def check_serves(home: Home) -> None:
    """Raises `SettingsError` where what is recorded in the home goes to another server."""
    spool = read_spool(home.root)
    if spool is not None and spool.target.endpoint is not None:
        raise SettingsError(
            f"{home.root} ships to {spool.target.endpoint}, so that a server of it would show nothing: "
            "name another home with --home, or end that with 'agentgauge forward --stop'"
        )


def check_writable(home: Home) -> None:
    """Raises `SettingsError` where the home, or the folder that it would be made in, cannot be written."""
    place = next(place for place in (home.root, *home.root.parents) if os.path.lexists(place))
    if not place.is_dir():
        raise SettingsError(f"{place} is no folder, so {home.root} cannot be the home: name another with --home")
    if not os.access(place, os.W_OK | os.X_OK):
        raise SettingsError(
            f"{place} cannot be written: make it writable for you, or name another home with --home or AGENTGAUGE_HOME"
        )
