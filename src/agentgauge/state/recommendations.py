"""Recommendations as they are kept: which were found, since when, by which id, and what was decided about them.

A recommendation is known by what it is about, its `Key`, and by whose events it was found in: those of a project, or
all. Found again, in another process or after a restart, it has the id it had. Ids count from 1 and are never used
again. The figures of a finding are kept as JSON whose form is its writer's; a decision keeps those of its moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from agentgauge.errors import NotFound
from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.changes import changed
from agentgauge.state.identifiers import last_id, next_id
from agentgauge.state.statements import Where, insert, select, storable_text, update
from agentgauge.state.store import Connection, Store

Status = Literal["pending", "accepted", "dismissed"]
Decided = Literal["accepted", "dismissed"]
_COUNTER = "recommendation"
_KEY = "type, agent, model, operation, alternative"


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
    project: str | None
    """Found in this project's events; None: in all events together."""
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

    def __init__(self, store: Store) -> None:
        self._store = store

    def found(self, figures: Mapping[Key, bytes], at: datetime, project: str | None = None) -> dict[Key, Kept]:
        """Note what was found at `at` in a project's events (None: in all), with its figures, and what is known of
        each. Raises `StateError`.
        """
        if not figures:
            return {}
        figures = {_kept_key(key): document for key, document in figures.items()}
        with self._store.transaction() as connection:
            known = {kept.key: kept for kept in _rows(connection, _of(project))}
            for key, document in figures.items():
                _note(connection, known.get(key), key, document, to_micros(at), project)
            if figures.keys() - known.keys():
                changed(connection, "recommendations")
            return {kept.key: kept for kept in _rows(connection, _of(project)) if kept.key in figures}

    def all(self, project: str | None = None) -> tuple[Kept, ...]:
        """Everything that was ever found in a project's events, by id; None: in all together. Raises `StateError`."""
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return tuple(_rows(connection, _of(project)))

    def decide(self, id: int, status: Decided, at: datetime, projects: Collection[str] | None = None) -> Kept:  # noqa: A002 - the column's name
        """Accept or dismiss; what has that status already keeps it, with the time that it was given.

        Raises `NotFound` for an id that there is not among those of `projects` (None: any), and `StateError`.
        """
        if not self._store.exists:
            raise _absent(id, 0, projects)
        with self._store.transaction() as connection:
            this = Where().equal(id=id).of_projects(projects)
            kept = next(_rows(connection, this), None) if 0 < id < 1 << 63 else None
            if kept is None:
                raise _absent(id, last_id(connection, _COUNTER), projects)
            if kept.status == status:
                return kept
            insert(
                connection,
                "recommendation_decisions",
                recommendation_id=id,
                number=len(kept.decisions) + 1,
                status=status,
                decided_at=to_micros(at),
                figures=kept.figures.decode(),
            )
            update(connection, "cost_recommendations", this, status=status)
            changed(connection, "recommendations")
            return next(_rows(connection, this))


def _of(project: str | None) -> Where:
    return Where().equal(project=project or "")


def _kept_key(key: Key) -> Key:
    return Key(*map(storable_text, msgspec.structs.astuple(key)))


def _absent(id_: int, last: int, projects: Collection[str] | None) -> NotFound:
    if projects is not None:  # how many others have is not theirs to know
        return NotFound(f"no recommendation {id_} among those of {', '.join(sorted(projects))}")
    if not last:
        return NotFound(f"no recommendation {id_}: none was found yet; list them with 'agentgauge recommendations'")
    return NotFound(f"no recommendation {id_}: they are numbered 1 to {last}")


def _note(
    connection: Connection, known: Kept | None, key: Key, document: bytes, micros: int, project: str | None
) -> None:
    if known is not None:
        this = Where().equal(id=known.id)
        last = max(micros, to_micros(known.last_found))  # a job that is caught up finds as of when it was due
        update(connection, "cost_recommendations", this, last_found_at=last, figures=document.decode())
        return
    insert(
        connection,
        "cost_recommendations",
        id=next_id(connection, _COUNTER),
        project=project or "",
        **msgspec.structs.asdict(key),
        status="pending",
        found_at=micros,
        last_found_at=micros,
        figures=document.decode(),
    )


def _rows(connection: Connection, where: Where) -> Iterator[Kept]:
    decisions: dict[int, list[Decision]] = {}
    of_these = Where().also(
        f"recommendation_id IN (SELECT id FROM cost_recommendations {where.text})",  # noqa: S608 - our own names
        *where.parameters,
    )
    columns = "recommendation_id, status, decided_at, figures"
    for of, status, decided, figures in select(
        connection, columns, "recommendation_decisions", of_these, "recommendation_id, number"
    ):
        decisions.setdefault(of, []).append(Decision(status, from_micros(decided), figures.encode()))
    columns = f"id, project, {_KEY}, status, found_at, last_found_at, figures"
    for number, project, *key, status, first, last, figures in select(
        connection, columns, "cost_recommendations", where, "id"
    ):
        yield Kept(
            number,
            project or None,
            Key(*key),
            status,
            from_micros(first),
            from_micros(last),
            figures.encode(),
            tuple(decisions.get(number, ())),
        )
