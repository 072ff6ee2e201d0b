"""What a browser sends when a form is posted: percent-encoded fields, of which only so many are read."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from agentgauge.errors import BodyTooLarge, BodyUnsupported

_KIND = "application/x-www-form-urlencoded"
_LARGEST = 64 * 1024
_MOST_FIELDS = 200


async def fields_of(request: Request) -> dict[str, Any]:
    """The fields of a form by their names; of one that was sent several times all, in a list. Those that were left
    empty are left out. Raises `BodyRefused`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise BodyUnsupported(f"a form is sent as {_KIND}, not as {kind or 'nothing that is said'}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise BodyTooLarge(f"a form has at most {_LARGEST:,} bytes")
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        raise BodyUnsupported(f"this is no form: percent-encoded UTF-8 of at most {_MOST_FIELDS} fields") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        before = found.get(name)
        found[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return found
