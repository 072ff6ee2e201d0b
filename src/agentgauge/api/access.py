"""Who asks, and what of the runtime they may reach: the dependencies that every route declares.

    Authorization: Bearer agk_...     an API key; also `X-API-Key: agk_...`
    a session's cookie                a person who signed in at the provider
    a key's cookie                    a person who gave a key at /sign-in/key
    none of these                     whoever reaches a server without keys from the machine it runs on

The last two are told apart by whether there are keys at all, so that a cookie of another server on this machine locks
nobody out. A cookie, and being on this machine, are brought by a browser whichever page makes it ask: there, what
changes something must come from a page of this server's own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from agentgauge.api.own_cookies import own_cookie
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.addresses import host_of, is_elsewhere, names_loopback
from agentgauge.service.security.limiting import Budget, Exceeded
from agentgauge.service.security.people import People
from agentgauge.service.security.principal import LOCAL, Principal, Scope
from agentgauge.service.security.tokens import read_token
from agentgauge.settings.oidc import OidcSettings

_SESSION_COOKIE = "agentgauge_session"
KEY_COOKIE = "agentgauge_key"
_FORWARDED = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
_ONLY_READ = ("GET", "HEAD", "OPTIONS")
_BUDGETS: dict[Scope, Budget] = {"ingest": "ingests", "read": "reads", "admin": "reads"}


async def runtime_of(request: Request) -> Runtime:
    # A coroutine, or else FastAPI would run it on a thread, for each request.
    return _runtime(request)


async def principal_of(request: Request) -> Principal:
    """Who asks. 401 where nobody can tell, 429 where an address tried too many wrong keys."""
    principal = await _told(request)
    request.state.principal = principal.name  # for the line in the log
    request.state.asker = principal
    return principal


def known_asker(request: Request) -> Principal | None:
    """Who asks, where that was found already, or can be without asking anything: for what is shown beside an error."""
    found: Principal | None = getattr(request.state, "asker", None)
    if found is not None:
        return found
    gate = _runtime(request).gate
    if gate.people is not None and (person := _person(request, gate.people)) is not None:
        return person
    if gate.open_at_once():
        try:
            _check_local(request, _runtime(request))
        except HTTPException:
            return None
        return LOCAL
    token = read_token(own_cookie(request, KEY_COOKIE) or "")
    return None if token is None else gate.verifier.remembered(token)


async def _told(request: Request) -> Principal:
    given, runtime = _key_of(request), _runtime(request)
    if given is not None:
        return await by_key(given, request)
    gate = runtime.gate
    if gate.people is not None and (person := _person(request, gate.people)) is not None:
        check_own_page(request)
        return person
    is_open = gate.open_at_once()
    if is_open if is_open is not None else await run_in_threadpool(gate.is_open):
        _check_local(request, runtime)
        check_own_page(request, runtime.gate.cors_origins)
        return LOCAL
    if (kept := own_cookie(request, KEY_COOKIE)) is not None:
        check_own_page(request)
        return await by_key(kept, request)
    raise _unauthorized("a key is needed: send `Authorization: Bearer agk_...`; `agentgauge keys create` makes one")


def _with(scope: Scope, budget: Budget | None = None) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that lets only those pass who have the scope, and have not asked too much: of the scope's requests,
    or of those that count apart.

    It has no dependencies of its own: finding one takes FastAPI longer than what any of them does.
    """

    async def check(request: Request) -> Principal:
        principal = await principal_of(request)
        if not (principal.may_administer if scope == "admin" else principal.may(scope)):
            raise HTTPException(403, f"{principal.name} has no scope {scope}, which this needs")
        await _count(budget or _BUDGETS[scope], principal, request)
        return principal

    return check


async def _whoever(request: Request) -> Principal:
    """Whoever has a key or signed in, whatever they may do."""
    principal = await principal_of(request)
    await _count("reads", principal, request)
    return principal


async def _count(budget: Budget, principal: Principal, request: Request) -> None:
    if principal is LOCAL:
        return
    exceeded = await _runtime(request).gate.limiter.hit(budget, principal.name, client_address(request))
    if exceeded is not None:
        raise _too_many(exceeded)


