"""How far a forecast goes, as a person writes it: a day such as 2026-12-31, or `month-end`."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from agentgauge.errors import QueryError
from agentgauge.service.window import parse_moment

MONTH_END = "month-end"


def days_until(text: str, zone: tzinfo, now: datetime) -> int:
    """Days from today to a last day, both included, by a zone's clocks. Raises `QueryError` for one that is over."""
    today = now.astimezone(zone).date()
    if text.strip().lower() == MONTH_END:
        last = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    else:
        last = day_of(text, zone, now)
    ahead = (last - today).days + 1
    if ahead < 1:
        raise QueryError(f"until {text} is before today, {today.isoformat()}: a forecast is of days to come")
    return ahead


def day_of(text: str, zone: tzinfo, now: datetime) -> date:
    """The day that a text means to someone in a zone. Raises `QueryError`."""
    return parse_moment(text, zone, now).astimezone(zone).date()
