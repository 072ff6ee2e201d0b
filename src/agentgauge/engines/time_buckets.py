"""Buckets of time by the clocks of a zone: where they begin, and the whole number that stands for one in SQL.

Engines bring their own time-zone data, of different years and with different rules for hours that occur twice or never.
Here Python's zone data decides for all of them: a zone becomes a few spans of constant offset, which SQL only adds, and
buckets leave SQL as whole numbers that become aware times here.

    width         number                                    a bucket begins
    15min, hour   microseconds since 1970 of its start      at the local quarter or hour, and where clocks change
    day, week     proleptic ordinal of its first local day  at local midnight; weeks on Monday
    month         12 * year + month - 1, local              at local midnight of the 1st

Where clocks change at midnight, a day begins at its first moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros, to_micros

Width = Literal["15min", "hour", "day", "week", "month"]
WIDTHS: tuple[Width, ...] = get_args(Width)

SECOND = 1_000_000
DAY = 86_400 * SECOND
ELAPSED: dict[str, int] = {"15min": 900 * SECOND, "hour": 3600 * SECOND}
"""Microseconds of the widths that are elapsed time, not calendar days."""
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

_EARLIEST, _LATEST = to_micros(datetime(1, 1, 2, tzinfo=UTC)), to_micros(datetime(9999, 12, 31, tzinfo=UTC))


class OffsetSpan(msgspec.Struct, frozen=True):
    """A span of time over which a zone's clocks are a constant offset ahead of UTC. All in microseconds, since 1970 for
    moments."""

    start: int
    end: int
    offset: int

    def bucket_start(self, moment: int, width: int) -> int:
        """Start of the bucket of elapsed time that holds `moment`, which lies in this span."""
        return max(moment - (moment + self.offset) % width, self.start)


def zone_named(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises `QueryError` where there is none."""
    if name == "UTC":
        return UTC  # needs no zone data, which slim containers lack
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QueryError(
            f"no time zone {name!r}: use an IANA name such as UTC or Europe/Berlin (and install tzdata)"
        ) from error


def offset_spans(zone: tzinfo, first: datetime, last: datetime) -> tuple[OffsetSpan, ...]:
    """The zone's spans of constant offset that cover first to last (both included), in order and without gaps.

    The first span starts a week early and is not a change of clocks. Clocks are looked at once a day: no zone has
    changed them twice within one.
    """
    begin, end = max(to_micros(first) - 7 * DAY, _EARLIEST), min(to_micros(last) + DAY, _LATEST)
    if zone is UTC:
        return (OffsetSpan(begin, end, 0),)
    looked_at = [*range(begin, end, DAY), end]
    changes = [begin]
    for before, after in pairwise(looked_at):
        if _offset(zone, before) != _offset(zone, after):
            changes.append(_change(zone, before, after))
    return tuple(OffsetSpan(start, stop, _offset(zone, start)) for start, stop in pairwise([*changes, end]))


def _offset(zone: tzinfo, moment: int) -> int:
    offset = from_micros(moment).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def _change(zone: tzinfo, before: int, after: int) -> int:
    """The moment between two others, exact to the second, at which a zone's offset changes."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = (before + after) // 2
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after - after % SECOND


def bucket_time(width: Width, zone: tzinfo, number: int) -> datetime:
    """The start of the bucket that a number from SQL stands for, by the zone's clocks and with their offset."""
    if width in ELAPSED:
        return _local(from_micros(number), zone)
    first_day = date(number // 12, number % 12 + 1, 1) if width == "month" else date.fromordinal(number)
    midnight = datetime(first_day.year, first_day.month, first_day.day, tzinfo=zone)
    # Through UTC: where the clocks skip midnight, the day begins at the moment they skip to.
    return _local(midnight.astimezone(UTC), zone)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """A UTC time by the zone's clocks, with its offset as a constant one.

    Python compares times of one zone by what their clocks show, so the two hours from 02:00 on the day that has them
    twice would be equal and share one entry of a dictionary.
    """
    if zone is UTC:
        return moment
    local = moment.astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    return local.replace(tzinfo=timezone(offset), fold=0)


def bucket_numbers(width: Width, zone: tzinfo, first: datetime, last: datetime) -> Iterator[int]:
    """The numbers of all buckets from the one that holds `first` to the one that holds `last`, in order."""
    if width in ELAPSED:
        yield from _elapsed_numbers(ELAPSED[width], offset_spans(zone, first, last), to_micros(first), to_micros(last))
        return
    first_day, last_day = first.astimezone(zone).date(), last.astimezone(zone).date()
    if width == "month":
        yield from range(first_day.year * 12 + first_day.month - 1, last_day.year * 12 + last_day.month)
    elif width == "week":
        yield from range(first_day.toordinal() - first_day.weekday(), last_day.toordinal() + 1, 7)
    else:
        yield from range(first_day.toordinal(), last_day.toordinal() + 1)


def _elapsed_numbers(width: int, spans: tuple[OffsetSpan, ...], first: int, last: int) -> Iterator[int]:
    for span in spans:
        if span.end <= first or span.start > last:
            continue
        start = span.bucket_start(max(first, span.start), width)
        while start < span.end and start <= last:
            yield start
            start += width - (start + span.offset) % width


def next_bucket(width: Width, zone: tzinfo, start: datetime) -> datetime:
    """The start of the bucket after the one that begins at `start`."""
    numbers = bucket_numbers(width, zone, start, start + _LONGER[width])
    next(numbers)
    return bucket_time(width, zone, next(numbers))


_LONGER: dict[Width, timedelta] = {
    "15min": timedelta(minutes=30),
    "hour": timedelta(hours=2),
    "day": timedelta(days=2),
    "week": timedelta(days=8),
    "month": timedelta(days=32),
}
"""More than a bucket lasts."""
