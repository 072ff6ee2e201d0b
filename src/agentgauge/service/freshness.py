"""How fresh the events are that answers see: the newest of them, how many came lately, and how long they took to come.

An event that is recorded where it happens takes no time; one that is imported or sent takes as long as whoever had it
kept it. Five questions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from statistics import median

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.query import Page

_LOOKED_AT = 200
_MILLISECOND = timedelta(milliseconds=1)


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    newest: datetime | None
    """When the newest event was; None where there is none."""
    arrived: datetime | None
    """When the last one came in."""
    last_hour: int
    last_day: int
    """Events of the last 24 hours."""
    looked_at: int
    """So many of the newest events the lag is of."""
    lag_ms: float
    """From when an event was until it came in: the median; NaN of no events."""
    longest_lag_ms: float


def freshness(engine: Engine, now: datetime) -> Freshness:
    ends = Query(measures=(Measure("max", "time", name="newest"), Measure("max", "arrived", name="arrived")))
    newest, arrived = engine.aggregate(ends).rows[0]
    recorded_here = Query(
        filters=(Filter("arrived", "is null"),), measures=(Measure("max", "time", name="newest"),)
    )  # and so came in when they were
    came_in = [time for time in (arrived, engine.aggregate(recorded_here).rows[0][0]) if time is not None]
    scan = engine.scan(Query(page=Page(newest_first=True)), ("time", "arrived"))
    lags = [0.0 if came is None else max((came - time) / _MILLISECOND, 0.0) for time, came in islice(scan, _LOOKED_AT)]
    return Freshness(
        newest=newest,
        arrived=max(came_in, default=None),
        last_hour=_count(engine, now - timedelta(hours=1)),
        last_day=_count(engine, now - timedelta(days=1)),
        looked_at=len(lags),
        lag_ms=median(lags) if lags else float("nan"),
        longest_lag_ms=max(lags, default=float("nan")),
    )


def _count(engine: Engine, since: datetime) -> int:
    found: int = engine.aggregate(Query(start=since, measures=(Measure("count", name="events"),))).rows[0][0]
    return found
