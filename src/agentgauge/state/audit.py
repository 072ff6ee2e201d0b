"""What was done, by whom: one row per act that changed something for others. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import document
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select
from agentgauge.state.store import Connection, Store

_COLUMNS = "id, done_at, actor, act, subject, project, detail"

request_id: ContextVar[str | None] = ContextVar("agentgauge_request_id", default=None)
"""Of the HTTP request that is being answered; None outside one. A thread that its work moves to sees its own."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    time: datetime
    actor: str
    """As `Principal.name` says it."""
    act: str
    """`budget.created`, `alert.resolved`, `key.revoked`."""
    subject: str
    """What it was done to: `budget 3`."""
    project: str | None
    detail: dict[str, Any]
    """What is worth knowing of it; never a secret."""


class AuditLog:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, at: datetime, actor: str, act: str, subject: str, project: str | None = None, **detail: Any) -> None:
        """Note an act that changed no row of state, such as a question in SQL. Raises `StateError`."""
        with self._store.transaction() as connection:
            note(connection, at, actor, act, subject, project, detail)

    def acts(
        self,
        *,
        subject: str | None = None,
        projects: Collection[str] | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> tuple[Act, ...]:
        """The newest first, those with an id below `before`. Raises `StateError`."""
        if not self._store.exists:
            return ()
        where = Where().equal(subject=subject).of_projects(projects)
        if before is not None:
            where.also("id < ?", before)
        with self._store.reading() as connection:
            return tuple(_act(*row) for row in select(connection, _COLUMNS, "audit_log", where, "id DESC", limit))


def note(
    connection: Connection,
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    project: str | None,
    detail: Mapping[str, Any],
) -> None:
    """Note an act inside the transaction that does it, and the request that it was done in."""
    if (request := request_id.get()) is not None:
        detail = {**detail, "request": request}
    insert(
        connection,
        "audit_log",
        id=next_id(connection, "audit"),
        done_at=to_micros(at),
        actor=actor,
        act=act,
        subject=subject,
        project=project or "",
        detail=msgspec.json.encode(document(detail)).decode(),
    )


def _act(id_: int, done_at: int, actor: str, act: str, subject: str, project: str, detail: str) -> Act:
    return Act(
        id=id_,
        time=from_micros(done_at),
        actor=actor,
        act=act,
        subject=subject,
        project=project or None,
        detail=msgspec.json.decode(detail),
    )
