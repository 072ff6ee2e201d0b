"""Libraries that only the [server] extra brings: looked for before they are imported, so that one line says it."""

from __future__ import annotations

from importlib.util import find_spec

from agentgauge.errors import SettingsError


def check_server_extra(*libraries: str) -> None:
    """Raises `SettingsError` where one of these is not installed."""
    if missing := [name for name in libraries if find_spec(name) is None]:
        raise SettingsError(
            f"the server's libraries are not installed ({', '.join(missing)}): pip install 'agentgauge[server]'"
        )
