"""The routes of all pages, and of what they load."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.dashboard import acts, assets, said
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import Page, answer
from agentgauge.dashboard.pages import PAGES

router = APIRouter(include_in_schema=False)


def add_page(router: APIRouter, page: Page) -> None:
    """The routes of a page, and of what its forms do."""
    # FastAPI reads the types of parameters when the route is made: here they differ from page to page.
    principal_kind: Any = Admin if page.needs_admin else Reader
    filters_kind: Any = Annotated[page.parameters, Query()]

    async def show(request: Request, runtime: RuntimeOf, principal: Any, filters: Any) -> Response:
        says = said.waits(request)
        asked = said.unconditional(request) if says else request
        # What was done is said above what it led to, not above how it was before.
        response = await answer(page, asked, runtime, principal, filters, dict(request.path_params), whole=says)
        return said.saying(request, response) if says else response

    show.__annotations__ |= {
        "request": Request, "runtime": RuntimeOf, "principal": principal_kind, "filters": filters_kind,
        "return": Response,
    }  # fmt: skip
    router.add_api_route(page.path, show, methods=["GET"], name=page.path)
    for act in page.acts:
        acts.add_route(router, act)


for _page in PAGES:
    add_page(router, _page)
router.add_api_route(assets.PATH + "/{tag}/{name}", assets.asset, methods=["GET"])

__all__ = ["PageFilters", "router"]
