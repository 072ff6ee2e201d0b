"""The endpoints for administrators together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.admin import audit, cache, keys, notifications
from agentgauge.api.routing import include

router = APIRouter(prefix="/api/v1", tags=["admin"])
include(router, keys.router, audit.router, cache.router, notifications.router)
