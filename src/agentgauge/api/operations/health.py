"""`GET /healthz`: this process is alive. `GET /readyz`: it can do its work. Both are for whoever watches a server, so
neither needs a key, and neither says where anything is.
"""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel

from agentgauge.api.access import RuntimeOf

router = APIRouter()


class Health(BaseModel):
    status: str = "alive"


class Ready(BaseModel):
    status: str
    """`ready` or `not ready`."""
    journal: str
    """`ok`, or what is wrong; so are the others."""
    state: str
    lake: str


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers. It depends on nothing: a server whose database is away need not be started again."""
    return Health()


@router.get("/readyz", responses={503: {"model": Ready, "description": "It cannot do its work now."}})
def readyz(runtime: RuntimeOf, response: Response) -> Ready:
    """The journal can be written, the state has the schema that this version needs, the lake can be read."""
    found = runtime.readiness.look()
    response.status_code = 200 if found.is_ready else 503
    return Ready(status="ready" if found.is_ready else "not ready", **msgspec.structs.asdict(found))
