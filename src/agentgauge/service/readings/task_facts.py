"""What tasks of a period tell about models and about retries, read in one scan of the operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.engines import Engine, Query
from agentgauge.policies.cheaper_model import ModelWork, UnitOfModel
from agentgauge.policies.findings import Period
from agentgauge.policies.waste import Chain
from agentgauge.service.readings.operation_trends import operation_of

_COLUMNS = (
    "time", "segment", "n", "agent", "role", "operation", "name", "model", "outcome", "quality_score", "cost_usd",
    "span_id", "attributes.attempt", "project", "ticket", "issue", "run", "session",
)  # fmt: skip
UNITS = ("ticket", "issue", "run", "session")
"""What a task belongs to, the nearest first."""

AgentOperation = tuple[str | None, str]
"""An agent, and what it did."""
_ByModel = dict[str, dict[str, UnitOfModel]]


class TaskFacts(msgspec.Struct, frozen=True):
    by_role: Mapping[tuple[str, str], Mapping[str, ModelWork]]
    """What each model did, by role (where there is none: agent) and operation."""
    by_agent: Mapping[AgentOperation, Mapping[str, ModelWork]]
    """The same by agent and operation."""
    role_of: Mapping[AgentOperation, str]
    """The role, or the agent, by which to look an agent's operation up in `by_role`."""
    chains: Mapping[AgentOperation, tuple[Chain, ...]]
    """Where something was tried again."""
    burning: frozenset[str]
    """Spans of the tasks whose cost is in a chain as burnt."""


class _Tries(msgspec.Struct):
    """Tries at one piece of work since its last success."""

    end: datetime
    retries: int = -1
    burnt_usd: float = 0.0
    spans: list[str] = msgspec.field(default_factory=list)

    def add(self, end: datetime, cost: float, span: str | None) -> None:
        self.end = end
        self.retries += 1
        if self.retries:
            self.burnt_usd += cost
            self.spans += [span] if span is not None else []


def task_facts(engine: Engine, period: Period) -> TaskFacts:
    by_role: dict[tuple[str, str], _ByModel] = defaultdict(lambda: defaultdict(lambda: defaultdict(UnitOfModel)))
    by_agent: dict[AgentOperation, _ByModel] = defaultdict(lambda: defaultdict(lambda: defaultdict(UnitOfModel)))
    role_of: dict[AgentOperation, str] = {}
    tries: dict[tuple[Any, ...], _Tries] = {}
    chains: dict[AgentOperation, list[Chain]] = defaultdict(list)
    for row in _tasks(engine, period):
        of_agent, role = (row["agent"], operation_of(row)), row["role"] or row["agent"]
        if role is not None and row["cost_usd"] is not None and _is_of_one_model(row["model"]):
            role_of[of_agent] = role
            for work in (by_role[role, of_agent[1]], by_agent[of_agent]):
                _add(work[row["model"]][unit_name(row)], row)
        work_item = row["ticket"] or row["issue"] or (row["run"] if row["attributes.attempt"] else None)
        if work_item is not None and row["outcome"] is not None:
            key = (*of_agent, row["project"], work_item)
            if row["outcome"] != "success":
                tried = tries.setdefault(key, _Tries(row["time"]))
                tried.add(row["time"], float(row["cost_usd"] or 0), row["span_id"])
            elif (before := tries.pop(key, None)) is not None:
                chains[of_agent].append(Chain(row["time"], before.retries + 1, True, 0.0))
    for key, lost in tries.items():
        if lost.retries:
            chains[key[0], key[1]].append(Chain(lost.end, lost.retries, False, lost.burnt_usd))
    return TaskFacts(
        by_role={key: _works(models) for key, models in by_role.items()},
        by_agent={key: _works(models) for key, models in by_agent.items()},
        role_of=role_of,
        chains={key: tuple(found) for key, found in chains.items()},
        burning=frozenset(span for lost in tries.values() for span in lost.spans),
    )


def _tasks(engine: Engine, period: Period) -> Iterator[dict[str, Any]]:
    for row in engine.scan(Query(start=period.start, end=period.end, relation="operations"), _COLUMNS):
        yield dict(zip(_COLUMNS, row, strict=True))


def _is_of_one_model(model: str | None) -> bool:
    return model is not None and " + " not in model


def unit_name(row: Mapping[str, Any]) -> str:
    """The unit of work that a task belongs to; of one that names none, the task itself."""
    kind = next((kind for kind in UNITS if row[kind] is not None), None)
    return f"{row['segment']}/{row['n']}" if kind is None else f"{row['project']}/{kind}/{row[kind]}"


def _add(unit: UnitOfModel, row: Mapping[str, Any]) -> None:
    unit.tasks += 1
    unit.cost_usd += float(row["cost_usd"])
    if row["outcome"] is not None:
        unit.succeeded = row["outcome"] == "success"
    if row["quality_score"] is not None:
        unit.quality_sum += row["quality_score"]
        unit.scores += 1


def _works(models: _ByModel) -> dict[str, ModelWork]:
    return {model: ModelWork(model, units) for model, units in models.items()}
