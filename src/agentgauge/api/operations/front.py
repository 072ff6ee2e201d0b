"""`GET /api`: everything there is to ask, as text, for a person at a terminal.

It needs no key, as `/openapi.json` needs none: it says nothing of what was recorded.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

router = APIRouter()

_BEGINNING = """agentgauge {version}

{path}/openapi.json describes all of this, with parameters and examples, for programs and for viewers of OpenAPI.
Where a key is needed: Authorization: Bearer agk_...
"""


@router.get("/api", summary="What there is to ask", response_class=PlainTextResponse)
def front(request: Request) -> PlainTextResponse:
    """A line for each operation, by tag."""
    described: dict[str, Any] = request.app.openapi()
    path = request.scope.get("root_path", "")
    found = [_BEGINNING.format(version=described["info"]["version"], path=path)]
    for tag in described["tags"]:
        found.append(f"{tag['name']}: {tag['description']}")
        found += [
            f"  {method.upper():<6} {path}{at}  -  {operation['summary']}"
            for at, operations in described["paths"].items()
            for method, operation in operations.items()
            if tag["name"] in operation["tags"]
        ]
        found.append("")
    return PlainTextResponse("\n".join(found))
