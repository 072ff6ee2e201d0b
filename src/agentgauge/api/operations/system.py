"""`GET /api/v1/system`: everything about the server and its home, for who looks after it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.events.plain import document
from agentgauge.service.system import system

router = APIRouter()


@router.get("/api/v1/system", response_class=Response)
def read_system(runtime: RuntimeOf, principal: Admin) -> Response:
    """Versions; the state of journal, lake, database, cache and jobs; what was lost, and what needs attention.

    It names paths and models of all projects, so it needs the scope `admin`.
    """
    return Response(msgspec.json.encode(document(system(runtime))), media_type="application/json")
