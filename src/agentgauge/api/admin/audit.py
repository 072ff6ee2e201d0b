"""`GET /api/v1/audit`: who did what that matters to others."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.api.openapi import answer_of
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Limit, Page, link_next
from agentgauge.events.plain import document
from agentgauge.state.audit import Act

router = APIRouter()

_LARGEST_ID = 1 << 53
_EXAMPLE = {
    "success": True,
    "count": 1,
    "data": [
        {
            "id": 12, "time": "2026-11-21T12:00:00Z", "actor": "ada@example.org", "act": "key.revoked",
            "subject": "key 3", "project": None, "detail": {"prefix": "3f2a9c01", "request": "622051c9322d5ca4"},
        }
    ],
    "meta": {"next_cursor": None},
}  # fmt: skip


class AuditMeta(msgspec.Struct, frozen=True):
    next_cursor: str | None
    """None: this is the last page."""


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    success: bool = True
    count: int
    """Of this page."""
    data: tuple[Act, ...]
    meta: AuditMeta


@router.get("/audit", summary="The audit", responses=answer_of(AuditList, "What was done, the newest first", _EXAMPLE))
def audit(
    request: Request,
    runtime: RuntimeOf,
    principal: Admin,
    subject: Annotated[
        str | None, Query(max_length=200, description="Only what was done to it.", examples=["key 3"])
    ] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
    cursor: Annotated[CursorText, Query()] = None,
) -> Response:
    """Keys made and revoked, budgets, alerts and recommendations decided, SQL, exports and cleared caches: who did it,
    when, and in which request."""
    page = Page.asked(cursor, limit, runtime.now(), "audit", subject)
    last = None if page.after is None else page.after[0]
    before = last if isinstance(last, int) and 0 < last < _LARGEST_ID else None
    acts, following = page.cut(
        runtime.audit.log.acts(subject=subject, limit=limit + 1, before=before), lambda act: (act.id,)
    )
    answer = AuditList(count=len(acts), data=tuple(acts), meta=AuditMeta(following))
    return link_next(request, Response(msgspec.json.encode(document(answer)), media_type="application/json"))
