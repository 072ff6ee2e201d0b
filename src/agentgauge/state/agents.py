"""The integer ids of agents, for answers that name an agent by one: stable, counted from 1 in the order of first sight,
one for each name in a project.

An id never changes, so what was read once is kept in memory: some hundred bytes per agent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from agentgauge.state.changes import changed
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, storable_text
from agentgauge.state.store import Store


class AgentName(msgspec.Struct, frozen=True, order=True):
    """How events name an agent."""

    name: str
    project: str = ""
    """Empty where they name no project."""


class Agent(msgspec.Struct, frozen=True):
    id: int
    name: str
    project: str | None


class AgentBook:
    """Safe for several threads: what it remembers is only ever added to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[AgentName, int] = {}

    def ids(self, names: Iterable[AgentName]) -> dict[AgentName, int]:
        """The ids of all of these; those that have none get the next ones, in this order. Raises `StateError`."""
        wanted = {name: AgentName(storable_text(name.name), storable_text(name.project)) for name in names}
        if not self._ids.keys() >= set(wanted.values()):
            with self._store.transaction() as connection:
                rows = connection.execute("SELECT name, project, id FROM agents").fetchall()
                known = {AgentName(name, project): number for name, project, number in rows}
                for new in (kept for kept in wanted.values() if kept not in known):
                    known[new] = next_id(connection, "agent")
                    insert(connection, "agents", id=known[new], project=new.project, name=new.name)
                    changed(connection, "agents")
            self._ids.update(known)
        return {name: self._ids[kept] for name, kept in wanted.items()}

    def by_id(self, id: int, projects: Collection[str] | None = None) -> Agent | None:  # noqa: A002 - the column's name
        """The agent that has this id, where it is of one of these projects (None: any). Raises `StateError`."""
        found = self._found(Where().equal(id=id).of_projects(projects)) if id < 1 << 63 else ()
        return found[0] if found else None

    def named(self, name: str, projects: Collection[str] | None = None) -> tuple[Agent, ...]:
        """Those of this name: one for each project that has it, by id. Raises `StateError`."""
        return self._found(Where().equal(name=name).of_projects(projects))

    def all(self, projects: Collection[str] | None = None) -> tuple[Agent, ...]:
        """By id. Raises `StateError`."""
        return self._found(Where().of_projects(projects))

    def _found(self, where: Where) -> tuple[Agent, ...]:
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            rows = select(connection, "id, name, project", "agents", where, "id")
        return tuple(Agent(number, name, project or None) for number, name, project in rows)
