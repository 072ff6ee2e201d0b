"""Where a server may listen: on loopback as it is, anywhere else only where those who come are asked who they are."""

from __future__ import annotations

from datetime import UTC, datetime

from agentgauge.errors import SettingsError
from agentgauge.service.security.addresses import is_loopback
from agentgauge.settings.server import ServerSettings
from agentgauge.state.keys import KeyBook
from agentgauge.state.store import Store


def check_binding(host: str, settings: ServerSettings, store: Store) -> None:
    """Raises `SettingsError` for an address that other machines reach, where there is neither a key that can be used
    nor sign-in. There is no way around it: a key takes one command, which the error names.
    """
    if is_loopback(host) or settings.security.oidc is not None:
        return
    if any(key.is_valid(datetime.now(UTC)) for key in KeyBook(store).all()):
        return
    raise SettingsError(
        f"{host or 'every address'} can be reached from other machines, and there is no key that they would need: "
        f"make one with `agentgauge keys create NAME --scope admin`, which shows it once, and start again; "
        "or serve this machine alone with --host 127.0.0.1"
    )
