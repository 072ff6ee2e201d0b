"""The endpoints for administrators together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.admin import audit, cache, keys

router = APIRouter(prefix="/api/v1", tags=["admin"])
router.include_router(keys.router)
router.include_router(audit.router)
router.include_router(cache.router)
