"""What document 003 exports to a tool for project management."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agentgauge.sessions.models import MetricsSummary


def pm_export(summary: MetricsSummary, ticket_id: str | None, session_id: str | None = None) -> dict[str, Any]:
    """A summary as the document's dictionary, ready for JSON.

    `total_cost_usd` is of the calls whose cost is known; how many are not is in the groups, `unpriced_calls`.
    `timestamp` is now, in UTC.
    """
    return {
        "ticket_id": ticket_id,
        "session_id": session_id,
        "metrics": {
            "total_tokens": summary.total_tokens,
            "total_cost_usd": summary.total_cost,
            "total_duration_ms": summary.total_duration_ms,
            "event_count": summary.total_events,
        },
        "by_agent_role": summary.by_agent_role,
        "timestamp": datetime.now(UTC).isoformat(),
    }
