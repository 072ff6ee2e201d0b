"""What of budgets is used: the cost of all priced calls in their scopes since their current periods began.

Costs one question of the events for all budgets of one kind of scope, project and period together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.service.recorded import check_recorded
from agentgauge.service.window import Window
from agentgauge.state.budget_terms import Budget, BudgetPeriod, Scope, Status, Terms, status_of, utilization_percent

_COLUMNS = {"ticket": "work_item"}
"""Columns of events that are not called as the scope is."""


class Use(msgspec.Struct, frozen=True):
    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0
    """Calls whose cost is not known, so that it is not in it."""


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """A budget, and what is used of it now."""

    id: int
    scope: Scope
    name: str
    project: str | None
    """None: in all projects together."""
    period: BudgetPeriod
    total_usd: Decimal
    used_usd: Decimal
    remaining_usd: Decimal
    """Below 0 where more was used than there was."""
    utilization_percent: float | None
    """None where something was used of nothing."""
    unpriced_calls: int
    """Calls in it whose cost is not known."""
    status: Status
    warning_percent: float
    critical_percent: float
    start: datetime
    counted_from: datetime
    """Start of the current period."""
    created: datetime
    updated: datetime
    version: int


class DecidedBudget(BudgetState, frozen=True, kw_only=True):
    """A budget as somebody has just made or changed it."""

    note: str | None = None
    """Where nothing was recorded yet of what it is of: the name may be mistyped."""


def uses(engine: Engine, budgets: Iterable[Budget], now: datetime) -> Mapping[int, Use]:
    """By the ids of the budgets, since the period began that `now` (aware) is in; unpriced calls are not in it."""
    alike: dict[tuple[str, datetime, str | None], list[Budget]] = defaultdict(list)
    for budget in budgets:
        alike[_COLUMNS.get(budget.scope, budget.scope), budget.counts_from(now), budget.project].append(budget)
    found: dict[int, Use] = {}
    for (column, start, project), together in alike.items():
        names = tuple(sorted({budget.name for budget in together}))
        query = Query(
            start=start,
            filters=(Filter(column, "in", names), *(() if project is None else (Filter("project", "=", project),))),
            group=(column,),
            measures=(Measure("cost"),),
        )
        by_name = {
            row[column]: Use(row["cost_usd"] or Decimal(0), row["unpriced_calls"])
            for row in engine.aggregate(query).records()
        }
        found |= {budget.id: by_name.get(budget.name, Use()) for budget in together}
    return found


def unrecorded(engine: Engine, terms: Terms) -> str | None:
    """What to say where nothing was ever recorded of what a budget is of; None where something was."""
    named = [Filter(_COLUMNS.get(terms.scope, terms.scope), "=", terms.name)]
    if terms.project is not None and terms.scope != "project":
        named.append(Filter("project", "=", terms.project))
    try:
        check_recorded(engine, Window(), named)
    except QueryError as error:
        return f"nothing counts yet: {error}"
    return None


def states(engine: Engine, budgets: Iterable[Budget], now: datetime) -> tuple[BudgetState, ...]:
    """The budgets in their order, with what is used of each."""
    listed = tuple(budgets)
    used = uses(engine, listed, now)
    return tuple(_state(budget, used[budget.id], now) for budget in listed)


def _state(budget: Budget, use: Use, now: datetime) -> BudgetState:
    return BudgetState(
        id=budget.id,
        scope=budget.scope,
        name=budget.name,
        project=budget.project,
        period=budget.period,
        total_usd=budget.total_usd,
        used_usd=use.cost_usd,
        remaining_usd=budget.total_usd - use.cost_usd,
        utilization_percent=utilization_percent(use.cost_usd, budget.total_usd),
        unpriced_calls=use.unpriced_calls,
        status=status_of(use.cost_usd, budget),
        warning_percent=budget.warning_percent,
        critical_percent=budget.critical_percent,
        start=budget.start,
        counted_from=budget.counts_from(now),
        created=budget.created,
        updated=budget.updated,
        version=budget.version,
    )


def agreed(terms: Terms) -> Terms:
    """Terms that go together; a budget of a project is in that project.

    Raises `QueryError` naming the field.
    """
    if terms.warning_percent > terms.critical_percent:
        raise QueryError(
            f"the warning at {terms.warning_percent:g} % comes after the critical threshold at "
            f"{terms.critical_percent:g} %: let it be the lower one",
            field="warning_percent",
        )
    if terms.scope != "project":
        return terms
    if terms.project not in (None, terms.name):
        raise QueryError(
            f"the budget of project {terms.name!r} cannot be in project {terms.project!r}: leave that out",
            field="project",
        )
    return msgspec.structs.replace(terms, project=terms.name)
