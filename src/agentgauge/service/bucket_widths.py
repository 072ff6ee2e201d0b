"""Buckets of local time: which widths there are, and how many of them anyone reads."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgauge.engines.time_buckets import WIDTHS, Width
from agentgauge.errors import QueryError

MOST_BUCKETS = 10_000
_SHORTEST: dict[str, timedelta] = {
    "15min": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=23),
    "week": timedelta(days=7) - timedelta(hours=1),
    "month": timedelta(days=28) - timedelta(hours=1),
}
_LEGIBLE_BUCKETS = 32


def bucket_width(name: str) -> Width:
    """Raises `QueryError` for a width that there is none of."""
    for width in WIDTHS:
        if width == name:
            return width
    raise QueryError(f"no bucket {name!r}: use one of {', '.join(WIDTHS)}")


def check_number_of_buckets(start: datetime, end: datetime, width: Width) -> None:
    """Raises `QueryError` for more buckets than anyone reads, naming the widths that give fewer."""
    if (end - start) / _SHORTEST[width] <= MOST_BUCKETS:
        return
    wide_enough = [name for name in WIDTHS if (end - start) / _SHORTEST[name] <= MOST_BUCKETS]
    raise QueryError(
        f"{start:%Y-%m-%d} to {end:%Y-%m-%d} has over {MOST_BUCKETS:,} buckets of one {width}: take "
        f"{wide_enough[0] if wide_enough else 'a shorter period'}",
        allowed=wide_enough,
    )


def legible_width(first: datetime, last: datetime) -> Width:
    """The finest width that splits a span of time into few enough buckets to be looked at."""
    return next((width for width in WIDTHS if (last - first) / _SHORTEST[width] <= _LEGIBLE_BUCKETS), WIDTHS[-1])
