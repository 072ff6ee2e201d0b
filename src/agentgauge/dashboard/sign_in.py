"""Signing in with a key: `/sign-in/key`, for people whose server has no provider, since a browser sends no header; and
where it has one, for who has no account there, and for when it is away.

The key is kept in a cookie that no script reads, that comes from this server's own pages alone, and that the API takes
as it takes the header: what the key may do is asked at each request, and a key that is revoked opens nothing more.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from agentgauge.api.access import KEY_COOKIE, by_key, check_own_page, session_cookie_name, set_sign_in_cookie
from agentgauge.api.own_cookies import set_cookie
from agentgauge.api.own_paths import own_path
from agentgauge.dashboard import rendering
from agentgauge.dashboard.form_body import fields_of
from agentgauge.service.security.people import People

PATH = "/sign-in/key"
_SECONDS = 7 * 24 * 3600
"""Until a key is asked for again; it may be revoked, or end, before."""

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def key_page(request: Request, then: Annotated[str, Query(max_length=2000)] = "") -> Response:
    return _page(request, own_path(then, _first(request)))


@router.post(PATH)
async def give_key(request: Request) -> Response:
    check_own_page(request)
    fields = await fields_of(request)
    then = own_path(str(fields.get("then", "")), _first(request))
    key = str(fields.get("key", "")).strip()
    try:
        principal = await by_key(key, request)
    except HTTPException as error:
        return _page(request, then, error.status_code, str(error.detail), dict(error.headers or {}))
    if not principal.may("read"):
        return _page(request, then, 403, f"{principal.name} may record and not ask: give a key with the scope read")
    response = RedirectResponse(then, 303)
    set_cookie(request, response, KEY_COOKIE, key, _SECONDS)
    if (people := _people(request)) is not None:  # else who signed in there would be asked for, and not the key
        set_sign_in_cookie(response, people.settings, session_cookie_name(people.settings), "", 0)
    return response


@router.get("/signed-out")
async def signed_out(request: Request) -> Response:
    ways = [("Sign in", PATH)] if _people(request) is None else [("Sign in", "/sign-in"), ("Sign in with a key", PATH)]
    body = rendering.plain("signed_out.html", root=request.scope.get("root_path", ""), ways=ways)
    return Response(body, media_type="text/html")


def _page(
    request: Request, then: str, status: int = 200, wrong: str = "", headers: dict[str, str] | None = None
) -> Response:
    root = request.scope.get("root_path", "")
    otherwise = "" if _people(request) is None else f"/sign-in?then={quote(then, safe='/')}"
    body = rendering.plain("sign_in.html", root=root, path=PATH, then=then, wrong=wrong, otherwise=otherwise)
    return Response(body, status, {**(headers or {}), "Cache-Control": "no-store"}, media_type="text/html")


def _people(request: Request) -> People | None:
    people: People | None = request.app.state.runtime.gate.people
    return people


def _first(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/"
