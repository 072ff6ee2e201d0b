"""The endpoints beyond the documented ones together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.beyond import courses, reasons, usage

router = APIRouter(prefix="/api/v1", tags=["beyond"])
for part in (usage, courses, reasons):
    router.include_router(part.router)
