"""What budgets have spent outlives the events that say so.

Events go by age, and where a person is to be forgotten; the money is spent all the same. So before they go, their cost
is summed up for the budgets that they count in, under a mark that the version of the lake bears which is without them:
a snapshot that still has them counts them, one that has not counts the sums, also after a crash in between. What guards
told of them counts as seen from then on.

By age, the sums that are kept of agents, roles and projects go on to answer; of these only what lies before the first
whole sum is carried. What is carried is of the budgets as they are then: of one that is made later, or begins earlier,
what is gone does not count.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.lake import Snapshot
from agentgauge.lake.lake import Leaving
from agentgauge.lake.rollups.figures import DIMENSIONS
from agentgauge.lake.rollups.levels import SUMS
from agentgauge.service.budget_charges import Sighting
from agentgauge.service.budgets import column_of, within
from agentgauge.state.budget_counts import BudgetCounts, Carried
from agentgauge.state.budget_terms import Budget
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.store import Store

_STEP = timedelta(seconds=SUMS.seconds)
_DAYS = TimeBucket("day", name="day")


def of_age(store: Store, before: datetime, now: datetime) -> Leaving:
    """For events that arrived before `before`."""
    conditions = (
        (Filter("arrived", "<", before),),
        (Filter("arrived", "is null"), Filter("time", "<", before)),
    )
    return lambda snapshot: _carry(store, snapshot, conditions, now, sums_stay=True)


def of_user(store: Store, user: str, now: datetime) -> Leaving:
    """For the events of a person."""
    return lambda snapshot: _carry(store, snapshot, ((Filter("user", "=", user),),), now, sums_stay=False)


def _carry(
    store: Store, snapshot: Snapshot, conditions: Sequence[tuple[Filter, ...]], now: datetime, *, sums_stay: bool
) -> str | None:
    budgets = BudgetBook(store).budgets()
    if not budgets:
        return None
    counts = BudgetCounts(store)
    opened = counts.now()
    mark = f"agentgauge.carried.{secrets.token_hex(8)}"
    engine = DuckDBEngine(snapshot.connection)
    found: dict[tuple[int, datetime, bool], Decimal] = defaultdict(Decimal)
    for condition in conditions:
        for id_, start, is_edge, usd in _sums(engine, budgets, condition, now, sums_stay=sums_stay):
            found[id_, start, is_edge] += usd
    rows = [Carried(id_, mark, start, usd, is_edge) for (id_, start, is_edge), usd in found.items() if usd]
    if not rows:
        return None
    sighting = Sighting(engine, now)
    beside = counts.beside(budgets, now)
    for budget in budgets:
        counts.landed(budget.id, budget.counts_from(now), sighting.sort(beside[budget.id].told).seen, opened)
    counts.carry(rows)
    return mark


def _sums(
    engine: Engine, budgets: Sequence[Budget], condition: tuple[Filter, ...], now: datetime, *, sums_stay: bool
) -> Iterator[tuple[int, datetime, bool, Decimal]]:
    """Of each budget's period of now: the money by day, or at its edge."""
    alike: dict[tuple[str, datetime, str | None], list[Budget]] = defaultdict(list)
    for budget in budgets:
        alike[column_of(budget.scope), budget.counts_from(now), budget.project].append(budget)
    for (column, start, project), together in alike.items():
        is_edge = sums_stay and column in DIMENSIONS
        query = Query(
            start=start,
            end=_first_whole_sum(start) if is_edge else None,
            filters=(*within(column, together, project), *condition),
            group=(column, _DAYS),
            measures=(Measure("cost"),),
        )
        for row in engine.aggregate(query).records():
            for budget in together:
                if budget.name == row[column] and row["cost_usd"]:
                    yield budget.id, start if is_edge else row["day"].astimezone(UTC), is_edge, row["cost_usd"]


def _first_whole_sum(start: datetime) -> datetime:
    past = (start - datetime(1970, 1, 1, tzinfo=UTC)) % _STEP
    return start + (_STEP - past if past else timedelta(0))
