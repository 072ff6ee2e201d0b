"""What of budgets is used: the cost of all priced calls in their scopes since their current periods began.

That is what the events of a snapshot say, what was told of calls that are not in it yet, and what calls cost whose
events have been deleted since. Costs one question of the events for all budgets of one kind of scope, project and
period together, and one about what was told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.service.budget_charges import Sighting
from agentgauge.service.recorded import check_recorded
from agentgauge.service.window import Window
from agentgauge.state.budget_counts import Beside, BudgetCounts
from agentgauge.state.budget_terms import (
    Budget,
    BudgetPeriod,
    Scope,
    SetBy,
    Status,
    Terms,
    status_of,
    utilization_percent,
)
from agentgauge.state.store import Store

_COLUMNS = {"ticket": "work_item"}
"""Columns of events that are not called as the scope is."""
_COST = Measure("cost")


class Use(msgspec.Struct, frozen=True):
    counted_usd: Decimal = Decimal(0)
    """By the events, those included that were deleted meanwhile."""
    unpriced_calls: int = 0
    """Calls whose cost is not known, so that it is not counted."""
    told_usd: Decimal = Decimal(0)
    """Of calls that are not in the snapshot yet, or in it without a price."""
    reserved_usd: Decimal = Decimal(0)
    """For calls that are under way."""

    @property
    def cost_usd(self) -> Decimal:
        return self.counted_usd + self.told_usd


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
    told_usd: Decimal
    """Of it, what was told of calls that are not among the events yet, or are without a price."""
    reserved_usd: Decimal
    """For calls that are under way."""
    remaining_usd: Decimal
    """Neither used nor reserved; below 0 where more was used than there was."""
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
    set_by: SetBy
    """`code`: by a program, which may change it."""


class DecidedBudget(BudgetState, frozen=True, kw_only=True):
    """A budget as somebody has just made or changed it."""

    note: str | None = None
    """Where nothing was recorded yet of what it is of: the name may be mistyped."""


def uses(engine: Engine, store: Store, budgets: Iterable[Budget], now: datetime) -> Mapping[int, Use]:
    """By the ids of the budgets, since the period began that `now` (aware) is in. `store` has the accounts.

    A charge is read before its event is looked for, and each counts once. Raises `StateError`.
    """
    listed = tuple(budgets)
    beside = BudgetCounts(store).beside(listed, now)
    counts = counted(engine, listed, beside, now)
    told = [one for account in beside.values() for one in account.told]
    missing = Sighting(engine, now).sort(told).missing if told else frozenset()
    return {
        id_: msgspec.structs.replace(
            use,
            told_usd=sum((one.usd for one in beside[id_].told if one.identity in missing), Decimal(0)),
            reserved_usd=beside[id_].reserved_usd,
        )
        for id_, use in counts.items()
    }


def counted(
    engine: Engine,
    budgets: Iterable[Budget],
    beside: Mapping[int, Beside],
    now: datetime,
    *,
    until: datetime | None = None,
) -> Mapping[int, Use]:
    """What the events say: of one snapshot, and of what was deleted before it. `until`: those before it alone."""
    alike: dict[tuple[str, datetime, str | None], list[Budget]] = defaultdict(list)
    for budget in budgets:
        alike[column_of(budget.scope), budget.counts_from(now), budget.project].append(budget)
    found: dict[int, Use] = {}
    for (column, start, project), together in alike.items():
        query = Query(
            start=start, end=until, filters=within(column, together, project), group=(column,), measures=(_COST,)
        )
        by_name = {row[column]: row for row in engine.aggregate(query).records()}
        for budget in together:
            row = by_name.get(budget.name, {})
            deleted = sum((one.usd for one in beside[budget.id].carried if engine.lacks(one.deletion)), Decimal(0))
            found[budget.id] = Use((row.get("cost_usd") or Decimal(0)) + deleted, row.get("unpriced_calls", 0))
    return found


def column_of(scope: Scope) -> str:
    """The column of events that a scope is of."""
    return _COLUMNS.get(scope, scope)


def within(column: str, budgets: Iterable[Budget], project: str | None) -> tuple[Filter, ...]:
    """The conditions on events that budgets of one column and project are of."""
    names = Filter(column, "in", tuple(sorted({budget.name for budget in budgets})))
    return (names,) if project is None else (names, Filter("project", "=", project))


def unrecorded(engine: Engine, terms: Terms) -> str | None:
    """What to say where nothing was ever recorded of what a budget is of; None where something was."""
    named = [Filter(column_of(terms.scope), "=", terms.name)]
    if terms.project is not None and terms.scope != "project":
        named.append(Filter("project", "=", terms.project))
    try:
        check_recorded(engine, Window(), named)
    except QueryError as error:
        said = str(error).replace(f" {column_of(terms.scope)} ", f" {terms.scope} ")  # as the budget's terms call it
        return f"nothing counts yet: {said}"
    return None


def states(engine: Engine, store: Store, budgets: Iterable[Budget], now: datetime) -> tuple[BudgetState, ...]:
    """The budgets in their order, with what is used of each. Raises `StateError`."""
    listed = tuple(budgets)
    used = uses(engine, store, listed, now)
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
        told_usd=use.told_usd,
        reserved_usd=use.reserved_usd,
        remaining_usd=budget.total_usd - use.cost_usd - use.reserved_usd,
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
        set_by=budget.set_by,
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
