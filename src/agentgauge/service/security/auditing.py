"""The audit of a server: who did what that matters to others, and in which request.

    runtime.audit.note(principal, "sql.run", "sql", {"sql": text})

What changes rows of state is noted by the repository that changes them, in the same transaction; this is for the rest:
questions in SQL, exports, a cache that was emptied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agentgauge.service.security.principal import Principal
from agentgauge.service.security.redaction import redacted
from agentgauge.state.audit import AuditLog
from agentgauge.state.store import Store

_LONGEST_TEXT = 2000


class Audit:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self.log = AuditLog(store)
        self._now = now

    def note(
        self,
        principal: Principal,
        act: str,
        subject: str,
        detail: Mapping[str, Any] | None = None,
        *,
        project: str | None = None,
    ) -> None:
        """Keep that somebody did something, before it is answered. Writes to state, so not on the event loop.

        Texts of `detail` are kept without keys and passwords, and their beginnings only. Raises `StateError`.
        """
        kept = {name: _kept(value) for name, value in (detail or {}).items()}
        self.log.add(self._now(), principal.name, act, subject, project, **kept)


def _kept(value: Any) -> Any:
    return redacted(value)[:_LONGEST_TEXT] if isinstance(value, str) else value
