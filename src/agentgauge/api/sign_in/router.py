"""Signing in and out: `/sign-in`, `/sign-in/callback`, `/sign-out`, and who one is: `/api/v1/me`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from agentgauge.api.access import (
    KEY_COOKIE,
    Anyone,
    RuntimeOf,
    check_own_page,
    client_address,
    session_cookie_name,
    set_sign_in_cookie,
)
from agentgauge.api.openapi import errors
from agentgauge.api.own_cookies import set_cookie
from agentgauge.api.own_paths import own_path
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.people import SESSION_SECONDS, SIGNING_IN_SECONDS, People

if TYPE_CHECKING:
    from agentgauge.api.sign_in.provider import Provider

router = APIRouter(tags=["sign-in"])

_SIGNING_IN = "agentgauge_signing_in"
_WITHOUT_PROVIDER = errors(404)
"""Where nobody can sign in, since no provider is set."""


class Me(BaseModel):
    name: str
    scopes: list[str]
    projects: list[str] | None
    """null: all."""


@router.get("/api/v1/me")
async def me(principal: Anyone) -> Me:
    """Who asks, and what they may do: whether a key works."""
    projects = None if principal.projects is None else sorted(principal.projects)
    return Me(name=principal.name, scopes=sorted(principal.scopes), projects=projects)


@router.get("/sign-in", response_class=RedirectResponse, status_code=302, responses=_WITHOUT_PROVIDER)
async def sign_in(request: Request, runtime: RuntimeOf, then: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """Go to the provider, and come back to the page `then` of this server."""
    people = _people(runtime)
    session: dict[str, object] = {"then": own_path(then, f"{request.scope.get('root_path', '')}/")}
    response = RedirectResponse(await _provider(request, people).address(session, request), 302)
    sealed = people.sealed("signing-in", session, SIGNING_IN_SECONDS)
    set_sign_in_cookie(response, people.settings, _SIGNING_IN, sealed, SIGNING_IN_SECONDS)
    return response


@router.get("/sign-in/callback", response_class=RedirectResponse, status_code=303, responses=_WITHOUT_PROVIDER)
async def callback(request: Request, runtime: RuntimeOf) -> Response:
    """Where the provider sends people back to."""
    people, limiter, address = _people(runtime), runtime.gate.limiter, client_address(request)
    if await limiter.failing(address) is not None:
        raise HTTPException(429, "too many sign-ins failed: try again in a minute", {"Retry-After": "60"})
    session = people.unsealed("signing-in", request.cookies.get(_SIGNING_IN, ""))
    if session is None:
        await limiter.fail(address)
        raise HTTPException(401, "this sign-in was not begun here, or too long ago: begin again at /sign-in")
    try:
        claims = await _provider(request, people).claims(session, request)
    except HTTPException as error:
        if error.status_code == 401:
            await limiter.fail(address)
        raise
    person = people.person(claims)
    if person is None or people.principal(person) is None:
        raise HTTPException(403, "you may not use this server: its administrator decides who may")
    response = RedirectResponse(str(session["then"]), 303)
    settings, cookie = people.settings, people.session_cookie(person)
    set_sign_in_cookie(response, settings, session_cookie_name(settings), cookie, SESSION_SECONDS)
    set_sign_in_cookie(response, settings, _SIGNING_IN, "", 0)
    return response


@router.post("/sign-out", status_code=204)
async def sign_out(request: Request, runtime: RuntimeOf) -> Response:
    """Take the session, or the key, from the browser."""
    check_own_page(request)
    is_page = "text/html" in request.headers.get("accept", "")
    response = (
        RedirectResponse(f"{request.scope.get('root_path', '')}/signed-out", 303) if is_page else Response(None, 204)
    )
    if (people := runtime.gate.people) is not None:
        set_sign_in_cookie(response, people.settings, session_cookie_name(people.settings), "", 0)
    set_cookie(request, response, KEY_COOKIE, "", 0)
    return response


def _people(runtime: Runtime) -> People:
    if runtime.gate.people is None:
        raise HTTPException(404, "nobody signs in here: AGENTGAUGE_OIDC_ISSUER is not set; use a key")
    return runtime.gate.people


def _provider(request: Request, people: People) -> Provider:
    """One for each process, since it keeps the provider's metadata and keys."""
    kept: Provider | None = getattr(request.app.state, "provider", None)
    if kept is None:
        from agentgauge.api.sign_in.provider import Provider  # deferred: few servers have sign-in

        kept = request.app.state.provider = Provider(people.settings)
    return kept
