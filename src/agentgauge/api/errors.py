"""Errors as HTTP answers, in one form for all:

    {"success": false, "error": {"code": "...", "message": "...", "field": "...", "allowed": ["..."]}}

`field` and `allowed` are there where a parameter is what was wrong. The caller is told what to do about errors of its
own (4xx); of the server's (5xx) only that they happened: what happened is in the log.

    invalid_parameter   422  a parameter or a body that cannot be read, or is none of what there is
    invalid_question    422  a question that cannot be asked of the events
    event_refused       422  an event that breaks a rule of its kind
    not_found           404  one thing that there is not, or an address that nothing is at
    ambiguous           409  a name that several things have
    conflict            409  what does not go with how something is now
    outdated            412  a change that was meant for an earlier version
    range_refused       400  bytes of a journal that are no lines or break a rule: `X-Refused-Bytes` says which
    range_conflict      409  bytes of a journal that do not go on where it ends here: at `X-High-Water-Mark`
    unreadable_body     400  what was sent cannot be read at all, and nothing of it was kept
    content_too_large   413  more than the server takes at once
    unsupported_media_type  415  a form or an encoding that the server does not take
    busy                503  the server cannot keep more now: to be sent again after `Retry-After` seconds
    unavailable         503  state, lake or journal cannot be used now
    internal            500  a fault of the server

Errors that a route or a middleware raises as `HTTPException` have the code that their status is called by.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from agentgauge.errors import (
    AgentGaugeError,
    Ambiguous,
    BodyRefused,
    BodyTooLarge,
    BodyUnsupported,
    Conflict,
    EventRefused,
    JournalUnavailable,
    LakeError,
    NotFound,
    Outdated,
    QueryError,
    RangeConflict,
    RangeRefused,
    ServerBusy,
    StateError,
)

_log = logging.getLogger(__name__)
_STATUS: dict[type[AgentGaugeError], tuple[int, str]] = {
    QueryError: (422, "invalid_question"),
    NotFound: (404, "not_found"),
    Ambiguous: (409, "ambiguous"),
    Conflict: (409, "conflict"),
    Outdated: (412, "outdated"),
    EventRefused: (422, "event_refused"),
    BodyRefused: (400, "unreadable_body"),
    RangeRefused: (400, "range_refused"),
    RangeConflict: (409, "range_conflict"),
    BodyTooLarge: (413, "content_too_large"),
    BodyUnsupported: (415, "unsupported_media_type"),
    ServerBusy: (503, "busy"),
    StateError: (503, "unavailable"),
    LakeError: (503, "unavailable"),
    JournalUnavailable: (503, "unavailable"),
}
"""Of the nearest class that an error is of; all others are faults of the server."""
_INTERNAL = (500, "internal")
_OF_THE_SERVER = {
    503: "what this needs cannot be used now: try again; the server's log says what it is",
    500: "a fault of the server: its log says what happened",
}
_CALLED = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "content_too_large"}
"""What versions of Python call differently."""
_RETRY_SECONDS = 5
_QUOTED = re.compile(r"'([^']*)'")
_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_LONGEST_SHOWN = 80
_NEAR_PATH = 0.85
"""How much alike paths are, of 1, of which one may be meant for the other."""


class Failure(msgspec.Struct, frozen=True):
    """What a caller is told of an error."""

    status: int
    code: str
    message: str
    field: str | None = None
    allowed: Sequence[str] = ()
    headers: Mapping[str, str] = {}


def as_json(request: Request, failure: Failure) -> Response:
    return error_response(
        failure.status,
        failure.code,
        failure.message,
        field=failure.field,
        allowed=failure.allowed,
        headers=failure.headers,
    )


def install(app: FastAPI) -> None:
    """Let errors be answered, in JSON unless `answer_by` says otherwise."""
    answer_by(app, as_json)

    def add(kind: type[Exception], failure_of: Callable[[Request, Exception], Failure]) -> None:
        async def handle(request: Request, error: Exception) -> Response:
            return answered(request, failure_of(request, error))

        app.add_exception_handler(kind, handle)

    add(AgentGaugeError, _of_ours)
    add(RequestValidationError, _of_validation)
    add(HTTPException, _of_http)
    # Starlette raises these again once they are answered, and the server logs them then.
    add(Exception, lambda request, error: Failure(*_INTERNAL, _OF_THE_SERVER[500]))


def answer_by(app: FastAPI, answer: Callable[[Request, Failure], Response]) -> None:
    """Let an application answer all errors so."""
    app.state.answer_failure = answer


def answered(request: Request, failure: Failure) -> Response:
    """As the application of the request answers errors."""
    response: Response = request.app.state.answer_failure(request, failure)
    return response


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    allowed: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The one form of an error."""
    error: dict[str, Any] = {"code": code, "message": message}
    if field is not None:
        error["field"] = field
    if allowed:
        error["allowed"] = list(allowed)
    return JSONResponse({"success": False, "error": error}, status, headers=dict(headers or {}))


