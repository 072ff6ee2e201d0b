"""Reports that are to be sent: each week once to each channel, whoever makes them.

    add -> pending -> take -> sent, or pending still -> failed after a day

The message is kept with its row until it is sent or given up, so that another machine can send what this one made. As
in `notifications`, who has taken a row is the only one to send it until its next attempt; a process that dies after
the channel took it, and before `sent`, has it sent again, with the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.columns import moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Store

KEPT = timedelta(days=100)
"""How long it is known what was sent: longer than any week is caught up."""
_TABLE = "report_mails"
_COLUMNS = "until_at, channel, state, attempts, made_at, sent_at, error"


class ReportMail(msgspec.Struct, frozen=True, kw_only=True):
    """That a channel is to have a report."""

    until: datetime
    """End of its week."""
    channel: str
    state: Literal["pending", "sent", "failed"]
    attempts: int
    made: datetime
    sent: datetime | None
    error: str
    """Of the last attempt, where that failed or was half a success."""


class TakenReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent in a channel now."""

    id: int
    channel: str
    attempt: int
    made: datetime
    message: str


class ReportMails:
    def __init__(self, store: Store) -> None:
        self._store = store

    def known(self, until: datetime) -> frozenset[str]:
        """The channels that have the report of this week, or are to have it. Raises `StateError`."""
        return frozenset(mail.channel for mail in self.all() if mail.until == until)

    def add(self, until: datetime, messages: Mapping[str, str], at: datetime) -> int:
        """Note what channels are to have; a channel that has the report of this week gets no other. How many were
        added. Raises `StateError`.
        """
        if not messages:
            return 0
        with self._store.transaction() as connection:
            old = Where().also("state <> 'pending'").also("made_at < ?", to_micros(at - KEPT))
            connection.execute(f"DELETE FROM {_TABLE} {old.text}", old.parameters)  # noqa: S608 - see `statements`
            of_week = Where().equal(until_at=to_micros(until))
            there = {row[0] for row in select(connection, "channel", _TABLE, of_week, "id")}
            new = {channel: message for channel, message in messages.items() if channel not in there}
            for channel, message in new.items():
                insert(
                    connection, _TABLE, id=next_id(connection, "report_mail"), until_at=to_micros(until),
                    channel=channel, state="pending", attempts=0, next_attempt_at=to_micros(at),
                    made_at=to_micros(at), error="", message=message,
                )  # fmt: skip
            return len(new)

    def take(self, channel: str, at: datetime, wait: Callable[[int], timedelta]) -> TakenReport | None:
        """Have the oldest that is due in a channel, where nobody else has it; None where there is none. `wait` is as
        in `notifications`. Raises `StateError`.
        """
        due = Where().equal(channel=channel, state="pending").also("next_attempt_at <= ?", to_micros(at))
        if not self._store.exists:
            return None
        with self._store.reading() as connection:
            if not select(connection, "1", _TABLE, due, "1", 1):
                return None
        with self._store.transaction() as connection:
            rows = select(connection, "id, attempts, made_at, message", _TABLE, due, "until_at", 1)
            if not rows:
                return None
            id_, attempts, made, message = rows[0]
            following = to_micros(at + wait(attempts + 1))
            update(
                connection, _TABLE, Where().equal(id=id_), attempts=attempts + 1, next_attempt_at=following, error=""
            )
            return TakenReport(
                id=id_, channel=channel, attempt=attempts + 1, made=from_micros(made), message=message
            )  # fmt: skip

    def sent(self, taken: TakenReport, at: datetime, problem: str = "") -> None:
        """Note that the channel took it, and what was wrong with that, without secrets. Raises `StateError`."""
        with self._store.transaction() as connection:
            update(
                connection, _TABLE, Where().equal(id=taken.id), state="sent", sent_at=to_micros(at), error=problem,
                message="",
            )  # fmt: skip

    def failed(self, taken: TakenReport, problem: str, made_before: datetime) -> bool:
        """Note that it did not, and why, without secrets; what was made before then is given up: whether it was.

        Raises `StateError`.
        """
        is_given_up = taken.made < made_before
        end = {"state": "failed", "message": ""} if is_given_up else {}
        with self._store.transaction() as connection:
            update(connection, _TABLE, Where().equal(id=taken.id), error=problem, **end)
        return is_given_up

    def give_up_others(self, channels: Collection[str], made_before: datetime) -> None:
        """Give up what was made before then for other channels than these. Raises `StateError`."""
        late = [mail for mail in self.all() if mail.state == "pending" and mail.made < made_before]
        for name in {mail.channel for mail in late} - set(channels):
            with self._store.transaction() as connection:
                update(
                    connection, _TABLE, Where().equal(channel=name, state="pending"), state="failed", message="",
                    error="the channel is in no settings",
                )  # fmt: skip

    def all(self) -> tuple[ReportMail, ...]:
        """The newest first, without the messages. Raises `StateError`."""
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            rows = select(connection, _COLUMNS, _TABLE, Where(), "id DESC")
        return tuple(
            ReportMail(
                until=from_micros(until), channel=channel, state=state, attempts=attempts, made=from_micros(made),
                sent=moment(sent), error=error,
            )
            for until, channel, state, attempts, made, sent, error in rows
        )  # fmt: skip
