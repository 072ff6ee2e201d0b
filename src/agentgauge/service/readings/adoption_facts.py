"""What the effect of an accepted recommendation is measured by: observations of one period, before or after.

    cheaper_model                cost per task of the agent's operation
    use_cache                    cost per task of the agent with the model; of an agent without such tasks, per call
    stop_retries, an operation   cost of the agent's operation per piece of work, however often it was tried
    stop_retries, a model        cost of failed calls per call of the agent with the model, by day
    pause_agent, reduce_budget   cost of the agent per day

Units are issues, tickets, runs and sessions, where days are not named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.analysis.pairs import Observation
from agentgauge.engines import Engine, Filter, Query
from agentgauge.policies.findings import Finding, Period
from agentgauge.service.readings.operation_trends import operation_of
from agentgauge.service.readings.task_facts import UNITS, unit_name

COST_PER_TASK, COST_PER_CALL = "cost per task", "cost per call"
COST_PER_WORK, FAILED_PER_CALL = "cost per piece of work", "cost of failed calls per call"
COST_PER_DAY = "cost per day"


class Observed(msgspec.Struct, frozen=True):
    """Per unit the amount, USD, and how many operations it is of."""

    measure: str
    before: list[Observation]
    since: list[Observation]


def observed(engine: Engine, finding: Finding, before: Period, since: Period) -> Observed | None:
    """What a finding is measured by, in the period up to the decision and the one from it on; None where it saves
    nothing that could be measured. Reads tasks once for both.
    """
    whole, decided = Period(before.start, since.end), since.start
    match finding.type:
        case "cheaper_model":
            return _by_unit(COST_PER_TASK, _tasks(engine, finding, whole), decided)
        case "use_cache":
            of_tasks = _by_unit(COST_PER_TASK, _tasks(engine, finding, whole), decided)
            return of_tasks if of_tasks.before else _by_unit(COST_PER_CALL, _calls(engine, finding, whole), decided)
        case "stop_retries" if finding.operation is not None:
            return _by_unit(COST_PER_WORK, _tasks(engine, finding, whole), decided)
        case "stop_retries":
            return Observed(FAILED_PER_CALL, *(_failed_by_day(engine, finding, period) for period in (before, since)))
        case "pause_agent" | "reduce_budget":
            known = (_agent(finding), Filter("cost_usd", "is not null"))
            return Observed(COST_PER_DAY, *(_by_day(engine, period, known) for period in (before, since)))
        case _:
            return None


def _by_unit(measure: str, rows: Iterator[dict[str, Any]], decided: datetime) -> Observed:
    costs: tuple[dict[str, Decimal], ...] = (defaultdict(Decimal), defaultdict(Decimal))
    counts: tuple[dict[str, int], ...] = (defaultdict(int), defaultdict(int))
    for row in rows:
        part, unit = int(row["time"] >= decided), unit_name(row)
        costs[part][unit] += row["cost_usd"]
        counts[part][unit] += 1
    before, since = (
        [Observation(unit, float(cost), 1 if measure == COST_PER_WORK else count[unit]) for unit, cost in of.items()]
        for of, count in zip(costs, counts, strict=True)
    )
    return Observed(measure, before, since)


def _tasks(engine: Engine, finding: Finding, period: Period) -> Iterator[dict[str, Any]]:
    """Tasks whose cost is known: of the agent's operation, or with the model."""
    more = () if finding.operation is not None or finding.model is None else (_model(finding),)
    query = Query(
        start=period.start,
        end=period.end,
        filters=(_agent(finding), Filter("cost_usd", "is not null"), *more),
        relation="operations",
    )
    for row in _rows(engine, query, "operation", "name"):
        if finding.operation in (None, operation_of(row)):
            yield row


def _calls(engine: Engine, finding: Finding, period: Period) -> Iterator[dict[str, Any]]:
    kind = Filter("kind", "=", "llm_call")
    filters = (kind, _agent(finding), _model(finding), Filter("cost_usd", "is not null"))
    return _rows(engine, Query(start=period.start, end=period.end, filters=filters))


def _rows(engine: Engine, query: Query, *more: str) -> Iterator[dict[str, Any]]:
    columns = ("time", "segment", "n", "project", *UNITS, "cost_usd", *more)
    for row in engine.scan(query, columns):
        yield dict(zip(columns, row, strict=True))


def _by_day(engine: Engine, period: Period, filters: tuple[Filter, ...]) -> list[Observation]:
    """Money of calls per day of the period, counted from its start; the last day is as long as it is."""
    query = Query(start=period.start, end=period.end, filters=filters)
    amounts = period.by_day((time, float(cost)) for time, cost in engine.scan(query, ("time", "cost_usd")))
    return [Observation(str(day), amount, min(1.0, period.days - day)) for day, amount in enumerate(amounts)]


def _failed_by_day(engine: Engine, finding: Finding, period: Period) -> list[Observation]:
    of_model = (Filter("kind", "=", "llm_call"), _agent(finding), _model(finding))
    failed = _by_day(engine, period, (*of_model, Filter("success", "=", False), Filter("cost_usd", "is not null")))
    calls = engine.scan(Query(start=period.start, end=period.end, filters=of_model), ("time",))
    counts = period.by_day((time, 1.0) for (time,) in calls)
    return [Observation(day.unit, day.value, count) for day, count in zip(failed, counts, strict=True) if count]


def _agent(finding: Finding) -> Filter:
    return Filter("agent", "is null") if finding.agent is None else Filter("agent", "=", finding.agent)


def _model(finding: Finding) -> Filter:
    assert finding.model is not None
    return Filter("model", "=", finding.model)
