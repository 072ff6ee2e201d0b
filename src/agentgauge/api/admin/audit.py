"""`GET /api/v1/audit`: who did what that matters to others."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Limit, Page
from agentgauge.state.audit import Act

router = APIRouter()

_LARGEST_ID = 1 << 53


class ActAnswer(BaseModel):
    id: int
    time: datetime
    actor: str = Field(description="`local`, `command line`, `key <prefix>`, or a person's e-mail.")
    act: str = Field(examples=["key.revoked"])
    subject: str = Field(examples=["key 3"])
    project: str | None
    detail: dict[str, Any]


class AuditMeta(BaseModel):
    next_cursor: str | None


class AuditAnswer(BaseModel):
    success: bool = True
    count: int
    data: list[ActAnswer]
    meta: AuditMeta


@router.get("/audit")
def audit(
    runtime: RuntimeOf,
    principal: Admin,
    subject: Annotated[
        str | None, Query(max_length=200, description="Only what was done to it.", examples=["key 3"])
    ] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
    cursor: Annotated[CursorText, Query()] = None,
) -> AuditAnswer:
    """What was done, the newest first."""
    page = Page.asked(cursor, limit, runtime.now(), "audit", subject)
    last = None if page.after is None else page.after[0]
    before = last if isinstance(last, int) and 0 < last < _LARGEST_ID else None
    acts = runtime.audit.log.acts(subject=subject, limit=limit + 1, before=before)
    shown, following = page.cut(acts, lambda act: (act.id,))
    return AuditAnswer(count=len(shown), data=[_answer(act) for act in shown], meta=AuditMeta(next_cursor=following))


def _answer(act: Act) -> ActAnswer:
    return ActAnswer(
        id=act.id,
        time=act.time,
        actor=act.actor,
        act=act.act,
        subject=act.subject,
        project=act.project,
        detail=act.detail,
    )
