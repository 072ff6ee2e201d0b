"""The endpoints for operators together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.operations import front, health, metrics, system
from agentgauge.api.routing import include

router = APIRouter(tags=["operations"])
include(router, front.router, health.router, metrics.router, system.router)
