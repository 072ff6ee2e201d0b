"""What is said of a home before a command works on it: that it is not there, or that nothing can be kept in it."""

from __future__ import annotations

import os

from agentgauge.cli.output import note
from agentgauge.errors import SettingsError
from agentgauge.settings import Home


def note_absent(home: Home) -> None:
    """Say that a home is not there: it may have been mistyped."""
    if not home.lake_is_remote and not home.root.exists():
        note(f"note: {home.root} does not exist yet; nothing has been recorded there")


def check_writable(home: Home) -> None:
    """Raises `SettingsError` where the home, or the folder that it would be made in, cannot be written."""
    place = next(place for place in (home.root, *home.root.parents) if os.path.lexists(place))
    if not place.is_dir():
        raise SettingsError(f"{place} is no folder, so {home.root} cannot be the home: name another with --home")
    if not os.access(place, os.W_OK | os.X_OK):
        raise SettingsError(
            f"{place} cannot be written: make it writable for you, or name another home with --home or AGENTGAUGE_HOME"
        )
