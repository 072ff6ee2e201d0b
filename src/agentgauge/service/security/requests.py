"""Which request is being answered, for what is kept of it beside its answer: logs and the audit."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("agentgauge_request_id", default=None)
"""None outside a request. Threads that a request's work moves to see its own."""
