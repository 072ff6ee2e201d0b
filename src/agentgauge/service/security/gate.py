"""The gate of a server: what decides who asks, made of its settings once per process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agentgauge.service.security.limiting import Limiter
from agentgauge.service.security.people import People, people_of
from agentgauge.service.security.verifying import Verifier
from agentgauge.settings.server import ServerSettings
from agentgauge.state.keys import KeyBook
from agentgauge.state.store import Store


class Gate:
    def __init__(self, settings: ServerSettings, store: Store, now: Callable[[], datetime]) -> None:
        security = settings.security
        self.keys = KeyBook(store)
        self.verifier = Verifier(self.keys, now)
        self.limiter = Limiter(security, settings.redis_url)
        self.people: People | None = None if security.oidc is None else people_of(security.oidc)
        """Sign-in; None: there is none."""
        self.allowed_hosts = frozenset(security.allowed_hosts)
        self.cors_origins = frozenset(security.cors_origins)
        self._always_closed = security.require_keys or bool(security.trusted_proxies) or security.oidc is not None

    def is_open(self) -> bool:
        """Whether who reaches it from this machine may do everything: no key was ever made, there is no sign-in, no
        proxy in front, and nobody said otherwise. Asks state at most every two seconds. Raises `StateError`."""
        return not self._always_closed and not self.verifier.any()

    def open_at_once(self) -> bool | None:
        """`is_open` where that is known without asking state; else None."""
        if self._always_closed:
            return False
        any_key = self.verifier.any_at_once()
        return None if any_key is None else not any_key

    async def close(self) -> None:
        """Let the connections of this process's event loop go."""
        await self.limiter.close()
