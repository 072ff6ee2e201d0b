"""What was spent: in a window, in the mean of its days, and today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.engines.time_buckets import bucket_time, zone_named
from agentgauge.service import reports
from agentgauge.service.window import Window


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """Of priced calls; None where there are calls and none of them has a price."""

    total_usd: Decimal | None
    unpriced_calls: int
    """In the window; they are in no sum."""
    per_day_usd: Decimal | None
    """In the mean of the whole days of the window, from the first event on; None where there is none."""
    days: int
    """Whole days that this is the mean of: those on which calls were made and none has a price are not among them."""
    course: tuple[Decimal | None, ...]
    """Of each whole day, in order of time; None where its cost is not known."""
    today_starts: datetime
    today_usd: Decimal | None
    """Since midnight in the zone, whatever the window is."""
    today_unpriced_calls: int
    yesterday_usd: Decimal | None
    yesterday_unpriced_calls: int


def spend(engine: Engine, window: Window, *, zone: str, now: datetime, filters: Sequence[Filter] = ()) -> Spend:
    """Raises `QueryError` for a window of more than 10,000 days."""
    clocks = zone_named(zone)
    today = now.astimezone(clocks).date().toordinal()
    midnight, before = (bucket_time("day", clocks, day) for day in (today, today - 1))
    found = reports.cost(engine, window, filters)
    of_today = reports.cost(engine, Window(midnight), filters)
    of_yesterday = reports.cost(engine, Window(before, midnight), filters)
    course = [
        bucket.of.cost_usd
        for bucket in reports.cost_over_time(engine, window, "day", zone, now, filters).rows
        if bucket.complete and found.first is not None and bucket.start >= found.first
    ]
    days = [cost for cost in course if cost is not None]
    return Spend(
        total_usd=found.cost_usd,
        unpriced_calls=found.unpriced_calls,
        per_day_usd=sum(days, Decimal(0)) / len(days) if days else None,
        days=len(days),
        course=tuple(course),
        today_starts=midnight,
        today_usd=of_today.cost_usd,
        today_unpriced_calls=of_today.unpriced_calls,
        yesterday_usd=of_yesterday.cost_usd,
        yesterday_unpriced_calls=of_yesterday.unpriced_calls,
    )
