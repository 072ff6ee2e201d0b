"""The description of the API at `/openapi.json`: one shape for every answer, errors included.

    @router.get("/runs", responses=answer_of(RunList, "Runs, the newest first", example), ...)

`answer_of` takes a Pydantic model, or the msgspec Struct that a report is. The schemas of Structs are those of what
`agentgauge.events.plain.document` writes: amounts are strings, a float is null where there is none. Parts of an answer
are named after it (`Percentiles.Distribution`), so that two reports may call parts alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from agentgauge.api.access import SCOPES, session_cookie_name
from agentgauge.settings.oidc import OidcSettings

_ANSWER, _SCHEMAS, _EXAMPLE = "x-answer", "x-schemas", "x-example"
"""Carried by a response until the whole description is put together: FastAPI knows of none."""
_kinds: list[Any] = []
"""What answers are, by the number in `_ANSWER`. Their schemas take a second together, and a server that starts has no
use for them."""
_REF = "#/components/schemas/"
_ERROR = "Error"
_EVERYWHERE = (401, 403, 422, 429, 500, 503)
_SAID = {
    400: "The request cannot be read",
    401: "A key is needed, or the one given is not valid",
    403: "The key does not allow it",
    404: "There is no such thing",
    406: "The answer cannot be given in that form",
    409: "Several things have this name: `allowed` tells them apart",
    411: "The length of the body is needed",
    412: "It was changed since it was read: read it again",
    413: "The body is too large",
    415: "Bodies of this type are not taken",
    422: "A parameter is wrong: `field` says which, `allowed` what it can be",
    429: "Too many requests: wait as many seconds as Retry-After says",
    500: "A fault of the server",
    503: "What this needs cannot be used now",
}
_EXAMPLES: dict[int, dict[str, Any]] = {
    404: {"code": "not_found", "message": "no agent is called 'codr': did you mean coder?", "field": "agent_id"},
    409: {
        "code": "ambiguous",
        "message": "2 agents are called 'coder': ask for one by project= or by its id, 1 (project a) or 7 (project b)",
        "field": "agent_id",
        "allowed": ["1", "7"],
    },
    422: {
        "code": "invalid_parameter",
        "message": "granularity is one of hour, day, week, month, not 'dya': did you mean day?",
        "field": "granularity",
        "allowed": ["hour", "day", "week", "month"],
    },
}
_DESCRIPTION = """What agents used, what it cost and how well it went.

Times are ISO 8601; one without an offset is UTC. Rates under `/api/v1/metrics` are percent, durations milliseconds,
money USD. What is not known is `null`, never 0. Every error has the form of `Error`.
"""
_KEY = "A key of `agentgauge keys create`. Where none was ever made, the machine itself asks without."
_TAGS = [
    {"name": "metrics", "description": "Aggregates, trends, outliers, recommendations, insights and alerts."},
    {"name": "beyond", "description": "The other reports, the rows behind them, budgets, SQL and export."},
    {"name": "ingest", "description": "Events as JSON and OTLP. 2xx means that they are durable."},
    {"name": "operations", "description": "Health, readiness and the server's own figures."},
    {"name": "admin", "description": "Keys, the audit log and the cache."},
    {"name": "sign-in", "description": "Signing in and out, and who one is."},
]
_ERROR_SCHEMA = {
    "title": _ERROR,
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "For programs: it stays the same."},
                "message": {"type": "string", "description": "For people: what was wrong, and what to do."},
                "field": {"type": "string", "description": "The parameter that was wrong."},
                "allowed": {"type": "array", "items": {"type": "string"}, "description": "What it can be."},
            },
        },
    },
}


def answer_of(
    kind: Any,
    description: str,
    example: object = None,
    *,
    status: int = 200,
    schemas: Mapping[str, Any] | None = None,
) -> dict[int | str, Any]:
    """`responses=` of a route that answers with a Pydantic model or a msgspec Struct; `example` as JSON holds it.
    `schemas` by name are those that the route's request refers to.

    Combine with errors of the route's own: `{**answer_of(Budget, "The budget"), **errors(404)}`.
    """
    _kinds.append(kind)
    return {
        status: {
            "description": description,
            "content": {"application/json": {}},
            _ANSWER: len(_kinds) - 1,
            _SCHEMAS: dict(schemas or {}),
            **({} if example is None else {_EXAMPLE: json.dumps(example)}),
        }
    }


def errors(*statuses: int) -> dict[int | str, Any]:
    """`responses=` of the errors that a route has beside those of all routes (401, 403, 422, 429, 500 and 503)."""
    return {status: _error(status) for status in statuses}


def operation_id(route: APIRoute) -> str:
    """The name that generated clients call a route by: its tag and its function's name."""
    return "_".join([*map(str, route.tags[:1]), route.name])


