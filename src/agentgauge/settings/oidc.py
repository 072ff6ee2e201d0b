"""Settings of the sign-in of people at an OpenID Connect provider. Off without the first.

AGENTGAUGE_OIDC_ISSUER         https://accounts.example.org, where /.well-known/openid-configuration is
AGENTGAUGE_OIDC_CLIENT_ID      of this server at the provider
AGENTGAUGE_OIDC_CLIENT_SECRET  its secret, of at least 16 characters; the cookies of sessions are signed with it too
AGENTGAUGE_PUBLIC_URL          where people reach this server: https://gauge.example.org; /sign-in/callback under it
                               is the address that the provider has to know
AGENTGAUGE_OIDC_READERS        who may ask: e-mails, and domains as @example.org, with commas
AGENTGAUGE_OIDC_ADMINS         who may do everything, in the same form
AGENTGAUGE_OIDC_GROUPS_CLAIM   a claim that lists groups (default: groups); `group:platform` in the two lists above
                               stands for who has it
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from agentgauge.errors import SettingsError

_SHORTEST_SECRET = 16


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    client_id: str
    client_secret: str
    public_url: str
    """Without a slash at the end."""
    readers: tuple[str, ...]
    admins: tuple[str, ...]
    groups_claim: str = "groups"

    def __repr__(self) -> str:
        """Without the secret, which must reach no log."""
        return f"OidcSettings(issuer={self.issuer!r}, client_id={self.client_id!r})"


def get_oidc_settings(env: Mapping[str, str]) -> OidcSettings | None:
    """Raises `SettingsError` naming what is missing."""
    issuer = env.get("AGENTGAUGE_OIDC_ISSUER")
    if not issuer:
        return None
    _check_url("AGENTGAUGE_OIDC_ISSUER", issuer)
    needed = {
        name: env.get(name) or ""
        for name in ("AGENTGAUGE_OIDC_CLIENT_ID", "AGENTGAUGE_OIDC_CLIENT_SECRET", "AGENTGAUGE_PUBLIC_URL")
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise SettingsError(f"AGENTGAUGE_OIDC_ISSUER is set, so {' and '.join(missing)} must be too")
    client_id, secret, public_url = needed.values()
    _check_url("AGENTGAUGE_PUBLIC_URL", public_url)
    if len(secret) < _SHORTEST_SECRET:
        raise SettingsError(f"AGENTGAUGE_OIDC_CLIENT_SECRET is shorter than {_SHORTEST_SECRET} characters")
    readers, admins = (_people(env, name) for name in ("AGENTGAUGE_OIDC_READERS", "AGENTGAUGE_OIDC_ADMINS"))
    if not readers and not admins:
        raise SettingsError(
            "nobody may sign in: name e-mails, domains (@example.org) or groups (group:platform) in "
            "AGENTGAUGE_OIDC_READERS or AGENTGAUGE_OIDC_ADMINS"
        )
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        public_url=public_url.rstrip("/"),
        readers=readers,
        admins=admins,
        groups_claim=env.get("AGENTGAUGE_OIDC_GROUPS_CLAIM") or "groups",
    )


def _people(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    listed = tuple(part for text in env.get(name, "").split(",") if (part := text.strip()))
    for who in listed:
        if "@" not in who and not who.startswith("group:"):
            raise SettingsError(f"{name}: {who!r} is no e-mail, no domain (@example.org) and no group (group:platform)")
    return tuple(who if who.startswith("group:") else who.lower() for who in listed)


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise SettingsError(f"{name}={url!r}: use https://, or http:// on this machine alone")
