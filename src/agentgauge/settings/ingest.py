"""Limits of what a server takes over the network at once.

AGENTGAUGE_INGEST_BODY_MB     largest body of a request as it is sent, compressed or not (default 16)
AGENTGAUGE_INGEST_DECODED_MB  largest body once it is decompressed (default 64)
AGENTGAUGE_INGEST_EVENTS      most events of one request (default 50000)
AGENTGAUGE_INGEST_WAITING_MB  bodies in memory at the same time, in each worker; beyond it 503 (default 128)
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.settings.recording import whole_number


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True):
    body_bytes: int = 16 << 20
    decoded_bytes: int = 64 << 20
    events: int = 50_000
    waiting_bytes: int = 128 << 20
    body_seconds: float = 120
    """In which a body has to arrive: what has come of it takes the room of others meanwhile."""
    values: int = 2_000_000
    """Values of JSON in one request: forty for each of the most events. One takes about a hundred bytes of memory."""
    attribute_bytes: int = 256 << 10
    """Of one event, as JSON. How deep they may be nested is a rule of attributes themselves."""


def get_ingest_settings(env: Mapping[str, str]) -> IngestSettings:
    """Raises `SettingsError` naming the variable and the values it takes."""
    return IngestSettings(
        body_bytes=_at_least_one(env, "AGENTGAUGE_INGEST_BODY_MB", 16) << 20,
        decoded_bytes=_at_least_one(env, "AGENTGAUGE_INGEST_DECODED_MB", 64) << 20,
        events=_at_least_one(env, "AGENTGAUGE_INGEST_EVENTS", 50_000),
        waiting_bytes=_at_least_one(env, "AGENTGAUGE_INGEST_WAITING_MB", 128) << 20,
    )


def _at_least_one(env: Mapping[str, str], name: str, default: int) -> int:
    value = whole_number(env, name, default)
    if value < 1:
        raise SettingsError(f"{name}={value}: use a whole number of at least 1")
    return value
