"""Verifying keys: whose a token is, at a thousand requests a second.

A token that was right is remembered for `REMEMBERED_SECONDS`, by its digest, so that most requests cost one SHA-256;
a key that is revoked, by whichever process, opens nothing after so long. That a key was used is written at most once a
minute. Wrong tokens are not remembered.

Which tokens were right within `KNOWN_SECONDS` is remembered besides, and opens nothing by itself: they are looked up
though others at their address tried too many wrong ones, or one forgotten agent would lock out all behind its router.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import get_args

import msgspec
from cachetools import TTLCache

from agentgauge.service.security.principal import Principal, Scope
from agentgauge.service.security.tokens import Token
from agentgauge.state.keys import ApiKey, KeyBook

REMEMBERED_SECONDS = 2.0
"""How long a revoked key may still pass."""
KNOWN_SECONDS = 3600.0
_MOST_REMEMBERED = 10_000
_SCOPES = frozenset(get_args(Scope))
_USED_EVERY = timedelta(minutes=1)


class _Verified(msgspec.Struct, frozen=True):
    principal: Principal
    expires: datetime | None


class Verifier:
    """Safe for several threads."""

    def __init__(self, book: KeyBook, now: Callable[[], datetime], timer: Callable[[], float] = time.monotonic) -> None:
        self._book = book
        self._now = now
        self._lock = threading.Lock()
        self._verified: TTLCache[str, _Verified] = TTLCache(_MOST_REMEMBERED, REMEMBERED_SECONDS, timer)
        self._known: TTLCache[str, bool] = TTLCache(_MOST_REMEMBERED, KNOWN_SECONDS, timer)
        self._looked: TTLCache[str, bool] = TTLCache(1, REMEMBERED_SECONDS, timer)
        self._any = False

    def remembered(self, token: Token) -> Principal | None:
        """Who has a token that was verified a moment ago; never waits."""
        with self._lock:
            verified: _Verified | None = self._verified.get(token.digest)
        if verified is None or (verified.expires is not None and verified.expires <= self._now()):
            return None
        return verified.principal

    def knew(self, token: Token) -> bool:
        """Whether a token was right when it was last verified, within the hour."""
        with self._lock:
            return token.digest in self._known

    def verify(self, token: Token) -> Principal | None:
        """Who has a token, as state knows it now; None where nobody may use it. Raises `StateError`."""
        key, now = self._book.by_prefix(token.prefix), self._now()
        # Compared where there is no such key too: how long it takes tells nothing of which prefixes there are.
        right = token.matches("" if key is None else key.hash)
        if key is None or not right or not key.is_valid(now):
            with self._lock:
                self._known.pop(token.digest, None)
            return None
        if key.last_used is None or now - key.last_used >= _USED_EVERY:
            self._book.used(key.id, now)
        principal = principal_of(key)
        with self._lock:
            self._verified[token.digest] = _Verified(principal, key.expires)
            self._known[token.digest] = True
        return principal

    def forget(self) -> None:
        """Look at state anew: in the process that made or revoked a key it holds at once."""
        with self._lock:
            self._verified.clear()
            self._looked.clear()

    def any(self) -> bool:
        """Whether a key was ever made: from then on keys are needed, also once all are revoked or have expired."""
        known = self.any_at_once()
        if known is not None:
            return known
        self._any = bool(self._book.all())
        with self._lock:
            self._looked["any"] = True
        return self._any

    def any_at_once(self) -> bool | None:
        """`any` where that is known without asking state; else None."""
        if self._any:
            return True
        with self._lock:
            return False if "any" in self._looked else None


def principal_of(key: ApiKey) -> Principal:
    """What a key's holder is called, and may do and see."""
    return Principal(f"key {key.prefix}", key.scopes & _SCOPES, key.projects)  # type: ignore[arg-type]  # a set of them