def install(app: FastAPI, sign_in: OidcSettings | None = None) -> None:
    """Give the application its description, made when it is first asked for."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, sign_in)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI documents replacing it


def _described(app: FastAPI, sign_in: OidcSettings | None) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, tags=_TAGS, routes=app.routes)
    schemas: dict[str, Any] = found.setdefault("components", {}).setdefault("schemas", {})
    schemas[_ERROR] = _ERROR_SCHEMA
    for path, operations in found["paths"].items():
        for operation in operations.values():
            more = [400, 415] if "requestBody" in operation else []  # of a body that is no text, or not said to be JSON
            _complete(operation["responses"], schemas, path, (*_EVERYWHERE, *more))
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # FastAPI's own form of a 422, which no route answers with
    found["components"]["schemas"] = dict(sorted(schemas.items()))
    found["components"]["securitySchemes"] = schemes = _schemes(sign_in)
    for route in app.routes:
        if isinstance(route, APIRoute) and (scopes := _scopes(route)) is not None:
            for method, operation in found["paths"].get(route.path_format, {}).items():
                if method.upper() in (route.methods or ()):
                    operation["security"] = [{name: list(scopes)} for name in schemes]
    return found


def _schemes(sign_in: OidcSettings | None) -> dict[str, Any]:
    """The ways to say who asks, of which one is enough."""
    schemes: dict[str, Any] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "agk_...", "description": _KEY},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": _KEY},
    }
    if sign_in is not None:
        name = session_cookie_name(sign_in)
        schemes["session"] = {"type": "apiKey", "in": "cookie", "name": name, "description": "Set by `/sign-in`."}
    return schemes


def _scopes(route: APIRoute) -> Sequence[str] | None:
    """The scopes of which a route needs one; None: it is for anybody."""
    asking = (dependency.call for dependency in route.dependant.dependencies if dependency.call in SCOPES)
    return next((SCOPES[call] for call in asking), None)


def _complete(responses: dict[str, Any], schemas: dict[str, Any], path: str, statuses: Sequence[int]) -> None:
    """Put in place what FastAPI knows nothing of: schemas and examples of answers, and errors that all routes have."""
    for response in responses.values():
        parts = response.pop(_SCHEMAS, {})
        if (number := response.pop(_ANSWER, None)) is not None:
            root, own = _schemas(_kinds[number])
            response["content"]["application/json"]["schema"] = {"$ref": _REF + root}
            parts |= own
        for name, schema in parts.items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"{path}: another answer is called {name}; answers need names of their own")
        if example := response.pop(_EXAMPLE, None):
            response["content"]["application/json"]["example"] = json.loads(example)
    for status in statuses:
        known = responses.get(str(status))
        if known is None or "HTTPValidationError" in json.dumps(known):
            responses[str(status)] = _error(status)
    for code, response in responses.items():
        if example := _EXAMPLES.get(int(code)):
            response["content"]["application/json"].setdefault("example", {"success": False, "error": example})


def _error(status: int) -> dict[str, Any]:
    return {
        "description": _SAID.get(status, HTTPStatus(status).phrase),
        "content": {"application/json": {"schema": {"$ref": _REF + _ERROR}}},
    }


def _schemas(kind: Any) -> tuple[str, dict[str, Any]]:
    """The name of an answer's schema, and its schemas by name."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        whole = kind.model_json_schema(mode="serialization", ref_template=f"{_REF}{kind.__name__}.{{model}}")
        parts = whole.pop("$defs", {})
        return kind.__name__, {kind.__name__: whole, **{f"{kind.__name__}.{name}": one for name, one in parts.items()}}
    (top,), _ = msgspec.json.schema_components([kind], ref_template="{name}")
    if "$ref" not in top:
        raise TypeError(f"{kind!r} is neither a Pydantic model nor a Struct")
    root: str = top["$ref"]
    _, found = msgspec.json.schema_components([kind], ref_template=f"{_REF}{root}.{{name}}")
    itself = f"{_REF}{root}.{root}"
    named = {root if name == root else f"{root}.{name}": _as_written(one) for name, one in found.items()}
    return root, json.loads(json.dumps(named).replace(f'"{itself}"', f'"{_REF}{root}"'))


def _as_written(schema: Any) -> Any:
    """msgspec's schema of a type, as the schema of what `document` writes of it."""
    if isinstance(schema, list):
        return [_as_written(member) for member in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {name: _as_written(member) for name, member in schema.items() if name != "default"}
    if found.get("type") == "number":
        found["type"] = ["number", "null"]
    if found.get("contentEncoding") == "base64":
        found = {"type": "string", "description": "Bytes in hexadecimal."}
    if found.get("type") == "object" and "properties" in found:
        found["required"] = list(found["properties"])  # every field is written
    return found
