"""Windows of time as a person writes them: `7d`, `2026-11-01`, `2026-11-01T09:30`.

A date is a day of the zone that the person reads in, so that `--since 2026-11-01 --until 2026-11-07` is seven whole
days there: `since` means the first moment of its day, `until` the last.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from agentgauge.errors import QueryError

_AGO = re.compile(r"(\d{1,6})\s*(m|min|h|d|w)")
_UNITS = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_FORMS = "30m, 12h, 7d, 2w, today, yesterday, a date such as 2026-11-01 or a time such as 2026-11-01T09:30"


class Window(msgspec.Struct, frozen=True):
    """Half open: `start` belongs to it, `end` does not. None leaves that side open. Both aware, in UTC."""

    start: datetime | None = None
    end: datetime | None = None


def parse_window(since: str | None, until: str | None, zone: tzinfo, now: datetime) -> Window:
    """The window that two texts mean to someone in `zone` at the aware time `now`.

    Raises `QueryError` for an empty window and for other text, naming the forms there are.
    """
    start = None if since is None else parse_moment(since, zone, now, end_of_day=False)
    end = None if until is None else parse_moment(until, zone, now, end_of_day=True)
    if start is not None and end is not None and start >= end:
        raise QueryError(
            f"the window is empty: since {since!r} is {start.isoformat()}, until {until!r} is {end.isoformat()}"
        )
    return Window(start, end)


def parse_moment(text: str, zone: tzinfo, now: datetime, *, end_of_day: bool = False) -> datetime:
    """One text as an aware UTC time: so long before `now`, a time, or a day's first moment.

    With `end_of_day` it is the first moment of the day after. Raises `QueryError`.
    """
    word = text.strip().lower()
    try:
        if ago := _AGO.fullmatch(word):
            return (now - int(ago[1]) * _UNITS[ago[2]]).astimezone(UTC)
        day = _day(word, now.astimezone(zone).date())
        if day is not None:
            return datetime.combine(day + timedelta(days=end_of_day), time(), zone).astimezone(UTC)
        moment = datetime.fromisoformat(word.upper())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise QueryError(f"{text!r} is outside the years that can be computed with") from None
    except ValueError:
        raise QueryError(f"{text!r} is no time: use {_FORMS}") from None


def _day(word: str, today: date) -> date | None:
    """The day that a word is; None where it is none, and may be a time."""
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
