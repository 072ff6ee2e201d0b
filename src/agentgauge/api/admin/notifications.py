"""`/api/v1/notifications`: what channels were told of alerts, and a test message to them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Limit, Page, link_next
from agentgauge.errors import Conflict, SettingsError
from agentgauge.events.plain import document
from agentgauge.service.notifying.standing import ChannelStanding, standings
from agentgauge.service.notifying.trying import Tried, try_channels
from agentgauge.service.runtime import Runtime
from agentgauge.settings.notifying import NotifyingSettings, get_notifying_settings
from agentgauge.state.notifications import Notification, Outbox

router = APIRouter(prefix="/notifications")

_LARGEST_ID = 1 << 53
_LIST = {
    "success": True,
    "count": 1,
    "data": [
        {
            "id": 12, "channel": "on-call", "step": "opened", "alert_id": 7, "severity": "error", "state": "sent",
            "attempts": 1, "made": "2026-11-21T12:00:00Z", "sent": "2026-11-21T12:00:01Z", "error": "",
        }
    ],
    "meta": {
        "next_cursor": None,
        "channels": [
            {
                "name": "on-call", "url": "slack://***", "severities": ["critical", "error", "warning"], "types": [],
                "projects": [], "tell": ["opened", "reopened", "escalated", "reminded", "resolved", "undone"],
                "pending": 0, "oldest": None, "failures": 0, "next_attempt": None, "last_error": None,
                "last_sent": "2026-11-21T12:00:01Z", "sent": 1, "failed": 0, "lost": 0,
            }
        ],
    },
}  # fmt: skip
_TRIED = {
    "success": True,
    "count": 1,
    "data": [{"channel": "on-call", "url": "slack://***", "delivered": True, "problem": None}],
}


class NotificationsMeta(msgspec.Struct, frozen=True):
    next_cursor: str | None
    """None: this is the last page."""
    channels: tuple[ChannelStanding, ...]
    """How each does, on every page."""


class NotificationList(msgspec.Struct, frozen=True, kw_only=True):
    success: bool = True
    count: int
    """Of this page."""
    data: tuple[Notification, ...]
    meta: NotificationsMeta


class TriedList(msgspec.Struct, frozen=True, kw_only=True):
    success: bool
    """Whether all were delivered."""
    count: int
    data: tuple[Tried, ...]


class AskedTest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": {"channel": "on-call"}})

    channel: str | None = Field(default=None, max_length=64, description="Its name; null: each.")


@router.get(
    "",
    summary="Notifications",
    responses={**answer_of(NotificationList, "What channels were told, the newest first", _LIST), **errors(409)},
)
def list_notifications(
    request: Request,
    runtime: RuntimeOf,
    principal: Admin,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
    cursor: Annotated[CursorText, Query()] = None,
) -> Response:
    """One row for each step of an alert and channel that is to be told of it, kept for 30 days, and how channels do."""
    page = Page.asked(cursor, limit, runtime.now(), "notifications")
    last = None if page.after is None else page.after[0]
    before = last if isinstance(last, int) and 0 < last < _LARGEST_ID else None
    rows, following = page.cut(
        Outbox(runtime.state).notifications(limit=limit + 1, before=before), lambda one: (one.id,)
    )
    meta = NotificationsMeta(following, standings(_settings(runtime), runtime.state))
    return link_next(request, _answer(NotificationList(count=len(rows), data=tuple(rows), meta=meta)))


@router.post(
    "/test",
    summary="Send a test message",
    responses={**answer_of(TriedList, "What came of it, for each channel", _TRIED), **errors(404, 409)},
)
def send_test_message(asked: AskedTest, runtime: RuntimeOf, principal: Admin) -> Response:
    """Send a test message now, to a channel or to each: delivered, or why not. Takes as long as the services do."""
    settings = _settings(runtime)
    try:
        tried = try_channels(settings, runtime.state, runtime.now(), asked.channel)
    except SettingsError as error:
        raise Conflict(str(error)) from error
    delivered = sum(one.delivered for one in tried)
    runtime.audit.note(
        principal, "notification.tested", asked.channel or "all channels", {"tried": len(tried), "delivered": delivered}
    )
    return _answer(TriedList(success=delivered == len(tried), count=len(tried), data=tried))


def _settings(runtime: Runtime) -> NotifyingSettings:
    """Raises `Conflict` where they cannot be used as they are now."""
    try:
        return get_notifying_settings(runtime.settings.recording.home)
    except SettingsError as error:
        raise Conflict(str(error)) from error


def _answer(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(document(answer)), media_type="application/json")
