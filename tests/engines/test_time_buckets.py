"""Days sum to the range in every zone, also on days on which clocks change, and empty buckets can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.time_buckets import WIDTHS, bucket_numbers, bucket_time, offset_spans, zone_named
from agentgauge.errors import QueryError
from agentgauge.events import Event

EngineOf = Callable[[Sequence[Event]], Engine]

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # clocks change by half an hour
    "Africa/Cairo",  # clocks skip midnight
    "America/Havana",  # clocks show midnight twice
    "Africa/Casablanca",  # clocks change twice a year, about Ramadan
    "Pacific/Apia",  # skipped 30 December 2011
)


def tasks(start: datetime, end: datetime, step: timedelta) -> list[Event]:
    """One task at `start` and then every `step` before `end`."""
    count = -((start - end) // step)
    return [Event(kind="task", name="t", time=start + i * step, outcome="success") for i in range(count)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("Europe/Berlin", date(2025, 7, 1), 24),
        ("Africa/Cairo", date(2025, 4, 25), 23),
        ("America/Havana", date(2025, 11, 2), 25),
        ("UTC", date(2025, 10, 26), 24),
    ],
)
def test_a_day_has_the_hours_that_its_clocks_show(engine_of: EngineOf, zone: str, day: date, hours: int) -> None:
    around = datetime(day.year, day.month, day.day, tzinfo=UTC)
    engine = engine_of(tasks(around - timedelta(days=2), around + timedelta(days=3), timedelta(minutes=30)))
    days = engine.aggregate(Query(group=(TimeBucket("day", zone),))).rows
    assert {start.date(): count for start, count in days}[day] == 2 * hours
    (start,) = (start for start, _ in days if start.date() == day)
    end = min(other for other, _ in days if other > start)
    by_hour = engine.aggregate(Query(start=start, end=end, group=(TimeBucket("hour", zone),))).rows
    assert [count for _, count in by_hour] == [2] * hours


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("width", WIDTHS)
def test_single_buckets_asked_for_alone_sum_to_the_range(engine_of: EngineOf, width: str, zone: str) -> None:
    start, end = datetime(2025, 10, 24, 5, 17, tzinfo=UTC), datetime(2025, 11, 4, 20, 40, tzinfo=UTC)
    engine = engine_of(tasks(start - timedelta(days=1), end + timedelta(days=1), timedelta(minutes=37)))
    if width in ("15min", "hour"):
        end = start + timedelta(days=3)
    whole = engine.aggregate(Query(start=start, end=end)).rows[0][0]
    grouped = engine.aggregate(Query(start=start, end=end, group=(TimeBucket(width, zone, fill=True),))).rows  # type: ignore[arg-type]
    edges = [start, *(moment for moment, _ in grouped[1:]), end]
    assert sum(count for _, count in grouped) == whole
    if width not in ("15min", "hour"):
        alone = [engine.aggregate(Query(start=a, end=b)).rows[0][0] for a, b in pairwise(edges)]
        assert alone == [count for _, count in grouped]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("width", ["hour", "day", "week", "month"])
def test_buckets_cover_the_window_without_gap_or_overlap(width: str, zone: str) -> None:
    first, last = datetime(2025, 2, 1, 3, 20, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)
    place = zone_named(zone)
    starts = [bucket_time(width, place, number) for number in bucket_numbers(width, place, first, last)]  # type: ignore[arg-type]
    assert starts[0] <= first
    assert first < starts[1]
    assert starts[-1] <= last
    assert all(a < b for a, b in pairwise(starts))
    assert len(set(starts)) == len(starts)


def test_half_an_hour_of_clock_change_cuts_an_hour_in_two() -> None:
    """Lord Howe, 6 April 2025: at 02:00 (15:00 UTC) clocks go back to 01:30, so 01:30 to 02:00 comes again."""
    zone = zone_named("Australia/Lord_Howe")
    first, last = datetime(2025, 4, 5, 14, 0, tzinfo=UTC), datetime(2025, 4, 5, 15, 59, tzinfo=UTC)
    starts = [bucket_time("hour", zone, number) for number in bucket_numbers("hour", zone, first, last)]
    assert [start.isoformat() for start in starts] == [
        "2025-04-06T01:00:00+11:00",
        "2025-04-06T01:30:00+10:30",
        "2025-04-06T02:00:00+10:30",
    ]


def test_sql_cuts_that_hour_where_python_does(engine_of: EngineOf) -> None:
    start = datetime(2025, 4, 5, 13, 0, tzinfo=UTC)
    engine = engine_of(tasks(start, start + timedelta(hours=4), timedelta(minutes=10)))
    rows = engine.aggregate(Query(group=(TimeBucket("hour", "Australia/Lord_Howe", fill=True),))).rows
    assert [count for _, count in rows] == [6, 6, 3, 6, 3]


def test_the_hour_that_clocks_show_twice_is_two_buckets(engine_of: EngineOf) -> None:
    engine = engine_of(
        tasks(datetime(2025, 10, 26, 0, tzinfo=UTC), datetime(2025, 10, 26, 2, tzinfo=UTC), timedelta(hours=1))
    )
    rows = engine.aggregate(Query(group=(TimeBucket("hour", "Europe/Berlin"),))).rows
    assert {start.isoformat(): count for start, count in rows} == {
        "2025-10-26T02:00:00+02:00": 1,
        "2025-10-26T02:00:00+01:00": 1,
    }
    assert len(dict(rows)) == 2


def test_weeks_begin_on_monday(engine_of: EngineOf) -> None:
    engine = engine_of(tasks(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC), timedelta(days=1)))
    rows = engine.aggregate(Query(group=(TimeBucket("week", "Europe/Berlin"),))).rows
    assert {start.weekday() for start, _ in rows} == {0}
    assert [count for _, count in rows] == [5, 7, 7, 7, 7, 7, 7, 7, 5]


def test_empty_buckets_are_filled_with_zeros_and_nones(engine_of: EngineOf) -> None:
    events = [
        Event(kind="task", name="t", agent=agent, time=datetime(2025, 6, day, 12, tzinfo=UTC), outcome="success")
        for agent, day in [("a", 2), ("b", 4), (None, 4)]
    ]
    query = Query(
        start=datetime(2025, 6, 1, tzinfo=UTC),
        end=datetime(2025, 6, 6, tzinfo=UTC),
        group=("agent", TimeBucket("day", fill=True)),
        measures=(Measure("count"), Measure("success_rate"), Measure("cost")),
    )
    rows = engine_of(events).aggregate(query).rows
    empty, full = (0, None, Decimal(0), 0), (1, 1.0, Decimal(0), 0)
    assert rows == tuple(
        (
            agent,
            datetime(2025, 6, day, tzinfo=UTC),
            *(full if (agent, day) in {("a", 2), ("b", 4), (None, 4)} else empty),
        )
        for agent in ("a", "b", None)
        for day in range(1, 6)
    )


def test_an_open_window_is_filled_from_the_first_to_the_last_event_that_passes_the_filters(engine_of: EngineOf) -> None:
    events = [
        Event(kind="task", name=name, time=datetime(2025, 6, day, tzinfo=UTC))
        for name, day in [("out", 1), ("in", 3), ("in", 5), ("out", 9)]
    ]
    query = Query(filters=(Filter("name", "=", "in"),), group=(TimeBucket("day", fill=True),))
    assert [(start.day, count) for start, count in engine_of(events).aggregate(query).rows] == [(3, 1), (4, 0), (5, 1)]


def test_without_any_event_a_closed_window_is_filled_and_an_open_one_is_empty(engine_of: EngineOf) -> None:
    engine, start = engine_of([]), datetime(2025, 6, 1, tzinfo=UTC)
    group = (TimeBucket("day", fill=True),)
    closed = Query(start=start, end=start + timedelta(days=2), group=group)
    assert engine.aggregate(closed).rows == ((start, 0), (start + timedelta(days=1), 0))
    assert engine.aggregate(Query(start=start, group=group)).rows == ()


def test_more_empty_buckets_than_anyone_reads_are_refused(engine_of: EngineOf) -> None:
    start = datetime(1990, 1, 1, tzinfo=UTC)
    query = Query(start=start, end=start + timedelta(days=9000), group=(TimeBucket("15min", fill=True),))
    with pytest.raises(QueryError, match="narrow the window"):
        engine_of([]).aggregate(query)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 400),
)
def test_offset_spans_are_the_zones_offsets_without_gaps(zone: str, first: datetime, days: int) -> None:
    place, last = zone_named(zone), first + timedelta(days=days)
    spans = offset_spans(place, first, last)
    assert all(a.end == b.start and a.offset != b.offset for a, b in pairwise(spans))
    for span in spans:
        for micros in (span.start, (span.start + span.end) // 2, span.end - 1):
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
            offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
            assert offset == timedelta(microseconds=span.offset)


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "\0", "/etc/localtime", "Europe/Berlin'"]
)
def test_an_unknown_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(QueryError, match="time zone"):
        TimeBucket("day", name)
