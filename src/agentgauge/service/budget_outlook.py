"""What budgets are expected to cost: day by day until their periods end, and when they are used up.

As `agentgauge forecast --budget` says it, of a budget's own scope, exact start and exact use, what was told of calls
and what deleted events cost included. Days are those of UTC, as a budget's periods are. A call without a price is in
neither side; what is reserved is not spent. Costs two questions of the events for all budgets of one kind of scope and
project together, and 20 to 60 ms for each name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from agentgauge.analysis.forecast import MOST_DAYS, Forecast, Span, forecast
from agentgauge.engines import Engine
from agentgauge.service.budgets import BudgetState, column_of, counted, within
from agentgauge.service.readings.amounts import amounts_by
from agentgauge.service.readings.past_days import State, past_days, state_of
from agentgauge.service.readings.run_out import RunOut, at_least, run_out
from agentgauge.service.window import Window
from agentgauge.state.budget_counts import BudgetCounts
from agentgauge.state.budget_terms import Budget
from agentgauge.state.store import Store

DAYS = 30
"""That are looked at, today included, where no period ends earlier."""


class Expected(msgspec.Struct, frozen=True):
    """What is used of a budget by the end of a day."""

    day: date
    used: Span


class Outlook(RunOut, frozen=True, kw_only=True):
    """Dates are in the current period alone: with the next one it begins at nothing again."""

    state: State
    """How much the past says: dates need a forecast, and their intervals `forecast`."""
    history_days: int
    exhausted: bool
    """It is used up already."""
    last: date
    """The last day that was looked at."""
    period_ends: bool
    """Whether the budget's period ends with that day."""
    days: tuple[Expected, ...]
    """From today on; none where there is too little history."""


def outlooks(
    engine: Engine, store: Store, budgets: Sequence[Budget], states: Sequence[BudgetState], now: datetime
) -> Mapping[int, Outlook]:
    """By the ids of the budgets, whose states are those of `now` (aware). Raises `StateError`."""
    today = now.astimezone(UTC).date()
    midnight = datetime.combine(today, time(), UTC)
    before = _used_before(engine, store, budgets, midnight, now)
    forecasts = _forecasts(engine, budgets, midnight, now)
    return {
        budget.id: _outlook(budget, state, before[budget.id], forecasts[_key(budget)], today, now)
        for budget, state in zip(budgets, states, strict=True)
    }


def _outlook(
    budget: Budget, state: BudgetState, before: Decimal, found: Forecast, today: date, now: datetime
) -> Outlook:
    of_today = state.used_usd - before
    last, period_ends = _last_day(budget, today, now)
    sums = [at_least(span, float(of_today)) for span in found.sums[: (last - today).days + 1]]
    dates = run_out(budget.total_usd, before, of_today, sums, today)
    return Outlook(
        **msgspec.structs.asdict(dates),
        state=state_of(found.history_days),
        history_days=found.history_days,
        exhausted=state.used_usd >= budget.total_usd,
        last=last,
        period_ends=period_ends,
        days=tuple(
            Expected(today + timedelta(days=ahead), _after(span, float(before))) for ahead, span in enumerate(sums)
        ),
    )


def _last_day(budget: Budget, today: date, now: datetime) -> tuple[date, bool]:
    end = budget.counts_until(now)
    if end is None:
        return today + timedelta(days=DAYS - 1), False
    return end.date() - timedelta(days=1), True


def _used_before(
    engine: Engine, store: Store, budgets: Sequence[Budget], midnight: datetime, now: datetime
) -> Mapping[int, Decimal]:
    """What was used until this day began."""
    begun = [budget for budget in budgets if budget.counts_from(now) < midnight]
    uses = counted(engine, begun, BudgetCounts(store).beside(begun, now), now, until=midnight)
    return {budget.id: uses[budget.id].cost_usd if budget.id in uses else Decimal(0) for budget in budgets}


_Key = tuple[str, str | None, str]


def _key(budget: Budget) -> _Key:
    """Budgets that differ only in their periods have the same past."""
    return column_of(budget.scope), budget.project, budget.name


def _forecasts(engine: Engine, budgets: Sequence[Budget], midnight: datetime, now: datetime) -> Mapping[_Key, Forecast]:
    alike: dict[tuple[str, str | None], list[Budget]] = defaultdict(list)
    for budget in budgets:
        alike[column_of(budget.scope), budget.project].append(budget)
    window = Window(midnight - timedelta(days=MOST_DAYS), midnight)
    found: dict[_Key, Forecast] = {}
    for (column, project), together in alike.items():
        filters = within(column, together, project)
        series = amounts_by(engine, "cost", column, window, "day", "UTC", now, filters)
        for name in {budget.name for budget in together}:
            found[column, project, name] = forecast(past_days(series.get(name)).values, DAYS + 1)
    return found


def _after(span: Span, used: float) -> Span:
    return Span(*(figure + used for figure in msgspec.structs.astuple(span)))
