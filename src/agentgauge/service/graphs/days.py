"""How a bucket of time is called on a page: shortly, but so that no two of a chart have one name; and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agentgauge.events.plain import plain_time

_OF_DAYS = ("day", "week", "month")


def bucket_name(start: datetime, width: str) -> str:
    """`Wed 5 Nov`, `5 Nov 14:00`, `week of 3 Nov 2026`, `Nov 2026`; by the zone of `start`, which is named where clocks
    are put back and an hour comes twice.
    """
    match width:
        case "day":
            return f"{start:%a} {start.day} {start:%b}"
        case "week":
            return f"week of {start.day} {start:%b %Y}"
        case "month":
            return f"{start:%b %Y}"
        case _:
            return f"{start.day} {start:%b %H:%M}" + (f" {start:%Z}" if _comes_twice(start) else "")


def bucket_times(starts: Iterable[datetime], width: str) -> dict[str, str]:
    """By their names, when buckets begin: the day in the zone of the start; of shorter ones the time."""
    return {
        bucket_name(start, width): start.date().isoformat() if width in _OF_DAYS else plain_time(start)
        for start in starts
    }


def _comes_twice(time: datetime) -> bool:
    return time.replace(fold=0).utcoffset() != time.replace(fold=1).utcoffset()


def on_clocks(time: datetime) -> str:
    """A time as a chart takes it: what clocks say in the zone of `time`, written as if they were UTC, so that a bucket
    is drawn at the midnight by which it was made wherever it is looked at.
    """
    return f"{time.replace(tzinfo=None).isoformat()}Z"
