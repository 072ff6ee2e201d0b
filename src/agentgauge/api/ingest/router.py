"""What takes events together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.ingest import events, journals, otlp
from agentgauge.api.routing import include

router = APIRouter(tags=["ingest"])
include(router, events.router, journals.router, otlp.router)
