"""The time zone that a person reads in: the one they name, else this machine's."""

from __future__ import annotations

import os
from datetime import tzinfo
from pathlib import Path

from agentgauge.engines.time_buckets import zone_named
from agentgauge.errors import QueryError

_SAME = {"Etc/UTC": "UTC", "Etc/UCT": "UTC", "Zulu": "UTC"}
_LOCALTIME = Path("/etc/localtime")


def reading_zone(asked: str | None) -> tuple[str, tzinfo]:
    """The IANA name and the zone; UTC where the machine does not say. Raises `QueryError` for a name of no zone."""
    if asked is not None:
        return asked, zone_named(asked)
    for name in (os.environ.get("TZ", "").lstrip(":"), _linked_name()):
        if name:
            try:
                return _SAME.get(name, name), zone_named(_SAME.get(name, name))
            except QueryError:
                continue  # a POSIX rule such as CET-1CEST has no name that others know
    return "UTC", zone_named("UTC")


def _linked_name() -> str:
    try:
        target = str(_LOCALTIME.resolve())
    except OSError:
        return ""
    return target.partition("zoneinfo/")[2].removeprefix("posix/")
