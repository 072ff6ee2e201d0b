"""Settings of `agentgauge serve`, beside those of recording. With none of them it serves the home that the command line
uses, to this machine alone.

    AGENTGAUGE_DATABASE_URL      postgresql://... for what changes in place (default: <home>/state.db, SQLite)
    AGENTGAUGE_REDIS_URL         redis://... for the cache (default: in the process)
    AGENTGAUGE_RETENTION_DAYS    days after its arrival that a raw event is kept; 0: for ever (default: 90)
    AGENTGAUGE_PROMETHEUS_LABELS what series at /metrics are told apart by: some of project, agent, role, operation,
                                 model and provider (default: project,agent,model)

A server is where events go: it does not send its own on, whatever the settings of recording say.

What it takes over the network at once: `agentgauge.settings.ingest`. Who may reach it, and how much they may ask:
`agentgauge.settings.security`; sign-in: `agentgauge.settings.oidc`. What it logs: `agentgauge.settings.logs`. Who is
told of alerts: `agentgauge.settings.notifying`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.settings.ingest import IngestSettings, get_ingest_settings
from agentgauge.settings.logs import LogSettings, get_log_settings
from agentgauge.settings.recording import Settings, get_settings, whole_number
from agentgauge.settings.security import SecuritySettings, get_security_settings

RETENTION_DAYS = 90
PROMETHEUS_LABELS = ("project", "agent", "model")
_BOUNDED = ("project", "agent", "role", "operation", "model", "provider")
"""Dimensions of events with few values; sessions, runs, tickets and users have no end."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    recording: Settings
    database_url: str | None = None
    redis_url: str | None = None
    ingest: IngestSettings = IngestSettings()
    security: SecuritySettings = SecuritySettings()
    retention_days: int = RETENTION_DAYS
    prometheus_labels: tuple[str, ...] = PROMETHEUS_LABELS
    logs: LogSettings = LogSettings()
    workers: int = 1
    """Processes that answer requests."""
    jobs: bool = False
    """Whether these processes run the jobs too."""
    run: Path | None = None
    """A directory that the processes of `agentgauge serve` share while it runs; None inside another program."""
    notify_socket: str | None = None
    """Where systemd is told that the server is ready."""


def get_server_settings(
    home: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> ServerSettings:
    """The settings of this server. Raises `SettingsError` naming the variable and the values it takes."""
    env = os.environ if environ is None else environ
    return ServerSettings(
        recording=msgspec.structs.replace(get_settings(home, env), endpoint=None, api_key=None),
        database_url=_url(env, "AGENTGAUGE_DATABASE_URL", ("postgresql", "sqlite")),
        redis_url=_url(env, "AGENTGAUGE_REDIS_URL", ("redis", "rediss", "unix")),
        ingest=get_ingest_settings(env),
        security=get_security_settings(env),
        retention_days=whole_number(env, "AGENTGAUGE_RETENTION_DAYS", RETENTION_DAYS),
        prometheus_labels=_labels(env, "AGENTGAUGE_PROMETHEUS_LABELS"),
        logs=get_log_settings(env),
        notify_socket=env.get("NOTIFY_SOCKET") or None,
    )


def _labels(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = env.get(name)
    if text is None:
        return PROMETHEUS_LABELS
    labels = tuple(word.strip() for word in text.split(",") if word.strip())
    if unknown := [label for label in labels if label not in _BOUNDED]:
        raise SettingsError(f"{name}: {unknown[0]!r} has no end of values, or is no dimension: {', '.join(_BOUNDED)}")
    return labels


def _url(env: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    url = env.get(name)
    if not url:
        return None
    if url.partition("://")[0].partition("+")[0] not in schemes or "://" not in url:
        # The value may hold a password, so it is not repeated.
        raise SettingsError(f"{name} is no URL of {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return url
