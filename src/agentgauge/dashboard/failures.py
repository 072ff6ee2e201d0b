"""Errors as pages: who asked with a browser is told what was wrong, where, and what to do. The API keeps its JSON.

Who is not signed in is sent to sign in, and back to the page afterwards. Who is has the menu, where that is known
without asking anything.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from agentgauge.api.access import KEY_COOKIE, is_cross_site, known_asker
from agentgauge.api.errors import Failure, as_json
from agentgauge.api.own_cookies import own_cookie, set_cookie
from agentgauge.api.own_paths import own_path
from agentgauge.dashboard import rendering
from agentgauge.dashboard.pages import MENU
from agentgauge.dashboard.said import REFRESH
from agentgauge.dashboard.sign_in import PATH as KEY_PATH
from agentgauge.service.security.gate import Gate
from agentgauge.service.security.principal import Principal

_OF_PROGRAMS = ("/api/", "/v1/", "/assets/", "/openapi.json", "/metrics")
_TITLES = {
    401: "Sign in to see this",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This address is for something else",
    409: "This does not go with how it is now",
    412: "Somebody changed this meanwhile",
    413: "This is too much at once",
    415: "This cannot be read",
    422: "This cannot be asked",
    429: "That was too often",
    503: "This cannot be shown now",
}
_ANOTHER_TIME = (429, 500, 502, 503, 504)


class Way(msgspec.Struct, frozen=True):
    """What somebody may do next."""

    words: str
    link: str | None


def answer(request: Request, failure: Failure) -> Response:
    """As a page for who asked for one, else as JSON."""
    if not _is_for_people(request):
        return as_json(request, failure)
    if failure.status == 401 and _goes_somewhere(request) and not _signs_in(request):
        if is_cross_site(request):
            # A browser brings a strict cookie only where its own page led here: this one leads to itself.
            return Response(rendering.plain("again.html"), 401, _never_kept(failure), media_type="text/html")
        if sign_ins := _sign_ins(request):
            response = RedirectResponse(sign_ins[0], 303, headers={"Cache-Control": "no-store"})
            if own_cookie(request, KEY_COOKIE) is not None:
                set_cookie(request, response, KEY_COOKIE, "", 0)  # it opens nothing any more
            return response
    root, asker = _root(request), _reader(request)
    body = rendering.plain(
        "failure.html",
        root=root,
        asker=asker,
        may_act=asker is not None and asker.may_administer,
        menu=MENU,
        link=lambda path: f"{root}{path}",
        status=failure.status,
        title=_TITLES.get(failure.status, "Something went wrong"),
        message=_message(request, failure),
        allowed=[Way(value, _with(request, failure.field, value)) for value in failure.allowed],
        ways=_ways(request, failure),
    )
    return Response(body, failure.status, _never_kept(failure), media_type="text/html")


def _sign_ins(request: Request) -> list[str]:
    """Where somebody signs in to come back here, the usual way first; none where there is no way to sign in."""
    gate: Gate = request.app.state.runtime.gate
    if gate.people is None and gate.open_at_once():
        return []  # it is for who sits at the machine: no key was ever made
    then = _here(request) if request.method == "GET" else _page_before(request)
    more = "" if then is None or _signs_in(request) else f"?then={quote(then, safe='/')}"
    paths = (KEY_PATH,) if gate.people is None else ("/sign-in", KEY_PATH)
    return [f"{_root(request)}{path}{more}" for path in paths]


def _reader(request: Request) -> Principal | None:
    """Who asks, where that is somebody whom pages are for."""
    asker = known_asker(request)
    return asker if asker is not None and asker.may("read") else None


def _signs_in(request: Request) -> bool:
    """Whether this is on the way to the provider and back: who is sent there once more may be sent round for ever."""
    return _path(request).startswith("/sign-in")


def _is_for_people(request: Request) -> bool:
    path = _path(request)
    return "text/html" in request.headers.get("accept", "") and not path.startswith(_OF_PROGRAMS)


def _goes_somewhere(request: Request) -> bool:
    """Whether a browser opens a page: not where a page's script asks, nor where something is to be changed."""
    return request.method == "GET" and REFRESH not in request.headers


def _message(request: Request, failure: Failure) -> str:
    if failure.status == 404 and request.scope.get("route") is None:
        return f"There is no page at {_path(request)}."
    said = failure.message
    if failure.field is None or not said.startswith(failure.field):  # a parameter is called as it is in the address
        said = f"{said[:1].upper()}{said[1:]}"
    return said if said.endswith((".", "?", "!")) else f"{said}."


def _ways(request: Request, failure: Failure) -> list[Way]:
    found = []
    if request.method != "GET":
        if failure.status == 401:
            found += _ways_in(request, "Sign in")
        if (before := _page_before(request)) is not None:
            found.append(Way("Back to the page", before))
    elif failure.status in _ANOTHER_TIME:
        found.append(Way("Try again", _here(request)))
        if _signs_in(request):
            found += _ways_in(request, "Sign in")[1:]
    elif failure.status == 422 and (without := _without(request, failure.field)) is not None:
        found.append(Way(f"Without {failure.field}", without))
    elif failure.status in (401, 403):
        found += _ways_in(request, "Sign in as somebody else" if failure.status == 403 else "Sign in")
    return [*found, Way("Overview", f"{_root(request)}/")]


def _ways_in(request: Request, words: str) -> list[Way]:
    return [Way(said, link) for said, link in zip((words, "Sign in with a key"), _sign_ins(request), strict=False)]


def _without(request: Request, field: str | None) -> str | None:
    """The same page without the parameter that was wrong."""
    pairs = _parameters(request)
    kept = [(name, value) for name, value in pairs if name != field]
    return None if len(kept) == len(pairs) else _changed(request, kept)


def _with(request: Request, field: str | None, value: str) -> str | None:
    """The same page with what the parameter may be; None where it is none of the address, or a bound: `>= 1`."""
    pairs = _parameters(request)
    if request.method != "GET" or not any(name == field for name, _ in pairs) or " " in value:
        return None
    return _changed(request, [(name, value if name == field else given) for name, given in pairs])


def _parameters(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.url.query, keep_blank_values=True)


def _changed(request: Request, pairs: list[tuple[str, str]]) -> str:
    path = quote(f"{_root(request)}{_path(request)}", safe="/:@")
    return own_path(path + (f"?{urlencode(pairs)}" if pairs else ""))


def _page_before(request: Request) -> str | None:
    """The page of this server that a form was sent from."""
    referer = urlsplit(request.headers.get("referer", ""))
    if referer.netloc.lower() != request.headers.get("host", "").lower() or not referer.path:
        return None
    return own_path(referer.path + (f"?{referer.query}" if referer.query else ""), f"{_root(request)}/")


def _here(request: Request) -> str:
    path = quote(f"{_root(request)}{_path(request)}", safe="/:@")
    return own_path(path + (f"?{request.url.query}" if request.url.query else ""), f"{_root(request)}/")


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(_root(request)) or "/"


def _never_kept(failure: Failure) -> dict[str, str]:
    return {**failure.headers, "Cache-Control": "no-store"}
