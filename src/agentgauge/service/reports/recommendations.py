"""What to do about cost: the rules of `agentgauge.policies`, over what a period shows.

    reduce_budget, pause_agent, increase_capacity, review_agent   of an agent's budget, where it has one
    cheaper_model     of an agent's operation, by operation and role
    use_cache         of an agent with a model
    stop_retries      of an agent's operation, and of an agent with a model
    unpriced_models   of a model

Reads the tasks of the period, and the calls of agents that use no cache.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.policies.budget_rules import AgentFigures, BudgetFigures, budget_findings
from agentgauge.policies.caching import use_cache
from agentgauge.policies.cheaper_model import cheaper_model
from agentgauge.policies.findings import Finding, Period, ranked
from agentgauge.policies.thresholds import Thresholds
from agentgauge.policies.waste import failed_calls, failing_retries, unpriced_model
from agentgauge.pricing import PriceBook
from agentgauge.service.asked import Asked
from agentgauge.service.readings.call_facts import failed_calls_by_agent, repetitions, unpriced
from agentgauge.service.readings.operation_trends import Mean
from agentgauge.service.readings.task_facts import TaskFacts, task_facts

_NOTHING = Decimal(0)


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    period: Period
    cost_usd: Decimal
    """Of everything in the period."""
    unpriced_calls: int
    calls: int
    """Model calls."""
    calls_without_span: int
    """Of these, recorded inside no span, so that they belong to no task: no models can be compared by them."""
    findings: tuple[Finding, ...]
    """The most pressing first."""
    way: Way


def recommendations(
    engine: Engine,
    period: Period,
    book: PriceBook,
    budgets: Mapping[str, BudgetFigures | Decimal] | None = None,
    thresholds: Thresholds | None = None,
) -> Findings:
    """Everything that the rules find. `budgets` are of agents by name; of a mere amount, what the agent cost in the
    period is what it used.
    """
    asked, limits = Asked(engine), thresholds or Thresholds()
    agents = _agents(asked, period)
    totals = asked.aggregate(
        Query(
            start=period.start,
            end=period.end,
            measures=(Measure("cost"), Measure("count", over="llm_call", name="calls")),
        )
    ).records()[0]
    spent: Decimal = totals["cost_usd"] or _NOTHING
    roles = {name: figures.role for name, figures in agents.items()}
    tasks = task_facts(asked, period)
    found = [
        *_of_budgets(agents, budgets or {}, period, limits),
        *_of_models(tasks, roles, period, spent, limits),
        *_of_caches(asked, roles, period, book, spent, limits),
        *_of_retries(asked, tasks, roles, period, spent, limits),
        *(unpriced_model(model, period, totals["calls"]) for model in unpriced(asked, period)),
    ]
    return Findings(
        period=period,
        cost_usd=spent,
        unpriced_calls=totals["unpriced_calls"],
        calls=totals["calls"],
        calls_without_span=_calls_without_span(asked, period),
        findings=ranked(found),
        way=asked.way,
    )


def _calls_without_span(engine: Engine, period: Period) -> int:
    query = Query(
        start=period.start,
        end=period.end,
        filters=(Filter("kind", "=", "llm_call"), Filter("parent_id", "is null")),
        measures=(Measure("count", name="calls"),),
    )
    count: int = engine.aggregate(query).rows[0][0]
    return count


def _agents(engine: Engine, period: Period) -> dict[str, AgentFigures]:
    query = Query(
        start=period.start,
        end=period.end,
        filters=(Filter("agent", "is not null"),),
        group=("agent", "role"),
        measures=(
            Measure("count", over="tasks", name="tasks"),
            Measure("count", over="usage", name="calls"),
            Measure("cost"),
            Measure("sum", "quality_score", over="tasks", name="score"),
            Measure("values", "quality_score", over="tasks", name="scores"),
        ),
        order=("agent", "-tasks", "-calls"),
    )
    scores: dict[str, Mean] = defaultdict(Mean)
    found: dict[str, AgentFigures] = {}
    for row in engine.aggregate(query).records():
        agent: str = row["agent"]
        scores[agent].add(row["score"], row["scores"])
        before = found.get(agent)  # the same agent in a role that it has less often
        found[agent] = AgentFigures(
            agent=agent,
            role=row["role"] if before is None or before.role is None else before.role,
            tasks=row["tasks"] + (before.tasks if before else 0),
            calls=row["calls"] + (before.calls if before else 0),
            cost_usd=(row["cost_usd"] or _NOTHING) + (before.cost_usd if before else _NOTHING),
            unpriced_calls=row["unpriced_calls"] + (before.unpriced_calls if before else 0),
            quality=scores[agent].value,
            scores=scores[agent].count,
        )
    return found


def _of_budgets(
    agents: Mapping[str, AgentFigures],
    budgets: Mapping[str, BudgetFigures | Decimal],
    period: Period,
    thresholds: Thresholds,
) -> Iterator[Finding]:
    for name in sorted({*agents, *budgets}):
        figures = agents.get(name) or AgentFigures.of_nothing(name)
        budget = budgets.get(name)
        if isinstance(budget, Decimal):
            budget = BudgetFigures(budget, figures.cost_usd)
        yield from budget_findings(figures, budget, period, thresholds)


def _of_models(
    tasks: TaskFacts, roles: Mapping[str, str | None], period: Period, spent: Decimal, thresholds: Thresholds
) -> Iterator[Finding]:
    for (agent, operation), models in tasks.by_agent.items():
        others = tuple(tasks.by_role[tasks.role_of[agent, operation], operation].values())
        for dear in models.values():
            role = None if agent is None else roles.get(agent)
            finding = cheaper_model(agent, role, operation, dear, others, period, spent, thresholds)
            if finding is not None:
                yield finding


def _of_caches(
    engine: Engine,
    roles: Mapping[str, str | None],
    period: Period,
    book: PriceBook,
    spent: Decimal,
    thresholds: Thresholds,
) -> Iterator[Finding]:
    by_agent = repetitions(engine, period, book, thresholds)
    looked_at = sum(conversations.tried > 0 for conversations in by_agent.values())
    for (agent, model), conversations in by_agent.items():
        role = None if agent is None else roles.get(agent)
        finding = use_cache(agent, role, model, conversations, looked_at, period, spent, thresholds)
        if finding is not None:
            yield finding


def _of_retries(
    engine: Engine,
    tasks: TaskFacts,
    roles: Mapping[str, str | None],
    period: Period,
    spent: Decimal,
    thresholds: Thresholds,
) -> Iterator[Finding]:
    for (agent, operation), chains in tasks.chains.items():
        role = None if agent is None else roles.get(agent)
        finding = failing_retries(agent, role, operation, chains, period, spent, thresholds)
        if finding is not None:
            yield finding
    for (agent, model), failed in failed_calls_by_agent(engine, period, tasks.burning).items():
        role = None if agent is None else roles.get(agent)
        finding = failed_calls(agent, role, model, failed, period, spent, thresholds)
        if finding is not None:
            yield finding
