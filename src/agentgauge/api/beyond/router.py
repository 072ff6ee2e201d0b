"""The endpoints beyond the documented ones together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.beyond import courses, events, export, operations, reasons, sql, usage, work

router = APIRouter(prefix="/api/v1", tags=["beyond"])
for part in (usage, courses, reasons, work, operations, events, export, sql):
    router.include_router(part.router)
