"""Settings of who may reach a server, and how much they may ask of it. None is needed on one's own machine.

AGENTGAUGE_REQUIRE_KEYS        true: keys are needed even where only this machine reaches the server, as behind a
                               reverse proxy (default: false)
AGENTGAUGE_ALLOWED_HOSTS       further names that a server without keys may be called by, with commas
AGENTGAUGE_TRUSTED_PROXIES     addresses or networks of reverse proxies whose X-Forwarded-* is believed, with commas
AGENTGAUGE_CORS_ORIGINS        origins whose pages may ask, with commas: https://dashboards.example.org
AGENTGAUGE_READS_PER_MINUTE    questions of one key (default: 60000; 0: no limit)
AGENTGAUGE_INGESTS_PER_MINUTE  requests of one key that record (default: 60000; 0: no limit)
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from urllib.parse import urlsplit

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.settings.oidc import OidcSettings, get_oidc_settings
from agentgauge.settings.recording import flag, whole_number


class SecuritySettings(msgspec.Struct, frozen=True, kw_only=True):
    require_keys: bool = False
    allowed_hosts: tuple[str, ...] = ()
    """In lower case, without ports."""
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    reads_per_minute: int = 60_000
    ingests_per_minute: int = 60_000
    oidc: OidcSettings | None = None
    """Sign-in of people; None: there is none."""


def get_security_settings(env: Mapping[str, str]) -> SecuritySettings:
    """Raises `SettingsError` naming the variable and the values it takes."""
    return SecuritySettings(
        require_keys=flag(env, "AGENTGAUGE_REQUIRE_KEYS", False),
        allowed_hosts=tuple(host.lower() for host in listed(env, "AGENTGAUGE_ALLOWED_HOSTS")),
        trusted_proxies=_networks(env, "AGENTGAUGE_TRUSTED_PROXIES"),
        cors_origins=_origins(env, "AGENTGAUGE_CORS_ORIGINS"),
        reads_per_minute=whole_number(env, "AGENTGAUGE_READS_PER_MINUTE", 60_000),
        ingests_per_minute=whole_number(env, "AGENTGAUGE_INGESTS_PER_MINUTE", 60_000),
        oidc=get_oidc_settings(env),
    )


def listed(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The parts of a variable between commas."""
    return tuple(part for text in env.get(name, "").split(",") if (part := text.strip()))


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    networks = listed(env, name)
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}; use addresses or networks, as 10.0.0.2 or 10.0.0.0/24") from error
    return networks


def _origins(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    origins = listed(env, name)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            raise SettingsError(f"{name}: {origin!r} is no origin; use scheme and host, as https://dash.example.org")
    return origins
