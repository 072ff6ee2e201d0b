"""The course of a budget's current period: what was used of it by each moment, up to now.

Days of UTC, and hours where the period is of at most three days. What was told of calls that are not among the events
yet is in the last point alone, which is what the budget's state says; what deleted events cost is in the day that they
were of.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Measure, Query, TimeBucket
from agentgauge.engines.time_buckets import Width
from agentgauge.service.budgets import BudgetState, column_of, within
from agentgauge.state.budget_counts import BudgetCounts
from agentgauge.state.budget_terms import Budget
from agentgauge.state.store import Store

_BY_THE_HOUR = timedelta(days=3)
_MOST_DAYS = 400
"""A budget in total may count for years: its course is then by the week."""


class Reached(msgspec.Struct, frozen=True):
    time: datetime
    used_usd: Decimal
    """By then, from the start of the period on."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    start: datetime
    end: datetime | None
    """Of the period; None of a budget in total."""
    width: Width
    points: tuple[Reached, ...]
    """From nothing, at the start, to what is used now."""

    def used_up(self, total_usd: Decimal) -> datetime | None:
        """By when so much was used; None where it is not."""
        return next((point.time for point in self.points if point.used_usd >= total_usd), None)


def course(engine: Engine, store: Store, budget: Budget, state: BudgetState, now: datetime) -> Course:
    """Of a budget whose state is that of `now` (aware). Raises `StateError`."""
    start, end = budget.counts_from(now), budget.counts_until(now)
    width = _width((end or now) - start)
    column = column_of(budget.scope)
    query = Query(
        start=start,
        end=now,
        filters=within(column, [budget], budget.project),
        group=(TimeBucket(width, "UTC", fill=True, name="start"),),
        measures=(Measure("cost", name="usd"),),
    )
    rows = engine.aggregate(query).records() if start < now else []
    starts = [row["start"].astimezone(UTC) for row in rows]
    spent = [row["usd"] or Decimal(0) for row in rows]
    for carried in BudgetCounts(store).beside([budget], now)[budget.id].carried:
        if engine.lacks(carried.deletion) and starts:
            spent[max(bisect_right(starts, carried.start) - 1, 0)] += carried.usd
    points, used = [Reached(start, Decimal(0))], Decimal(0)
    for amount, over in zip(spent, starts[1:], strict=False):
        used += amount
        points.append(Reached(over, used))
    return Course(start=start, end=end, width=width, points=(*points, Reached(max(now, start), state.used_usd)))


def _width(length: timedelta) -> Width:
    if length <= _BY_THE_HOUR:
        return "hour"
    return "day" if length <= timedelta(days=_MOST_DAYS) else "week"
