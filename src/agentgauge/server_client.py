"""Talking to a server: one address and key, connections that stay open, proxies and certificates of the environment.

Safe to share between threads; a forked child gets connections of its own. urllib3 is imported with the first request.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from agentgauge.errors import ServerUnreachable
from agentgauge.settings.secret import Secret

if TYPE_CHECKING:
    import urllib3

_CONNECT_S = 5.0
_ANSWER_S = 30.0


class Answer(msgspec.Struct, frozen=True):
    """What a server said, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class ServerClient:
    def __init__(self, endpoint: str, api_key: Secret | None = None) -> None:
        """Connects to nothing yet. The address is that of settings, which have checked it."""
        self.endpoint = endpoint
        self._key = api_key
        self._lock = threading.Lock()
        self._process = -1
        self._manager: urllib3.PoolManager | None = None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        answer_s: float = _ANSWER_S,
    ) -> Answer:
        """One request, tried once; `path` begins with a slash. Redirects are not followed, they are answers.

        Raises `ServerUnreachable` where no answer came within `answer_s` seconds: whether the server did what was
        asked is not known then.
        """
        import urllib3  # deferred: programs that send nothing do without

        given = dict(headers or {})
        if self._key is not None:
            given["Authorization"] = f"Bearer {self._key.reveal()}"
        try:
            response = self._connections().request(
                method,
                self.endpoint + path,
                body=body,
                headers=given,
                timeout=urllib3.Timeout(connect=_CONNECT_S, read=answer_s),
                retries=False,
                redirect=False,
            )
            return Answer(
                response.status, {name.lower(): text for name, text in response.headers.items()}, response.data
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServerUnreachable(f"{self.endpoint} does not answer: {error}") from error

    def close(self) -> None:
        """Close the connections; the next request opens others."""
        with self._lock:
            manager, self._manager = self._manager, None
        if manager is not None and self._process == os.getpid():
            manager.clear()

    def _connections(self) -> urllib3.PoolManager:
        with self._lock:
            if self._manager is None or self._process != os.getpid():
                self._manager, self._process = _manager(self.endpoint), os.getpid()
            return self._manager


def _manager(endpoint: str) -> urllib3.PoolManager:
    import urllib3

    parts = urlsplit(endpoint)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()
