"""The view `agent_metrics` of `agentgauge sql`: one row per task, with what the calls inside it used.

It is a view over the lake, never out of date and nothing to fill. Only the integer ids of agents are not in the lake:
they are looked up first (`agent_ids`) and handed to the snapshot that the view is made in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.errors import StateError
from agentgauge.events import kinds
from agentgauge.state.agents import AgentBook, AgentName

if TYPE_CHECKING:
    import duckdb

NAME = "agent_metrics"
COLUMNS = {
    "timestamp": "operations.time",
    "agent_id": "agent_ids.id",
    "role": "role",
    "operation_type": "coalesce(operation, operations.name)",
    "execution_time_ms": "duration_ms",
    "tokens": "tokens",
    "api_calls": "model_calls",
    "success": "success",
    "quality_score": "quality_score",
    "cost_usd": "cost_usd",
    "agent_name": "agent",
    "project": "operations.project",
}
"""The documented columns in their order, and two that tell whose the id is. `tokens` and `cost_usd` are NULL where no
call is inside, and `cost_usd` also where one has no price."""


def agent_ids(engine: Engine, book: AgentBook) -> Mapping[AgentName, int]:
    """The ids of all agents that have tasks; new ones get theirs in the order of their first task.

    Where that cannot be kept, those that have an id already. Raises `StateError` where these cannot be read either.
    """
    tasks = Query(
        filters=(Filter("agent", "is not null"), Filter("kind", "in", kinds.TASK_KINDS)),
        group=("agent", "project"),
        measures=(Measure("min", "time", name="first"),),
        order=("first", "agent", "project"),
    )
    names = [AgentName(row["agent"], row["project"] or "") for row in engine.aggregate(tasks).records()]
    try:
        return book.ids(names)
    except StateError:
        return {AgentName(agent.name, agent.project or ""): agent.id for agent in book.all()}


def create_agent_metrics(connection: duckdb.DuckDBPyConnection, ids: Mapping[AgentName, int]) -> None:
    """Create the view over a snapshot's events; `agent_id` is NULL of an agent that is not among `ids`."""
    from agentgauge.engines.operations import operations  # deferred, as DuckDB: it imports sqlglot

    connection.execute("CREATE OR REPLACE TABLE internal.agent_ids (name TEXT, project TEXT, id BIGINT)")
    if ids:
        rows = [(name.name, name.project, number) for name, number in ids.items()]
        connection.executemany("INSERT INTO internal.agent_ids VALUES (?, ?, ?)", rows)
    columns = ", ".join(f"{value} AS {name}" for name, value in COLUMNS.items())
    connection.execute(
        f"CREATE OR REPLACE VIEW {NAME} AS SELECT {columns} FROM {operations(()).sql('duckdb')} "  # noqa: S608 - our own names
        "LEFT JOIN internal.agent_ids AS agent_ids "
        "ON agent_ids.name = operations.agent AND agent_ids.project = coalesce(operations.project, '')"
    )