_reader, _sender, _admin = _with("read"), _with("ingest"), _with("admin")
_guarding = _with("ingest", "guards")
SCOPES: dict[object, tuple[Scope, ...]] = {
    _reader: ("read",), _sender: ("ingest",), _guarding: ("ingest",), _admin: ("admin",), _whoever: (),
}  # fmt: skip
"""The dependencies that ask who it is, and the scopes that they let pass; without any: all."""
RuntimeOf = Annotated[Runtime, Depends(runtime_of)]
Reader = Annotated[Principal, Depends(_reader)]
Sender = Annotated[Principal, Depends(_sender)]
Guarding = Annotated[Principal, Depends(_guarding)]
Admin = Annotated[Principal, Depends(_admin)]
Anyone = Annotated[Principal, Depends(_whoever)]


async def by_key(given: str, request: Request) -> Principal:
    """Whose a key is. 401 where it is nobody's, 429 where its address tried too many wrong ones."""
    gate, token, address = _runtime(request).gate, read_token(given), client_address(request)
    principal = None if token is None else gate.verifier.remembered(token)
    if principal is not None:
        return principal
    known = token is not None and gate.verifier.knew(token)
    if not known and (exceeded := await gate.limiter.failing(address)) is not None:
        raise _too_many(exceeded)
    principal = None if token is None else await run_in_threadpool(gate.verifier.verify, token)
    if principal is None:
        await gate.limiter.fail(address)
        raise _unauthorized("this key is unknown, revoked or has expired", 'error="invalid_token"')
    return principal


def session_cookie_name(settings: OidcSettings) -> str:
    """With TLS it has the prefix that keeps other hosts of a domain from setting it."""
    return f"__Host-{_SESSION_COOKIE}" if _has_tls(settings) else _SESSION_COOKIE


def set_sign_in_cookie(response: Response, settings: OidcSettings, name: str, value: str, seconds: int) -> None:
    """What a browser keeps of a sign-in at the provider, whose page leads back here: with no seconds it forgets it."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=_has_tls(settings), httponly=True, samesite="lax"
    )


def _has_tls(settings: OidcSettings) -> bool:
    return settings.public_url.startswith("https://")


def client_address(request: Request) -> str:
    """Where a request came from; behind a trusted proxy, what that says."""
    return request.client.host if request.client is not None else "unknown"


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def _person(request: Request, people: People) -> Principal | None:
    cookie = request.cookies.get(session_cookie_name(people.settings))
    return None if cookie is None else people.of_session(cookie)


def _key_of(request: Request) -> str | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    return request.headers.get("x-api-key")


def _unauthorized(message: str, more: str = "") -> HTTPException:
    challenge = 'Bearer realm="agentgauge"' + (f", {more}" if more else "")
    return HTTPException(401, message, {"WWW-Authenticate": challenge})


def _too_many(exceeded: Exceeded) -> HTTPException:
    return HTTPException(
        429,
        f"more than {exceeded.amount:,} {exceeded.budget} a minute: try again in {exceeded.retry_after_s} s",
        {
            "Retry-After": str(exceeded.retry_after_s),
            "RateLimit-Policy": f'"{exceeded.budget}";q={exceeded.amount};w=60',
            "RateLimit": f'"{exceeded.budget}";r=0;t={exceeded.retry_after_s}',
        },
    )


def _check_local(request: Request, runtime: Runtime) -> None:
    """Without keys only this machine may ask, by a name that no other machine can have: a page of a name that was made
    to lead here (DNS rebinding) would else read everything.

    A server's socket says addresses. A name is said by who calls the application within its process.
    """
    connected_to, port = request.scope.get("server") or ("", None)
    elsewhere = port is None or is_elsewhere(connected_to) or is_elsewhere(client_address(request))
    if elsewhere or any(name in _FORWARDED for name, _ in request.headers.raw):
        raise _unauthorized(
            "this came from another machine, or through a proxy: make a key with `agentgauge keys create` and send it"
        )
    called = request.headers.get("host", "")
    if not names_loopback(called) and host_of(called) not in {connected_to, *runtime.gate.allowed_hosts}:
        raise HTTPException(
            403, "a server without keys is called localhost: make a key, or name this host in AGENTGAUGE_ALLOWED_HOSTS"
        )


def is_cross_site(request: Request) -> bool:
    """Whether a page of another site led here, so that a browser left its strict cookies at home."""
    return request.headers.get("sec-fetch-site") == "cross-site"


def check_own_page(request: Request, besides: Collection[str] = ()) -> None:
    """What changes something comes from no page of another origin, `besides` these."""
    if request.method in _ONLY_READ:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin in besides:
        return
    # Browsers say the site; older ones the origin alone; other programs neither.
    own = site in ("same-origin", "none") if site is not None else origin is None or _own(origin, request)
    if not own:
        raise HTTPException(403, "this came from a page of another origin: use a key")


def _own(origin: str, request: Request) -> bool:
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
