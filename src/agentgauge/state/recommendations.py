"""Recommendations as they are kept: which were found, since when, by which id, and what was decided about them.

A recommendation is known by what it is about, its `Key`: found again, in another process or after a restart, it has
the id it had. Ids count from 1 and are never used again. The figures of a finding are kept as JSON whose form is
its writer's; a decision keeps those of its moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

import msgspec

from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.database import Database

Status = Literal["pending", "accepted", "dismissed"]
Decided = Literal["accepted", "dismissed"]


class Key(msgspec.Struct, frozen=True, order=True):
    """What a recommendation is about; an empty text where it is about none in particular."""

    type: str
    agent: str = ""
    model: str = ""
    operation: str = ""
    alternative: str = ""
    """What to take instead."""


class Decision(msgspec.Struct, frozen=True):
    status: Decided
    time: datetime
    figures: bytes
    """JSON of the finding as it was last seen before the decision."""


class Kept(msgspec.Struct, frozen=True):
    id: int
    key: Key
    status: Status
    first_found: datetime
    last_found: datetime
    figures: bytes
    """JSON of the finding as it was last seen."""
    decisions: tuple[Decision, ...]
    """In order of time; the last is the status."""


class RecommendationBook:
    """What a home knows about recommendations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def found(self, figures: Mapping[Key, bytes], at: datetime) -> dict[Key, Kept]:
        """Note what was found at `at`, with its figures, and what is known of each. Raises `StateError`."""
        if not figures:
            return {}
        with self._database.transaction() as connection:
            for key, document in figures.items():
                _note(connection, key, document, to_micros(at))
            return {kept.key: kept for kept in _rows(connection) if kept.key in figures}

    def all(self) -> tuple[Kept, ...]:
        """Everything that was ever found, by id. Raises `StateError`."""
        if not self._database.exists:
            return ()
        with self._database.reading() as connection:
            return tuple(_rows(connection))

    def decide(self, id: int, status: Decided, at: datetime) -> Kept:  # noqa: A002 - the column's name
        """Accept or dismiss; what has that status already keeps it, with the time that it was given.

        Raises `QueryError` for an id that there is not, and `StateError`.
        """
        with self._known(id) as (connection, kept):
            if kept.status != status:
                connection.execute(
                    "INSERT INTO recommendation_decisions (recommendation_id, number, status, decided, figures) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (id, len(kept.decisions) + 1, status, to_micros(at), kept.figures.decode()),
                )
                connection.execute("UPDATE cost_recommendations SET status = ? WHERE id = ?", (status, id))
            return next(_rows(connection, id))

    @contextmanager
    def _known(self, id: int) -> Iterator[tuple[sqlite3.Connection, Kept]]:  # noqa: A002
        none_yet = f"no recommendation {id}: none was found yet; list them with 'agentgauge recommendations'"
        if not self._database.exists:
            raise QueryError(none_yet)
        with self._database.transaction() as connection:
            (last,) = connection.execute("SELECT last FROM identifiers WHERE name = 'recommendation'").fetchone()
            if not 1 <= id <= last:
                raise QueryError(f"no recommendation {id}: they are numbered 1 to {last}" if last else none_yet)
            yield connection, next(_rows(connection, id))


def _note(connection: sqlite3.Connection, key: Key, document: bytes, micros: int) -> None:
    named = msgspec.structs.astuple(key)
    updated = connection.execute(
        "UPDATE cost_recommendations SET last_found = ?, figures = ? "
        "WHERE type = ? AND agent = ? AND model = ? AND operation = ? AND alternative = ?",
        (micros, document.decode(), *named),
    )
    if updated.rowcount:
        return
    connection.execute("UPDATE identifiers SET last = last + 1 WHERE name = 'recommendation'")
    connection.execute(
        "INSERT INTO cost_recommendations "
        "(id, type, agent, model, operation, alternative, status, first_found, last_found, figures) "
        "SELECT last, ?, ?, ?, ?, ?, 'pending', ?, ?, ? FROM identifiers WHERE name = 'recommendation'",
        (*named, micros, micros, document.decode()),
    )


def _rows(connection: sqlite3.Connection, id: int | None = None) -> Iterator[Kept]:  # noqa: A002
    decisions: dict[int, list[Decision]] = {}
    for of, status, decided, figures in connection.execute(
        "SELECT recommendation_id, status, decided, figures FROM recommendation_decisions "
        "WHERE recommendation_id = COALESCE(?, recommendation_id) ORDER BY recommendation_id, number",
        (id,),
    ):
        decisions.setdefault(of, []).append(Decision(status, from_micros(decided), figures.encode()))
    for number, *key, status, first, last, figures in connection.execute(
        "SELECT id, type, agent, model, operation, alternative, status, first_found, last_found, figures "
        "FROM cost_recommendations WHERE id = COALESCE(?, id) ORDER BY id",
        (id,),
    ).fetchall():
        yield Kept(
            number,
            Key(*key),
            status,
            from_micros(first),
            from_micros(last),
            figures.encode(),
            tuple(decisions.get(number, ())),
        )
