"""Two windows of time to be compared, as a person writes them.

    7d                         the last seven days, until now
    2026-11-01, yesterday      that day
    2026-11-01..2026-11-07     from the first day to the last, both whole, or between any two times
    2026-11-01..               from that day until now
    previous                   as the window to compare with: what is as long and ends where the other begins

A window of whole days is preceded by as many whole days, by the clocks of the zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from agentgauge.errors import QueryError
from agentgauge.service.window import Window, parse_moment, parse_window

PREVIOUS = "previous"
_TO = ".."


def parse_compared(window: str, against: str, zone: tzinfo, now: datetime) -> tuple[Window, Window]:
    """The later window and the one it is compared with, both with a start and an end, in UTC.

    `zone` is the reader's, `now` an aware time. Raises `QueryError`.
    """
    later = _parse(window, zone, now)
    if against.strip().lower() != PREVIOUS:
        return later, _parse(against, zone, now)
    try:
        return later, window_before(later, zone)
    except OverflowError:
        raise QueryError(
            f"what is as long as {window!r} and before it is outside the years that can be computed with"
        ) from None


def _parse(text: str, zone: tzinfo, now: datetime) -> Window:
    since, to, until = (part.strip() for part in text.partition(_TO))
    if not since:
        raise QueryError(f"{text!r} is no window of time: write 7d, 2026-11-01 or 2026-11-01{_TO}2026-11-07")
    if not to and _is_day(since, zone, now):
        until = since
    found = parse_window(since, until or None, zone, now)
    if found.end is None:
        found = Window(found.start, now.astimezone(UTC))
    if found.start is None or found.end is None or found.start >= min(found.end, now):
        raise QueryError(f"the window {text!r} does not begin before now, {now.isoformat(timespec='minutes')}")
    return found


def _is_day(text: str, zone: tzinfo, now: datetime) -> bool:
    """Whether a text alone is a day, which ends; else a time, from which until now is meant."""
    try:
        return parse_moment(text, zone, now) != parse_moment(text, zone, now, end_of_day=True)
    except QueryError as error:
        raise QueryError(f"{error}; from one to another is 2026-11-01{_TO}2026-11-07") from None


def window_before(window: Window, zone: tzinfo) -> Window:
    """What is as long as a window that has both ends, and before it; of whole days of a zone so many days.

    Raises `OverflowError` outside the years that can be computed with.
    """
    assert window.start is not None
    assert window.end is not None
    first, last = window.start.astimezone(zone), window.end.astimezone(zone)
    if first.time() == last.time() == time():
        days = last.date() - first.date()
        return Window(datetime.combine(first.date() - days, time(), zone).astimezone(UTC), window.start)
    length: timedelta = window.end - window.start
    return Window(window.start - length, window.start)
