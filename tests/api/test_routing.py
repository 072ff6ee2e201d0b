from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Route

from agentgauge.api.app import create_app
from agentgauge.api.routing import include
from agentgauge.settings.server import get_server_settings


def test_every_route_is_the_applications_own(tmp_path: Path) -> None:
    app = create_app(get_server_settings(tmp_path, {}))
    added = [route for route in app.routes if type(route) is not Route]  # FastAPI's own is /openapi.json
    assert added
    assert all(isinstance(route, APIRoute) for route in added)
    assert {"/healthz", "/api/v1/metrics/summary", "/v1/traces"} <= {getattr(route, "path", "") for route in added}


def test_an_included_route_keeps_what_was_said_of_it() -> None:
    class Own(APIRoute):
        """A kind of its own."""

    part, whole = APIRouter(prefix="/part", route_class=Own), APIRouter(prefix="/whole", tags=["told"])

    @part.post("/thing", status_code=202, responses={404: {"description": "none"}}, deprecated=True)
    async def thing() -> dict[str, str]:
        """A thing."""
        return {}

    include(whole, part)
    (route,) = whole.routes
    assert isinstance(route, Own)
    assert (route.path, route.methods, route.tags) == ("/whole/part/thing", {"POST"}, ["told"])
    assert (route.status_code, route.description, route.deprecated) == (202, "A thing.", True)
    assert route.responses == {404: {"description": "none"}}


def test_what_is_no_route_is_refused() -> None:
    part = APIRouter()
    part.include_router(APIRouter())
    with pytest.raises(TypeError, match="no route"):
        include(APIRouter(), part)
