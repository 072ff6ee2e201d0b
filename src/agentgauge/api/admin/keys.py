"""`/api/v1/keys`: making, listing and revoking API keys over HTTP, as `agentgauge keys` does on the machine itself."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.api.openapi import answer_of, errors
from agentgauge.events.plain import document
from agentgauge.service.security.keys import ShownKey, issue, revoke, shown

router = APIRouter(prefix="/keys")

_KEY = {
    "id": 3, "name": "ci", "prefix": "3f2a9c01", "scopes": ["ingest"], "projects": ["shop"],
    "created": "2026-11-21T12:00:00Z", "expires": None, "revoked": None, "last_used": None, "valid": True,
}  # fmt: skip


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    success: bool = True
    count: int
    data: tuple[ShownKey, ...]


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    success: bool = True
    key: str
    """The key itself, which is shown this once."""
    data: ShownKey


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True):
    success: bool = True
    data: ShownKey


class AskedKey(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"name": "ci", "scopes": ["ingest"], "projects": ["shop"]}},
    )

    name: str = Field(min_length=1, max_length=100, description="Whose it is, or what for.")
    scopes: list[str] = Field(default=["read"], description="Of ingest, read and admin.")
    projects: list[str] | None = Field(default=None, description="What it may see and record into; null: everything.")
    expires: AwareDatetime | None = Field(default=None, description="When it ends; null: when it is revoked.")


@router.get(
    "",
    summary="Keys",
    responses=answer_of(KeyList, "All there ever were", {"success": True, "count": 1, "data": [_KEY]}),
)
def list_keys(runtime: RuntimeOf, principal: Admin) -> Response:
    """All keys there ever were, without their secrets."""
    data = tuple(shown(key, runtime.now()) for key in runtime.gate.keys.all())
    return _answer(KeyList(count=len(data), data=data))


@router.post(
    "",
    summary="Make a key",
    status_code=201,
    responses=answer_of(
        NewKey,
        "The key",
        {"success": True, "key": f"agk_3f2a9c01_{'0' * 48}", "data": _KEY},
        status=201,
    ),
)
def create_key(asked: AskedKey, runtime: RuntimeOf, principal: Admin) -> Response:
    """Make a key. The answer has it, and nothing else ever has."""
    now = runtime.now()
    issued = issue(
        runtime.gate.keys,
        asked.name,
        asked.scopes,
        actor=principal.name,
        now=now,
        projects=asked.projects,
        expires=asked.expires,
    )
    runtime.gate.verifier.forget()
    return _answer(NewKey(key=issued.token.text, data=shown(issued.key, now)), 201)


@router.delete(
    "/{prefix}",
    summary="Revoke a key",
    responses={
        **answer_of(RevokedKey, "The key, as it is now", {"success": True, "data": {**_KEY, "valid": False}}),
        **errors(404),
    },
)
def revoke_key(
    prefix: Annotated[str, Path(max_length=100, examples=["3f2a9c01"])], runtime: RuntimeOf, principal: Admin
) -> Response:
    """Revoke a key by its prefix. Within two seconds it opens nothing."""
    now = runtime.now()
    revoked = revoke(runtime.gate.keys, prefix, actor=principal.name, now=now)
    runtime.gate.verifier.forget()
    return _answer(RevokedKey(data=shown(revoked, now)))


def _answer(answer: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document(answer)), status, media_type="application/json")
