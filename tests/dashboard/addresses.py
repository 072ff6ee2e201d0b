"""Where a page is found: one that is about one thing, with the name of one that was recorded."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from functools import cache

from tests.dashboard.work.runs import ISSUE, LONG, RICH


def _linked(page: str, start: str) -> Callable[[str], str]:
    """What the first address that starts so, in a page, goes on with."""

    @cache
    def found(server: str) -> str:
        with urllib.request.urlopen(server + page, timeout=60) as answer:  # noqa: S310 - the tests' own server
            html = answer.read().decode()
        match = re.search(rf'href="{start}([^"?#]+)', html)
        assert match is not None, f"{page} has no link to {start}"
        return match[1]

    return found


_NAMES: dict[str, str | Callable[[str], str]] = {
    "agent": "coder", "run": RICH, "session": LONG, "ticket": ISSUE, "issue": "101",
    "budget": "1", "model": "claude-sonnet-4-5", "project": "shop",
    "alert_id": "3", "rule": "error_rate", "role": "developer", "operation": _linked("/performance", "/operations/"),
    "key": _linked("/runs?view=calls", "/events/"),
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
