"""The documented endpoints together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.metrics import summary

router = APIRouter(prefix="/api/v1/metrics", tags=["metrics"])
router.include_router(summary.router)
