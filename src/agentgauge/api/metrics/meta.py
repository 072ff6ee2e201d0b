"""What an answer says beside its documented keys: how it was found, and what is missing from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from agentgauge.api.metrics.figures import Part
from agentgauge.service.reports.rows import Found


class Meta(Part):
    as_of: datetime = Field(description="When this was computed.")
    way: str = Field(description="`raw`: from the events; `rollups`: from sums that are kept of them; or both.")
    exact: bool = Field(description="Else medians and percentiles are within 1 % of their value; all else is exact.")
    missing_before: datetime | None = Field(
        None, description="Events before it have expired, and are in no figure of this answer."
    )


def how_found(found: Found, as_of: datetime) -> dict[str, Any]:
    """The fields of every `Meta`."""
    return {"as_of": as_of, "way": found.way, "exact": found.exact, "missing_before": found.missing_before}
