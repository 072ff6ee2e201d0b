"""`/api/v1/keys`: making, listing and revoking API keys over HTTP, as `agentgauge keys` does on the machine itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.service.security import keys
from agentgauge.state.keys import ApiKey

router = APIRouter(prefix="/keys")


class KeyAnswer(BaseModel):
    id: int
    name: str
    prefix: str
    scopes: list[str]
    projects: list[str] | None = Field(description="What it may see and record into; null: everything.")
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None = Field(description="To the minute.")
    valid: bool


class KeyListAnswer(BaseModel):
    success: bool = True
    count: int
    data: list[KeyAnswer]


class NewKeyAnswer(BaseModel):
    success: bool = True
    key: str = Field(description="The key itself, which is shown this once.")
    data: KeyAnswer


class RevokedAnswer(BaseModel):
    success: bool = True
    data: KeyAnswer


class NewKey(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "ci", "scopes": ["ingest"], "projects": ["shop"]}},
    )

    name: str = Field(min_length=1, max_length=100, description="Whose it is, or what for.")
    scopes: list[str] = Field(default=["read"], description="Of ingest, read and admin.")
    projects: list[str] | None = Field(default=None, description="What it may see and record into; null: everything.")
    expires: AwareDatetime | None = Field(default=None, description="When it ends; null: when it is revoked.")


@router.get("")
def list_keys(runtime: RuntimeOf, principal: Admin) -> KeyListAnswer:
    """All keys there ever were, without their secrets."""
    data = [_answer(key, runtime.now()) for key in runtime.gate.keys.all()]
    return KeyListAnswer(count=len(data), data=data)


@router.post("", status_code=201)
def create_key(new: NewKey, runtime: RuntimeOf, principal: Admin) -> NewKeyAnswer:
    """Make a key. The answer has it, and nothing else ever has."""
    now = runtime.now()
    issued = keys.issue(
        runtime.gate.keys,
        new.name,
        new.scopes,
        actor=principal.name,
        now=now,
        projects=new.projects,
        expires=new.expires,
    )
    runtime.gate.verifier.forget()
    return NewKeyAnswer(key=issued.token.text, data=_answer(issued.key, now))


@router.delete("/{prefix}")
def revoke_key(
    prefix: Annotated[str, Path(max_length=100, examples=["3f2a9c01"])], runtime: RuntimeOf, principal: Admin
) -> RevokedAnswer:
    """Revoke a key by its prefix. Within two seconds it opens nothing."""
    now = runtime.now()
    revoked = keys.revoke(runtime.gate.keys, prefix, actor=principal.name, now=now)
    runtime.gate.verifier.forget()
    return RevokedAnswer(data=_answer(revoked, now))


def _answer(key: ApiKey, now: datetime) -> KeyAnswer:
    return KeyAnswer(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=sorted(key.scopes),
        projects=None if key.projects is None else sorted(key.projects),
        created=key.created,
        expires=key.expires,
        revoked=key.revoked,
        last_used=key.last_used,
        valid=key.is_valid(now),
    )
