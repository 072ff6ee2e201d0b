"""The endpoints for operators together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.operations import health, metrics, system

router = APIRouter(tags=["operations"])
router.include_router(health.router)
router.include_router(metrics.router)
router.include_router(system.router)
