"""What was used in each bucket of local time, and how well it went; the buckets sum to the window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.time_buckets import WIDTHS, Width
from agentgauge.errors import QueryError
from agentgauge.service.dimensions import dimension
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import TOTALS, Totals, totals_of
from agentgauge.service.window import Window

MOST_BUCKETS = 10_000
_SHORTEST: dict[str, timedelta] = {
    "15min": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=23),
    "week": timedelta(days=7) - timedelta(hours=1),
    "month": timedelta(days=28) - timedelta(hours=1),
}
_LEGIBLE_BUCKETS = 32


class Bucket(Totals, frozen=True, kw_only=True):
    start: datetime
    """Its first moment, aware, in the zone asked for."""
    label: str
    """The same by the zone's clocks, as precise as the width needs: 2026-03 of a month, 2026-03-02 of a day or a week
    (its Monday), 2026-03-02T14:00+05:45 of what is shorter."""
    key: dict[str, Any]
    """The value of each dimension that the course is split by; without any, empty."""


def over_time(
    engine: Engine,
    window: Window,
    width: str,
    zone: str,
    now: datetime,
    filters: Sequence[Filter] = (),
    *,
    by: Sequence[str] = (),
    exact: bool = False,
) -> Rows[Bucket]:
    """One row per bucket of local time in the IANA zone, those without events included, so that they sum to the window;
    with dimensions `by` one per bucket and combination of their values, in order of time.

    An open start is the first event. An open end is the last event; but where a start was asked for it is `now`, or the
    last event if later. Raises `QueryError`, also beyond 10,000 buckets.
    """
    bucket = bucket_width(width)
    dimensions = [dimension(name) for name in by]
    span = (Measure("min", "time", name="first"), Measure("max", "time", name="last"))
    found = engine.aggregate(Query(start=window.start, end=window.end, filters=tuple(filters), measures=span))
    first, last = found.rows[0]
    if first is None and None in (window.start, window.end):
        return Rows(rows=(), **found_by(found))
    start = window.start or first
    after_last = last + timedelta(microseconds=1) if last else now
    end = window.end or (after_last if window.start is None else max(now, after_last))
    check_number_of_buckets(start, end, bucket)
    query = Query(
        start=start,
        end=end,
        filters=tuple(filters),
        group=(TimeBucket(bucket, zone, fill=True, name="start"), *dimensions),
        measures=TOTALS,
        exact=exact,
    )
    answer = engine.aggregate(query)
    rows = (
        Bucket(
            **totals_of(row),
            start=row["start"],
            label=_label(row["start"], width),
            key={name: row[column] for name, column in zip(by, dimensions, strict=True)},
        )
        for row in answer.records()
    )
    return Rows(rows=tuple(rows), **found_by(answer))


def _label(start: datetime, width: str) -> str:
    match width:
        case "month":
            return f"{start:%Y-%m}"
        case "week" | "day":
            return start.date().isoformat()
        case _:
            return start.isoformat(timespec="minutes")


def bucket_width(name: str) -> Width:
    """Raises `QueryError` for a width that there is none of."""
    for width in WIDTHS:
        if width == name:
            return width
    raise QueryError(f"no bucket {name!r}: use one of {', '.join(WIDTHS)}")


def check_number_of_buckets(start: datetime, end: datetime, width: Width) -> None:
    """Raises `QueryError` for more buckets than anyone reads."""
    if (end - start) / _SHORTEST[width] > MOST_BUCKETS:
        raise QueryError(
            f"{start:%Y-%m-%d} to {end:%Y-%m-%d} has over {MOST_BUCKETS:,} buckets of a {width}: take wider ones"
        )


def legible_width(first: datetime, last: datetime) -> Width:
    """The finest width that splits a span of time into few enough buckets to be looked at."""
    return next((width for width in WIDTHS if (last - first) / _SHORTEST[width] <= _LEGIBLE_BUCKETS), WIDTHS[-1])
