"""Notifications: what each channel is to be told of alerts, and what came of it.

    steps of alerts -> gather -> pending -> take -> sent, or pending still -> failed after a day

A channel is told of a step once: a row for both of them can be made once only, whoever makes it. Who has taken a
channel's rows is the only one to send them until `next_attempt_at`; then whoever had them is given up, and they are
taken again. All that waits in a channel is taken together, so that the steps of an alert are told in their order. A
process that dies after its message was taken by the channel, and before `sent`, has it sent twice: of what nobody knows
whether it was told, the same steps are taken again and no others, so that both messages can be known as one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.settings.notifying import Channel
from agentgauge.state.alert_rows import Alert, found_alerts
from agentgauge.state.alert_steps import AlertStep, steps
from agentgauge.state.columns import moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.notification_channels import ChannelStates, add_channel, change_channel, channel_state
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

State = Literal["pending", "sent", "failed"]
KEPT = timedelta(days=30)
"""How long it is known what was sent."""
STALE = timedelta(days=1)
"""What happened longer ago, to an alert that is over, is no news to a channel that comes back to the settings."""
MOST_TAKEN = 1000
"""Steps of one message."""
_MOST_GATHERED = 5000
_TABLE = "notifications"
_COLUMNS = "id, step_id, channel, state, attempts, made_at, sent_at, error"


class Told(msgspec.Struct, frozen=True):
    """A step, and the alert that it happened to, as that is now."""

    step: AlertStep
    alert: Alert


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told in a channel now."""

    channel: str
    told: tuple[Told, ...]
    """In their order."""
    attempt: int
    """Counts those in a row that did not succeed, this one included."""
    lost: int
    """Steps that were given up since it was last told anything."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """That a channel is to be told of a step."""

    id: int
    channel: str
    step: str
    """What happened: opened, escalated, ..."""
    alert_id: int
    severity: str
    state: State
    attempts: int
    made: datetime
    sent: datetime | None
    error: str
    """Of the last attempt, where that failed or was half a success."""


class Outbox:
    def __init__(self, store: Store) -> None:
        self._store = store

    def gather(self, channels: Sequence[Channel], at: datetime) -> int:
        """Note what these are to be told of the steps since it was last gathered; how many that are, one for each
        channel and step. A channel that was never seen is told of what follows. Raises `StateError`.
        """
        if not channels or not self._is_behind(channels):
            return 0
        with self._store.transaction() as connection:
            old = Where().also("state <> 'pending'").also("made_at < ?", to_micros(at - KEPT))
            connection.execute(f"DELETE FROM {_TABLE} {old.text}", old.parameters)  # noqa: S608 - see `statements`
            return sum(_gather(connection, channel, at) for channel in channels)

    def take(self, channel: str, at: datetime, wait: Callable[[int], timedelta]) -> Taken | None:
        """Have what waits in a channel, where nobody else has; None where there is nothing, or it is not yet time.

        `wait` says how long after the n-th attempt in a row the next one is: longer than this one may take. Raises
        `StateError`.
        """
        if not self._store.exists or not self._has_pending(channel):
            return None
        with self._store.transaction() as connection:
            state, pending = channel_state(connection, channel), _pending(connection, channel)
            if state is None or not pending or not state.is_due(at):
                return None
            attempt = state.failures + 1
            rows, more = _waiting(channel, pending), "attempts = attempts + 1, error = ''"
            connection.execute(f"UPDATE {_TABLE} SET {more} {rows.text}", rows.parameters)  # noqa: S608 - as above
            change_channel(connection, channel, failures=attempt, next_attempt_at=to_micros(at + wait(attempt)))
            return Taken(channel=channel, told=pending, attempt=attempt, lost=state.lost)

    def sent(self, taken: Taken, at: datetime, problem: str = "") -> None:
        """Note that the channel was told, and what was wrong with that, in some words without secrets.

        Raises `StateError`.
        """
        now = to_micros(at)
        with self._store.transaction() as connection:
            rows = _waiting(taken.channel, taken.told)
            count = update(connection, _TABLE, rows, state="sent", sent_at=now, error=problem)
            state = channel_state(connection, taken.channel)
            change_channel(
                connection, taken.channel, failures=0, next_attempt_at=now, last_error=problem, last_sent_at=now,
                lost=0, sent=count + (0 if state is None else state.sent),
            )  # fmt: skip

    def failed(self, taken: Taken, problem: str, made_before: datetime) -> int:
        """Note that it was not, and why, in some words without secrets; what was made before then is given up: how many
        steps.

        Raises `StateError`.
        """
        with self._store.transaction() as connection:
            update(connection, _TABLE, _waiting(taken.channel, taken.told), error=problem)
            change_channel(connection, taken.channel, last_error=problem)
            return _give_up(connection, taken.channel, made_before)

    def give_up_others(self, channels: Collection[str], made_before: datetime) -> int:
        """Give up what was made before then for other channels than these; how many steps. Raises `StateError`."""
        others = [one.name for one in ChannelStates(self._store).all() if one.pending and one.name not in channels]
        if not others:
            return 0
        with self._store.transaction() as connection:
            return sum(_give_up(connection, name, made_before) for name in others)

    def notifications(self, limit: int = 50, before: int | None = None) -> tuple[Notification, ...]:
        """The newest first, those with an id below `before`. Raises `StateError`."""
        if not self._store.exists:
            return ()
        where = Where() if before is None else Where().also("id < ?", before)
        with self._store.reading() as connection:
            rows = select(connection, _COLUMNS, _TABLE, where, "id DESC", limit)
            found = {step.id: step for step in steps(connection, _ids([row[1] for row in rows]))}
        return tuple(
            Notification(
                id=id_, channel=channel, step=found[step_id].kind, alert_id=found[step_id].alert_id,
                severity=found[step_id].severity, state=state, attempts=attempts, made=from_micros(made),
                sent=moment(sent), error=error,
            )
            for id_, step_id, channel, state, attempts, made, sent, error in rows
        )  # fmt: skip

    def _is_behind(self, channels: Sequence[Channel]) -> bool:
        """Whether there is anything to gather, without writing."""
        if not self._store.exists:
            return True
        with self._store.reading() as connection:
            states = [channel_state(connection, channel.name) for channel in channels]
            newest = _newest_step(connection)
        return any(state is None or state.last_step_id < newest for state in states)

    def _has_pending(self, channel: str) -> bool:
        with self._store.reading() as connection:
            return bool(select(connection, "1", _TABLE, Where().equal(channel=channel, state="pending"), "1", 1))


def _gather(connection: Connection, channel: Channel, at: datetime) -> int:
    state = channel_state(connection, channel.name)
    if state is None:
        add_channel(connection, channel.name, _newest_step(connection), at)
        return 0
    found = _told(connection, Where().also("id > ?", state.last_step_id), _MOST_GATHERED)
    wanted = [told for told in found if _is_wanted(channel, told, at)]
    for told in wanted:
        insert(
            connection, _TABLE, id=next_id(connection, "notification"), step_id=told.step.id, channel=channel.name,
            state="pending", attempts=0, made_at=to_micros(at), error="",
        )  # fmt: skip
    if found:
        change_channel(connection, channel.name, last_step_id=found[-1].step.id)
    return len(wanted)


def _is_wanted(channel: Channel, told: Told, at: datetime) -> bool:
    if told.alert.status == "resolved" and told.step.time < at - STALE:
        return False
    return (
        told.step.kind in channel.tell
        and told.step.severity in channel.severities
        and (not channel.types or told.alert.type in channel.types)
        and (not channel.projects or told.alert.project in channel.projects)
    )


def _pending(connection: Connection, channel: str) -> tuple[Told, ...]:
    """What is to be taken: what was taken and not answered for, else all."""
    where = Where().equal(channel=channel, state="pending")
    rows = select(connection, "step_id, attempts, error", _TABLE, where, "step_id", MOST_TAKEN)
    unknown = [step for step, attempts, error in rows if attempts and not error]
    return _told(connection, _ids(unknown or [row[0] for row in rows]))


def _told(connection: Connection, where: Where, limit: int | None = None) -> tuple[Told, ...]:
    found = steps(connection, where, limit)
    alerts = {alert.id: alert for alert in found_alerts(connection, _ids({step.alert_id for step in found}))}
    return tuple(Told(step, alerts[step.alert_id]) for step in found)


def _newest_step(connection: Connection) -> int:
    rows = select(connection, "id", "alert_steps", Where(), "id DESC", 1)
    return rows[0][0] if rows else 0


def _waiting(channel: str, told: Sequence[Told]) -> Where:
    """The rows of these steps that were not sent since."""
    marks = ", ".join("?" * len(told))
    where = Where().equal(channel=channel, state="pending")
    return where.also(f"step_id IN ({marks})", *(one.step.id for one in told))


def _ids(ids: Collection[int]) -> Where:
    return Where().also(f"id IN ({', '.join('?' * len(ids))})" if ids else "1 = 0", *sorted(ids))


def _give_up(connection: Connection, channel: str, made_before: datetime) -> int:
    late = Where().equal(channel=channel, state="pending").also("made_at < ?", to_micros(made_before))
    count = update(connection, _TABLE, late, state="failed")
    state = channel_state(connection, channel)
    if count and state is not None:
        change_channel(connection, channel, failed=state.failed + count, lost=state.lost + count)
    return count
