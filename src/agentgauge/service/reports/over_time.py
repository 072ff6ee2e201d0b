"""What was used in each bucket of local time, and how well it went; the buckets sum to the window.

over_time           all figures, flat, as doors give them
vitals_over_time    those that are looked at first, for a third of the time
cost_over_time      cost alone
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.time_buckets import Width, next_bucket, zone_named
from agentgauge.service.bucket_widths import bucket_width, check_number_of_buckets
from agentgauge.service.dimensions import dimension
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import COST, TOTALS, VITALS, Cost, Totals, Vitals, cost_of, totals_of, vitals_of
from agentgauge.service.window import Window

Figures = TypeVar("Figures")


class Bucket(Totals, frozen=True, kw_only=True):
    start: datetime
    """Its first moment, aware, in the zone asked for."""
    label: str
    """The same by the zone's clocks, as precise as the width needs: 2026-03 of a month, 2026-03-02 of a day or a week
    (its Monday), 2026-03-02T14:00+05:45 of what is shorter."""
    complete: bool
    """Whether it lies within the window and is over; else its figures are those of a part of it."""
    key: dict[str, Any]
    """The value of each dimension that the course is split by; without any, empty."""


class Slot(msgspec.Struct, Generic[Figures], frozen=True, kw_only=True):
    """A bucket with the figures that were asked for; else as `Bucket`."""

    start: datetime
    label: str
    complete: bool
    key: dict[str, Any]
    of: Figures


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
    course = _course(engine, window, width, zone, now, filters, by, TOTALS, totals_of, exact=exact)
    rows = (
        Bucket(**one.of, start=one.start, label=one.label, complete=one.complete, key=one.key) for one in course.rows
    )
    return Rows(rows=tuple(rows), **found_by(course))


def vitals_over_time(
    engine: Engine, window: Window, width: str, zone: str, now: datetime, filters: Sequence[Filter] = ()
) -> Rows[Slot[Vitals]]:
    """As `over_time`."""
    return _course(engine, window, width, zone, now, filters, (), VITALS, lambda row: Vitals(**vitals_of(row)))


def cost_over_time(
    engine: Engine,
    window: Window,
    width: str,
    zone: str,
    now: datetime,
    filters: Sequence[Filter] = (),
    *,
    by: Sequence[str] = (),
) -> Rows[Slot[Cost]]:
    """As `over_time`."""
    return _course(engine, window, width, zone, now, filters, by, COST, lambda row: Cost(**cost_of(row)))


def _course(
    engine: Engine,
    window: Window,
    width: str,
    zone: str,
    now: datetime,
    filters: Sequence[Filter],
    by: Sequence[str],
    measures: tuple[Measure, ...],
    read: Callable[[Mapping[str, Any]], Figures],
    *,
    exact: bool = False,
) -> Rows[Slot[Figures]]:
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
        measures=measures,
        exact=exact,
    )
    answer = engine.aggregate(query)
    records = answer.records()
    partial = _partial([row["start"] for row in records], bucket, zone, window, now)
    rows = (
        Slot(
            start=row["start"],
            label=_label(row["start"], width),
            complete=row["start"] not in partial,
            key={name: row[column] for name, column in zip(by, dimensions, strict=True)},
            of=read(row),
        )
        for row in records
    )
    return Rows(rows=tuple(rows), **found_by(answer))


def _partial(starts: Sequence[datetime], width: Width, zone: str, window: Window, now: datetime) -> set[datetime]:
    """The starts of those buckets, of all in order, that the window cuts or that are not over."""
    found: set[datetime] = set()
    over = now if window.end is None else min(window.end, now)
    clocks = zone_named(zone)
    for start in reversed(dict.fromkeys(starts)):
        if next_bucket(width, clocks, start) <= over:
            break
        found.add(start)
    if starts and window.start is not None and starts[0] < window.start:
        found.add(starts[0])
    return found


def _label(start: datetime, width: str) -> str:
    match width:
        case "month":
            return f"{start:%Y-%m}"
        case "week" | "day":
            return start.date().isoformat()
        case _:
            return start.isoformat(timespec="minutes")
