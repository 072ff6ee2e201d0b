"""Channels as the state knows them: what each has looked at, how its attempts go, and what it was told."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.columns import moment
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

_TABLE = "notification_channels"
_COLUMNS = "name, since_at, last_step_id, failures, next_attempt_at, last_error, last_sent_at, sent, failed, lost"
_LONGEST_WAIT = timedelta(hours=1)
"""No attempt is told to wait as long: a time that is farther off was set by a clock that was ahead."""


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    since: datetime
    """When it was first seen."""
    last_step_id: int
    """Of the steps of alerts that it has looked at."""
    failures: int
    """Attempts in a row that did not succeed, or are under way."""
    next_attempt: datetime
    """Not before then, where something failed."""
    last_error: str
    """Of the last attempt, where that failed or was half a success."""
    last_sent: datetime | None
    sent: int
    """Steps that it was told of, ever."""
    failed: int
    """Steps that it could not be told of in time, ever."""
    lost: int
    """Those of them since it was last told anything."""
    pending: int = 0
    """Steps that it is still to be told of."""
    oldest: datetime | None = None
    """Since when the first of these waits."""

    def is_due(self, at: datetime) -> bool:
        """Whether the next attempt may be made."""
        return not at < self.next_attempt <= at + _LONGEST_WAIT


class ChannelStates:
    """For who looks at them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> tuple[ChannelState, ...]:
        """All that there ever were, by name. Raises `StateError`."""
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            counted = connection.execute(
                "SELECT channel, count(*), min(made_at) FROM notifications WHERE state = 'pending' GROUP BY channel"
            ).fetchall()
            pending = {name: (count, moment(oldest)) for name, count, oldest in counted}
            found = _found(connection, Where())
        return tuple(
            msgspec.structs.replace(state, pending=pending[state.name][0], oldest=pending[state.name][1])
            if state.name in pending
            else state
            for state in found
        )


def channel_state(connection: Connection, name: str) -> ChannelState | None:
    """One, without what waits; None where it was never seen."""
    found = _found(connection, Where().equal(name=name))
    return found[0] if found else None


def add_channel(connection: Connection, name: str, last_step_id: int, at: datetime) -> None:
    """Note that there is one, which is told of what follows this step."""
    insert(
        connection, _TABLE, name=name, since_at=to_micros(at), last_step_id=last_step_id, failures=0,
        next_attempt_at=to_micros(at), last_error="", sent=0, failed=0, lost=0,
    )  # fmt: skip


def change_channel(connection: Connection, name: str, **columns: object) -> None:
    update(connection, _TABLE, Where().equal(name=name), **columns)


def _found(connection: Connection, where: Where) -> tuple[ChannelState, ...]:
    return tuple(
        ChannelState(
            name=name, since=from_micros(since), last_step_id=last_step, failures=failures,
            next_attempt=from_micros(following), last_error=error, last_sent=moment(last_sent), sent=sent,
            failed=failed, lost=lost,
        )
        for name, since, last_step, failures, following, error, last_sent, sent, failed, lost
        in select(connection, _COLUMNS, _TABLE, where, "name")
    )  # fmt: skip
