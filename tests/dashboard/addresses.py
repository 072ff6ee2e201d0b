"""Where a page is found: one that is about one thing, with the name of one that was recorded."""

from __future__ import annotations

import re
from collections.abc import Callable

_NAMES: dict[str, str | Callable[[str], str]] = {
    "agent": "coder", "run": "r-1", "session": "s-1", "ticket": "PROJ-456", "issue": "101",
    "budget": "1", "model": "claude-sonnet-4-5", "project": "shop",
    "alert_id": "3", "rule": "error_rate",
}  # fmt: skip
"""By the names of parameters in addresses; where it is known to the server alone, how it is asked."""


def address_of(path: str, server: str) -> str:
    """`/agents/coder` for `/agents/{agent}`."""

    def name_for(match: re.Match[str]) -> str:
        name = match[1].split(":")[0]
        assert name in _NAMES, f"tests.dashboard.addresses has no example of {{{name}}} in {path}: add one"
        found = _NAMES[name]
        return found if isinstance(found, str) else found(server)

    return re.sub(r"\{([^}]+)\}", name_for, path)
