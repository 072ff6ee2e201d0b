"""Bodies of requests that are msgspec Structs: read by the very model that programs write them with.

    router.post("/charges", openapi_extra=described(Charges, {"charges": []}))
    async def charge(principal: Guarding, given: Annotated[Charges, body_of(Charges)]) -> Response: ...

The body comes after the principal, so that nothing is read of who may not send it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError

from agentgauge.errors import BodyUnsupported

_JSON = "application/json"
_WHERE = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
_USD = {
    "type": ["string", "number"],
    "description": "USD, from 0 on, with at most 12 decimals; as text no digit is lost.",
}


def body_of(kind: type[msgspec.Struct]) -> Any:
    """The dependency that a parameter of this kind is annotated with. 415 for what is not said to be JSON, 422 for what
    does not fit.
    """
    return Depends(_reader_of(kind))


def described(kind: type[msgspec.Struct], example: Any) -> dict[str, Any]:
    """`openapi_extra=` of a route with such a body."""
    (top,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    content = {"schema": _inline(top, parts), "example": example}
    return {"requestBody": {"required": True, "content": {_JSON: content}}}


def _reader_of(kind: type[msgspec.Struct]) -> Callable[[Request], Awaitable[Any]]:
    decoder = msgspec.json.Decoder(kind)

    async def read(request: Request) -> Any:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise BodyUnsupported(f"the body is JSON, and the request has to say so: Content-Type: {_JSON}")
        try:
            return decoder.decode(await request.body())
        except msgspec.ValidationError as error:
            raise _refused(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RequestValidationError(
                [{"type": "json_invalid", "loc": ("body",), "ctx": {"error": error}}]
            ) from error

    return read


def _refused(error: msgspec.ValidationError) -> RequestValidationError:
    said, where = _WHERE.fullmatch(str(error)).groups()  # type: ignore[union-attr]  # it matches any text
    loc = ("body", where) if where else ("body",)
    return RequestValidationError([{"type": "value_error", "loc": loc, "msg": said, "ctx": {"error": said}}])


def _inline(schema: Any, parts: Mapping[str, Any]) -> Any:
    """A schema with those that it refers to in their places, and amounts as they are read."""
    if isinstance(schema, list):
        return [_inline(member, parts) for member in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(parts[schema["$ref"]], parts)
    if schema.get("format") == "decimal":
        return {**_USD, **({"default": schema["default"]} if "default" in schema else {})}
    return {name: _inline(member, parts) for name, member in schema.items()}
