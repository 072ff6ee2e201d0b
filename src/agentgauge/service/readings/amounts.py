"""What was used or done in each bucket of local time: the total cost, tokens, or number of operations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agentgauge.analysis.metrics import named
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.time_buckets import bucket_numbers, bucket_time, next_bucket, zone_named
from agentgauge.service.bucket_widths import bucket_width, check_number_of_buckets
from agentgauge.service.readings.keys import key_columns, key_of
from agentgauge.service.readings.series import Point, Series, series_by
from agentgauge.service.window import Window

OPERATIONS = "operations"
AMOUNTS = ("cost", "tokens", OPERATIONS)
"""What adds up over time."""


def amounts_by(
    engine: Engine,
    name: str,
    by: str | None,
    window: Window,
    width: str,
    zone: str,
    now: datetime,
    filters: Sequence[Filter] = (),
) -> dict[str | None, Series]:
    """One of `AMOUNTS` for each key of a dimension, of None for all together, buckets without any included.

    A point's `n` is of model calls, or of operations. From the window's start, else the first event, to its end, else
    `now`. Raises `QueryError` for more than 10,000 buckets.
    """
    if name != OPERATIONS:
        return series_by(engine, named(name), by, window, width, zone, now, figure="total", filters=filters)
    bucket, clocks, columns = bucket_width(width), zone_named(zone), key_columns(by)
    of_tasks = Measure("count", over="tasks", name="count")
    first = Measure("min", "time", over="tasks", name="first")
    conditions = tuple(filters)
    start = window.start or engine.aggregate(Query(end=window.end, filters=conditions, measures=(first,))).rows[0][0]
    end = window.end or now
    if start is None or end <= start:
        return {}
    check_number_of_buckets(start, end, bucket)
    key_of_time = TimeBucket(bucket, zone, name="start")
    answer = engine.aggregate(
        Query(start=start, end=end, filters=conditions, group=(*columns, key_of_time), measures=(of_tasks,))
    )
    counts: dict[str | None, dict[datetime, int]] = {} if columns else {None: {}}
    for row in answer.records():
        if row["count"]:
            of_key = counts.setdefault(key_of([row[column] for column in columns]), {})
            of_key[row["start"]] = of_key.get(row["start"], 0) + row["count"]
    starts = [bucket_time(bucket, clocks, n) for n in bucket_numbers(bucket, clocks, start, end - timedelta.resolution)]
    ends = [*starts[1:], next_bucket(bucket, clocks, starts[-1])]
    whole = [begin >= start and after <= min(end, now) for begin, after in zip(starts, ends, strict=True)]
    return {
        key: Series(
            tuple(
                Point(begin, found.get(begin, 0), float(found.get(begin, 0)), 0, complete)
                for begin, complete in zip(starts, whole, strict=True)
            ),
            answer.way,
        )
        for key, found in sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or ""))
    }


def unit_of(name: str) -> str:
    """Of an amount."""
    return "operation" if name == OPERATIONS else named(name).unit