@contextmanager
def about(field: str, allowed: Sequence[str] = ()) -> Iterator[None]:
    """What the block finds wrong with the question is wrong with this parameter."""
    try:
        yield
    except QueryError as error:
        if error.field is None:
            error.field, error.allowed = field, error.allowed or tuple(allowed)
        raise


def _of_ours(request: Request, error: Exception) -> Failure:
    assert isinstance(error, AgentGaugeError)
    status, code = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), _INTERNAL)
    if isinstance(error, ServerBusy):
        return Failure(status, code, str(error), headers={"Retry-After": str(error.retry_after_s)})
    if isinstance(error, RangeConflict):
        return Failure(status, code, str(error), headers={"X-High-Water-Mark": str(error.end)})
    if isinstance(error, RangeRefused):
        return Failure(status, code, str(error), headers={"X-Refused-Bytes": f"{error.start}-{error.end}"})
    if status >= 500:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        headers = {"Retry-After": str(_RETRY_SECONDS)} if status == 503 else {}
        return Failure(status, code, _OF_THE_SERVER[status], headers=headers)
    field, allowed = (error.field, error.allowed) if isinstance(error, QueryError) else (None, ())
    return Failure(status, code, str(error), field=field, allowed=allowed)


def _of_validation(request: Request, error: Exception) -> Failure:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["loc"] == ("body",) and isinstance(first.get("input"), bytes):
        # FastAPI reads a body as JSON only where it is said to be some: what it is must be said, not guessed.
        said = "the body is JSON, and the request has to say so: Content-Type: application/json"
        return Failure(415, _STATUS[BodyUnsupported][1], said)
    where, *inner = first["loc"]
    field = ".".join(map(str, inner)) or str(where)
    context = first.get("ctx") or {}
    given = _shown(first.get("input"))
    match first["type"]:
        case "missing":
            said, allowed = f"{field} is missing", []
        case "extra_forbidden":
            allowed = _parameters_of(request)
            said = f"there is no parameter {field!r}{_near(field, allowed)}"
        case "literal_error" | "enum":
            allowed = _QUOTED.findall(str(context.get("expected", "")))
            said = f"{field} is one of {', '.join(allowed)}, not {given}{_near(str(first.get('input')), allowed)}"
        case "json_invalid":
            field, said, allowed = "body", f"the body is no JSON: {context.get('error', 'it cannot be read')}", []
        case "value_error":
            said, allowed = f"{field}: {context.get('error', first['msg'])}", []
        case _:
            allowed = [
                f"{sign} {str(context[name]).removesuffix('.0')}" for name, sign in _BOUNDS.items() if name in context
            ]
            said = f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}, got {given}"
    return Failure(422, "invalid_parameter", said, field=field, allowed=allowed)


def _of_http(request: Request, error: Exception) -> Failure:
    assert isinstance(error, HTTPException)
    status, said, headers = HTTPStatus(error.status_code), str(error.detail), error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED and (allowed := ", ".join(_methods_at(request))):
        said, headers = f"{request.method} is not for {request.url.path}: use {allowed}", {"Allow": allowed}
    elif said == HTTPStatus.NOT_FOUND.phrase:
        near = _paths_near(request)
        meant = f": did you mean {' or '.join(near)}?" if near else "."
        said = (
            f"nothing is at {request.url.path}{meant} /api lists what there is, /openapi.json describes it for programs"
        )
    code = _CALLED.get(status) or status.phrase.lower().replace(" ", "_").replace("-", "_")
    return Failure(status, code, said, headers=headers or {})


def _methods_at(request: Request) -> list[str]:
    """The methods of all routes that there are at an address: Starlette names those of the first alone."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path is not None and compile_path(route.path)[0].match(request.url.path):
            found.update(route.methods or ())
    return sorted(found)


def _paths_near(request: Request) -> list[str]:
    """Paths of routes that end as that of a request does, elsewhere, or are much like it, with its parameters."""
    given = request.url.path[: _LONGEST_SHOWN * 2].split("/")
    elsewhere, alike = set(), set()
    for route in iter_route_contexts(request.app.routes):
        parts = (route.path or "").split("/")
        if len(parts) == len(given):
            pairs = zip(parts, given, strict=True)
            alike.add("/".join(asked if part.startswith("{") else part for part, asked in pairs))
        elif parts[-1] and parts[-1] == given[-1]:
            elsewhere.add("/".join(parts))
    return sorted(elsewhere)[:2] or get_close_matches("/".join(given), sorted(alike - {"/"}), n=1, cutoff=_NEAR_PATH)


def _parameters_of(request: Request) -> list[str]:
    """Names of the query parameters that the route of a request has."""
    route = request.scope.get("route")
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return []
    names: list[str] = []
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        names += list(getattr(model, "model_fields", {parameter.alias: None}))
    return names


def _near(given: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(given.lower(), allowed, n=1)
    return f": did you mean {near[0]}?" if near else ""


def _shown(given: object) -> str:
    text = repr(given)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
