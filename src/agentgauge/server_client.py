"""Talking to a server: one address and key, connections that stay open, proxies and certificates of the environment.

Safe to share between threads; a forked child gets connections of its own, and holds no lock that its parent held.
urllib3 is imported with the first request, or by `load`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from agentgauge.errors import ServerUnreachable
from agentgauge.settings.secret import Secret

if TYPE_CHECKING:
    import urllib3

_CONNECT_S = 5.0
ANSWER_S = 30.0
_CONNECTIONS = 32
"""Kept open: one for each thread that asks at the same time. Beyond that urllib3 warns of each it closes."""
_OBJECT = re.compile(r"^HTTPS?Connection(Pool)?\([^)]*\): (Failed to establish a new connection: )?")

_NO_TLS = "WRONG_VERSION_NUMBER"
"""What OpenSSL calls an answer that is not TLS."""


class Answer(msgspec.Struct, frozen=True):
    """What a server said, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def load() -> None:
    """Import what requests take. Whoever has a thread ask does this before it starts: a child that is forked while a
    thread imports a module can never import it, and waits for it for ever.
    """
    import encodings.idna  # noqa: F401 - which looking up a host does

    import urllib3  # noqa: F401


class ServerClient:
    def __init__(self, endpoint: str, api_key: Secret | None = None) -> None:
        """Connects to nothing yet. The address is that of settings, which have checked it."""
        self.endpoint = endpoint
        self._key = api_key
        self._own: tuple[int, urllib3.PoolManager] | None = None
        """Of which process they are, and its connections: one value, so that no lock is needed to change both."""

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        connect_s: float = _CONNECT_S,
        answer_s: float = ANSWER_S,
    ) -> Answer:
        """One request, tried once; `path` begins with a slash. Redirects are not followed, they are answers.

        Raises `ServerUnreachable` where no answer came within `answer_s` seconds: whether the server did what was
        asked is not known then.
        """
        import urllib3  # deferred: programs that send nothing do without

        # urllib3 gives what it sends in one piece the time for a connection; a stream has it for every 16 KiB.
        given = {**(headers or {}), **({} if body is None else {"Content-Length": str(len(body))})}
        if self._key is not None:
            given["Authorization"] = f"Bearer {self._key.reveal()}"
        try:
            response = self._connections().request(
                method,
                self.endpoint + path,
                body=None if body is None else BytesIO(body),
                headers=given,
                timeout=urllib3.Timeout(connect=min(connect_s, answer_s), read=answer_s),
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServerUnreachable(f"{self.endpoint} does not answer: {_said(error)}") from error
        except ValueError:  # what no header can hold: the key; the error would show it
            raise ServerUnreachable(f"{self.endpoint} was not asked: the key holds what no key has") from None
        return Answer(response.status, {name.lower(): text for name, text in response.headers.items()}, response.data)

    def close(self) -> None:
        """Close the connections; the next request opens others."""
        own, self._own = self._own, None
        if own is not None and own[0] == os.getpid():
            own[1].clear()

    def _connections(self) -> urllib3.PoolManager:
        own = self._own
        if own is None or own[0] != os.getpid():
            self._own = own = (os.getpid(), _manager(self.endpoint))
        return own[1]


def _manager(endpoint: str) -> urllib3.PoolManager:
    import urllib3

    parts = urlsplit(endpoint)
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(parts.hostname or ""):
        return urllib3.PoolManager(maxsize=_CONNECTIONS)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    user = urllib3.util.parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, maxsize=_CONNECTIONS)


def _said(error: Exception) -> str:
    """What happened, without the objects of urllib3 that it shows in front of it."""
    inner = error.args[-1] if error.args else None
    said = str(inner) if isinstance(inner, Exception) else str(error)
    hint = "; it may be one that speaks http://, not https://" if _NO_TLS in said else ""
    return (_OBJECT.sub("", said) or type(error).__name__) + hint
