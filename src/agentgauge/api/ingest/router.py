"""What takes events together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.ingest import events, journals, otlp

router = APIRouter(tags=["ingest"])
router.include_router(events.router)
router.include_router(journals.router)
router.include_router(otlp.router)
