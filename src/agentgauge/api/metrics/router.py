"""The documented endpoints together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.metrics import (
    agents,
    alerts,
    insights,
    outliers,
    percentiles,
    recommendations,
    roles,
    summary,
    timeseries,
    trends,
)
from agentgauge.api.routing import include

router = APIRouter(prefix="/api/v1/metrics", tags=["metrics"])
for part in (timeseries, agents, roles, trends, percentiles, outliers, recommendations, insights, alerts, summary):
    include(router, part.router)
