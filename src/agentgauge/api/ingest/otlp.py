"""OTLP over HTTP: `POST /v1/traces` and `POST /v1/metrics`, as exporters of OpenTelemetry send them.

200 means that what was accepted is on the disk; what was rejected is counted in `partial_success`. Answers, errors
included, are in the encoding of the request, which is what the protocol asks for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from agentgauge.api.access import RuntimeOf, Sender
from agentgauge.api.ingest.bodies import Body, SentBody, media_type_of
from agentgauge.errors import AgentGaugeError, BodyUnsupported
from agentgauge.integrations.otlp import answers
from agentgauge.integrations.otlp.reader import Item
from agentgauge.service.ingest.receiver import Received

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_HEADERS = ("retry-after", "www-authenticate")
_REASONS_SAID = 3
_CODES = {503: answers.UNAVAILABLE, 429: answers.RESOURCE_EXHAUSTED}


class _OtlpRoute(APIRoute):
    """Says what went wrong as a `google.rpc.Status`; the status and the words are those of the API's errors."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handled = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handled(request)
            except (AgentGaugeError, HTTPException) as error:
                known = request.app.exception_handlers
                said = await next(known[kind] for kind in type(error).__mro__ if kind in known)(request, error)
                message = json.loads(said.body)["error"]["message"]
                is_json = media_type_of(request) == _JSON
                body = answers.status(_CODES.get(said.status_code, answers.INVALID_ARGUMENT), message, is_json=is_json)
                headers = {name: said.headers[name] for name in _HEADERS if name in said.headers}
                return Response(body, said.status_code, headers, _JSON if is_json else _PROTOBUF)

        return handler


router = APIRouter(route_class=_OtlpRoute)


def _documented(message: str, response: str) -> dict[str, Any]:
    """For `/openapi.json`: the messages themselves are OpenTelemetry's."""
    content = {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}, _JSON: {"schema": {"type": "object"}}}
    return {
        "responses": {
            200: {
                "description": f"`{response}`, in the encoding of the request",
                "content": content,
            },
            **{
                status: {
                    "description": f"{what}, as a `google.rpc.Status`",
                    "content": content,
                }
                for status, what in (
                    (400, "The body is not such a message"),
                    (413, "The body is too large"),
                    (415, "The body is of another type"),
                )
            },
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "description": f"`{message}`",
                "content": content,
            }
        },
    }


@router.post("/v1/traces", **_documented("ExportTraceServiceRequest", "ExportTraceServiceResponse"))
async def traces(runtime: RuntimeOf, principal: Sender, body: SentBody) -> Response:
    """Record spans: model calls, tool calls, agents' tasks, and what is around them."""
    is_json = _is_json(body)

    def spans() -> Iterable[Item]:
        decoded, most = body.decoded(), body.limits.events
        return runtime.otlp.spans(decoded, is_json=is_json, most=most, projects=principal.projects)

    received = await runtime.receiver.kept(spans, principal)
    runtime.figures.received("otlp", received.accepted, len(received.rejected))
    return _answer("spans", received, is_json=is_json)


@router.post("/v1/metrics", **_documented("ExportMetricsServiceRequest", "ExportMetricsServiceResponse"))
async def metrics(runtime: RuntimeOf, principal: Sender, body: SentBody) -> Response:
    """Record the points of metrics, as measurements."""
    is_json = _is_json(body)

    def points() -> Iterable[Item]:
        decoded, most = body.decoded(), body.limits.events
        return runtime.otlp.points(decoded, is_json=is_json, most=most, projects=principal.projects)

    received = await runtime.receiver.kept(points, principal)
    runtime.figures.received("otlp", received.accepted, len(received.rejected))
    return _answer("data_points", received, is_json=is_json)


def _is_json(body: Body) -> bool:
    if body.media_type not in (_PROTOBUF, _JSON):
        raise BodyUnsupported(f"Content-Type is {_PROTOBUF} or {_JSON}")
    return body.media_type == _JSON


def _answer(item: answers.Item, received: Received, *, is_json: bool) -> Response:
    reasons = Counter(rejected.reason for rejected in received.rejected)
    said = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(_REASONS_SAID))
    body = answers.answer(item, len(received.rejected), said, is_json=is_json)
    return Response(body, media_type=_JSON if is_json else _PROTOBUF)
