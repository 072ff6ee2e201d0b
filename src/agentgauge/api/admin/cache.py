"""`POST /api/v1/cache/invalidate`: drop answers that were kept, where something changed that no version tells."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from agentgauge.api.access import Admin, RuntimeOf

router = APIRouter(prefix="/cache")


class Invalidation(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"pattern": "metrics:*"}})

    pattern: str = Field(min_length=1, max_length=500, description="Of keys: `*` is any text, `?` any one character.")


class InvalidatedAnswer(BaseModel):
    success: bool = True
    dropped: int = Field(description="Answers of this process and of Redis. Other processes drop all of theirs.")


@router.post("/invalidate")
def invalidate(asked: Invalidation, runtime: RuntimeOf, principal: Admin) -> InvalidatedAnswer:
    """Drop cached answers whose keys match, in all processes within a tenth of a second."""
    dropped = runtime.cache.invalidate(asked.pattern)
    runtime.audit.note(principal, "cache.invalidated", asked.pattern, {"dropped": dropped})
    return InvalidatedAnswer(dropped=dropped)
