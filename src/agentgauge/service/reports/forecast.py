"""Forecast: what the coming days will cost, or use, and when a budget is used up.

From the totals of complete days in a zone (`agentgauge.analysis.forecast`); today is the first day that is forecast.
What was spent is exact money; what is forecast are statistics, in floats. A call without a price is in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from itertools import pairwise

import msgspec

from agentgauge.analysis.forecast import FEWEST_DAYS_OF_INTERVALS, MOST_DAYS, Span
from agentgauge.analysis.forecast import forecast as forecast_of
from agentgauge.analysis.forecast_backtest import Coverage
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.engines.time_buckets import bucket_time, zone_named
from agentgauge.errors import QueryError
from agentgauge.service.asked import Asked
from agentgauge.service.readings.amounts import AMOUNTS, amounts_by, unit_of
from agentgauge.service.readings.past_days import State, past_days, state_of
from agentgauge.service.readings.run_out import run_out
from agentgauge.service.window import Window

DAYS = 30


class Day(msgspec.Struct, frozen=True):
    day: date
    expected: Span


class Week(msgspec.Struct, frozen=True):
    """Days ahead of one calendar week, from Monday; the first and last can have fewer than seven."""

    first: date
    last: date
    expected: float
    so_far: Span
    """From the first day that is forecast to the last of this week."""


class Past(msgspec.Struct, frozen=True):
    day: date
    value: float


class BudgetDates(msgspec.Struct, frozen=True, kw_only=True):
    """When a budget is used up. A date of None is one after the last day that was forecast."""

    budget_usd: Decimal
    since: date
    spent_usd: Decimal
    """Of priced calls, up to now."""
    spent_today_usd: Decimal
    unpriced_calls: int
    exhausted: bool
    """It is used up already."""
    day: date | None
    earliest_80: date | None
    latest_80: date | None
    earliest_95: date | None
    latest_95: date | None
    horizon: date
    """The last day that was forecast."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    time_zone: str
    state: State
    history_days: int
    """Complete days that it is from, at most 366; of cost none where nothing of them has a price."""
    since: date | None
    """The first of them."""
    break_days: int
    """Days without anything, 28 or more, right before the first, whence nothing older is in the forecast; 0 of none."""
    needed_days: int
    """For a forecast with intervals."""
    method: str
    first: date
    """Today, in the zone."""
    last: date
    total: Span | None
    """Of all days ahead together; None where there is no forecast."""
    days: tuple[Day, ...]
    weeks: tuple[Week, ...]
    past: tuple[Past, ...]
    """The complete days, for comparison."""
    past_total: Decimal
    """Of all complete days that it is from, exact."""
    unpriced_calls: int
    """Calls in these days whose cost is not known."""
    tested_days: int
    """How far ahead sums could be tested on the past; intervals beyond are extrapolated."""
    coverage: tuple[Coverage, ...]
    budget: BudgetDates | None
    way: Way


