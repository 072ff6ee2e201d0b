"""How a bucket of time is called on a page: shortly, and with its year where that is not this one."""

from __future__ import annotations

from datetime import datetime


def bucket_name(start: datetime, width: str) -> str:
    """`Wed 5 Nov`, `5 Nov 14:00`, `week of 3 Nov`, `Nov 2026`; by the zone of `start`."""
    match width:
        case "day":
            return f"{start:%a} {start.day} {start:%b}"
        case "week":
            return f"week of {start.day} {start:%b}"
        case "month":
            return f"{start:%b %Y}"
        case _:
            return f"{start.day} {start:%b %H:%M}"


def on_clocks(time: datetime) -> str:
    """A time as a chart takes it: what clocks say in the zone of `time`, written as if they were UTC, so that a bucket
    is drawn at the midnight by which it was made wherever it is looked at.
    """
    return f"{time.replace(tzinfo=None).isoformat()}Z"
