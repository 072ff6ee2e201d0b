"""People who signed in: what they may do, and the cookie that says who they are.

The cookie holds an e-mail and groups, signed (HS256) with a key that is derived from the client's secret, so that it is
the same in all processes and ends with the secret. What they may do is decided from the settings at each request.
A cookie ends after 8 hours; signing out takes it from the browser, and ends no copy of it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agentgauge.service.security.principal import Principal, Scope
from agentgauge.settings.oidc import OidcSettings

SESSION_SECONDS = 8 * 3600
SIGNING_IN_SECONDS = 600
"""How long somebody may take to sign in at the provider."""
_ALGORITHM = "HS256"


class Person(msgspec.Struct, frozen=True):
    email: str
    groups: tuple[str, ...] = ()
    """Those that the settings name."""


class People:
    """Of the provider's people, those whom the settings let in."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.time) -> None:
        from joserfc.jwk import OctKey  # deferred: 9 MB that a server without sign-in does not need

        self.settings = settings
        self._clock = clock
        self._key = OctKey.import_key(
            hmac.digest(settings.client_secret.encode(), b"agentgauge cookies", hashlib.sha256)
        )

    def person(self, claims: Mapping[str, Any]) -> Person | None:
        """Who an ID token is about; None without an e-mail that the provider has verified."""
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email or claims.get("email_verified") is not True:
            return None
        said = claims.get(self.settings.groups_claim) or ()
        groups = {said} if isinstance(said, str) else {group for group in said if isinstance(group, str)}
        named = {who.removeprefix("group:") for who in (*self.settings.readers, *self.settings.admins)}
        return Person(email.lower(), tuple(sorted(groups & named)))

    def principal(self, person: Person) -> Principal | None:
        """What somebody may do; None: nothing."""
        scopes: frozenset[Scope] = frozenset()
        if _is_among(person, self.settings.admins):
            scopes = frozenset({"read", "admin"})
        elif _is_among(person, self.settings.readers):
            scopes = frozenset({"read"})
        return Principal(person.email, scopes) if scopes else None

    def session_cookie(self, person: Person) -> str:
        return self.sealed("session", {"email": person.email, "groups": list(person.groups)}, SESSION_SECONDS)

    def of_session(self, cookie: str) -> Principal | None:
        """Who a session's cookie is of; None where it is none, has ended, or its person may do nothing any more."""
        claims = self.unsealed("session", cookie)
        if claims is None:
            return None
        return self.principal(Person(str(claims["email"]), tuple(claims["groups"])))

    def sealed(self, purpose: str, claims: Mapping[str, Any], seconds: int) -> str:
        """Claims that only this server can have written, for one purpose and so long."""
        from joserfc import jwt

        ends = int(self._clock()) + seconds
        return jwt.encode({"alg": _ALGORITHM}, {**claims, "aud": purpose, "exp": ends}, self._key)

    def unsealed(self, purpose: str, cookie: str) -> dict[str, Any] | None:
        """The claims of a cookie that was sealed for a purpose and has not ended; None of any other text."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            claims = jwt.decode(cookie, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        if claims.get("aud") != purpose or claims.get("exp", 0) <= self._clock():
            return None
        return dict(claims)


def people_of(settings: OidcSettings) -> People:
    """Raises `SettingsError` where the [oidc] extra is not installed."""
    from importlib.util import find_spec

    from agentgauge.errors import SettingsError

    if find_spec("authlib") is None or find_spec("joserfc") is None:
        raise SettingsError("AGENTGAUGE_OIDC_ISSUER is set, which needs: pip install 'agentgauge[oidc]'")
    return People(settings)


def _is_among(person: Person, listed: tuple[str, ...]) -> bool:
    domain = f"@{person.email.rpartition('@')[2]}"
    return bool({person.email, domain, *(f"group:{group}" for group in person.groups)} & set(listed))