def forecast(
    engine: Engine,
    window: Window,
    *,
    zone: str,
    now: datetime,
    metric: str = "cost",
    days: int = DAYS,
    filters: Sequence[Filter] = (),
    budget_usd: Decimal | None = None,
    budget_since: date | None = None,
) -> Forecast:
    """The next `days`, today included, from the complete days of the window; without a start, of the last 366.

    A budget is of cost, and counts from `budget_since`, by default the first of this month. Raises `QueryError`.
    """
    if metric not in AMOUNTS:
        near = get_close_matches(metric, AMOUNTS, n=1)
        raise QueryError(
            f"no forecast of {metric!r}{f': did you mean {near[0]}?' if near else ':'} {', '.join(AMOUNTS)} add up "
            "over days"
        )
    if not 1 <= days <= MOST_DAYS:
        raise QueryError(f"a forecast is of 1 to {MOST_DAYS} days, not of {days}")
    if budget_usd is not None and metric != "cost":
        raise QueryError(f"a budget is of cost, not of {metric}: leave metric out")
    asked, clocks = Asked(engine), zone_named(zone)
    today = now.astimezone(clocks).date()
    midnight = bucket_time("day", clocks, today.toordinal())
    start = window.start or bucket_time("day", clocks, today.toordinal() - MOST_DAYS)
    ended = Window(min(start, midnight), min(window.end or midnight, midnight))
    past = past_days(amounts_by(asked, metric, None, ended, "day", zone, now, filters).get(None))
    made = forecast_of(past.values, days)
    dates = [today + timedelta(days=ahead) for ahead in range(days)]
    read = Window(past.points[0].start, ended.end) if past.points else None
    return Forecast(
        metric=metric,
        unit=unit_of(metric),
        time_zone=zone,
        state=state_of(made.history_days),
        history_days=made.history_days,
        since=past.points[0].start.date() if past.points else None,
        break_days=past.break_days,
        needed_days=FEWEST_DAYS_OF_INTERVALS,
        method=made.method,
        first=today,
        last=dates[-1],
        total=made.sums[-1] if made.sums else None,
        days=tuple(Day(*each) for each in zip(dates, made.days, strict=False)),
        weeks=_weeks(dates, made.days, made.sums),
        past=tuple(Past(point.start.date(), point.value) for point in past.points),
        past_total=_total(asked, metric, read, filters) if read else Decimal(0),
        unpriced_calls=past.unpriced_calls,
        tested_days=made.tested_days,
        coverage=made.coverage,
        budget=None
        if budget_usd is None
        else _budget(asked, budget_usd, budget_since or today.replace(day=1), zone, now, filters, made.sums),
        way=asked.way,
    )


def _weeks(dates: Sequence[date], days: Sequence[Span], sums: Sequence[Span]) -> tuple[Week, ...]:
    if not days:
        return ()
    mondays = [at for at, day in enumerate(dates) if day.weekday() == 0 and at]
    return tuple(
        Week(dates[begin], dates[end - 1], sum(day.value for day in days[begin:end]), sums[end - 1])
        for begin, end in pairwise([0, *mondays, len(dates)])
    )


def _total(engine: Engine, metric: str, window: Window, filters: Sequence[Filter]) -> Decimal:
    measure = {
        "cost": Measure("cost", name="total"),
        "tokens": Measure("sum", "tokens", name="total"),
    }.get(metric, Measure("count", over="tasks", name="total"))
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=(measure,))
    return Decimal(engine.aggregate(query).records()[0]["total"] or 0)


def _budget(
    engine: Engine,
    budget_usd: Decimal,
    since: date,
    zone: str,
    now: datetime,
    filters: Sequence[Filter],
    sums: Sequence[Span],
) -> BudgetDates:
    clocks = zone_named(zone)
    today = now.astimezone(clocks).date()
    if since > today:
        raise QueryError(f"the budget begins on {since.isoformat()}, after today, {today.isoformat()}")
    begin, midnight = (bucket_time("day", clocks, day.toordinal()) for day in (since, today))
    before, _ = _spent(engine, begin, midnight, filters)
    of_today, _ = _spent(engine, midnight, now, filters)
    _, unpriced = _spent(engine, begin, now, filters)
    spent = before + of_today
    dates = run_out(budget_usd, before, of_today, sums, today)
    return BudgetDates(
        budget_usd=budget_usd,
        since=since,
        spent_usd=spent,
        spent_today_usd=of_today,
        unpriced_calls=unpriced,
        exhausted=spent >= budget_usd,
        horizon=today + timedelta(days=max(len(sums) - 1, 0)),
        **msgspec.structs.asdict(dates),
    )


def _spent(engine: Engine, start: datetime, end: datetime, filters: Sequence[Filter]) -> tuple[Decimal, int]:
    """Dollars of priced calls, and how many are unpriced."""
    query = Query(start=start, end=end, filters=tuple(filters), measures=(Measure("cost", name="usd"),))
    row = engine.aggregate(query).records()[0]
    return row["usd"] or Decimal(0), row["usd_unpriced_calls"]
