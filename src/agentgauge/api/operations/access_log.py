"""One line of the log for each request: method, route, status, time, who asked, and the request's id.

The route is its template, so neither ids in addresses nor queries are written; nor are headers and bodies. Probes of
`/healthz` and `/readyz` that find nothing wrong have no line: they come every few seconds and say nothing.
"""

from __future__ import annotations

import logging
from typing import Any

_log = logging.getLogger("agentgauge.access")
_PROBES = frozenset({"/healthz", "/readyz"})


def log_request(state: dict[str, Any], method: str, route: str, status: int, seconds: float) -> None:
    """`state` is the request's: its id, and who asked where that is known."""
    if not _log.isEnabledFor(logging.INFO) or (route in _PROBES and status < 400):
        return
    _log.info(
        "%s %s",
        method,
        route,
        extra={
            "status": status,
            "ms": round(seconds * 1000, 1),
            "principal": state.get("principal"),
            "request": state.get("request_id"),
        },
    )
