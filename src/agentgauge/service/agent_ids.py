"""Which agent a question means by an integer id, or by a name.

Agents are told apart by name and project, and a name is enough where one project has it. Ids are given when an agent is
first asked about by name, so asking may write to the state.
"""

from __future__ import annotations

from collections.abc import Collection

from agentgauge.engines import Engine, Filter, Query
from agentgauge.errors import Ambiguous, NotFound
from agentgauge.service.reports.agents import check_known
from agentgauge.state.agents import Agent, AgentBook, AgentName


def agent_meant(
    engine: Engine, book: AgentBook, text: str, project: str | None = None, projects: Collection[str] | None = None
) -> Agent:
    """The agent that a text means, of a `project` where one is given, and of those `projects` that whoever asks may
    see (None: all).

    Digits are an id, else a name; no id begins with 0. Raises `NotFound` with near names, `Ambiguous` with the ids of
    agents of this name in several projects, and `StateError`.
    """
    if text.isascii() and text.isdigit() and not text.startswith("0"):
        known = book.by_id(int(text), projects)
        if known is not None and project in (None, known.project):
            return known
        if known is not None:
            raise NotFound(f"agent {text} is not of project {project!r}, but of {_of(known)}: leave out project=")
    filters = (Filter("agent", "=", text), *(() if project is None else (Filter("project", "=", project),)))
    rows = engine.aggregate(Query(filters=filters, group=("project",), order=("project",))).rows
    if not rows:
        check_known(engine, "agent", text)
        raise NotFound(f"project {project!r} has no agent {text!r}, others have: leave out project=")
    found = [Agent(id_, name.name, name.project or None) for name, id_ in book.ids(_names(text, rows)).items()]
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} agents are called {text!r}: ask for one by project= or by its id, "
            f"{' or '.join(f'{agent.id} ({_of(agent)})' for agent in found)}",
            allowed=[str(agent.id) for agent in found],
        )
    return found[0]


def filters_of(agent: Agent) -> tuple[Filter, ...]:
    """What the events of an agent meet."""
    of_project = Filter("project", "is null") if agent.project is None else Filter("project", "=", agent.project)
    return (Filter("agent", "=", agent.name), of_project)


def _names(name: str, rows: Collection[tuple[str | None, ...]]) -> list[AgentName]:
    return [AgentName(name, row[0] or "") for row in rows]


def _of(agent: Agent) -> str:
    return "no project" if agent.project is None else f"project {agent.project}"
