"""When a budget is used up, in words: the date, and what it lies between."""

from __future__ import annotations

from datetime import date, datetime

from agentgauge.analysis.forecast import FEWEST_DAYS_OF_INTERVALS
from agentgauge.service.budget_outlook import Outlook


def expected(outlook: Outlook) -> str:
    """`27 Nov`, `used up`, `not by 30 Nov`."""
    if outlook.exhausted:
        return "used up"
    if outlook.state == "too little history":
        return "cannot be said yet"
    if outlook.day is None:
        return f"not by {_said(outlook.last)}"
    return _said(outlook.day)


def between(outlook: Outlook, level: int) -> str:
    """Of a level of 80 or 95: `24 Nov to 2 Dec`; empty where there is no interval."""
    if outlook.exhausted or outlook.state != "forecast":
        return ""
    early, late = (outlook.earliest_80, outlook.latest_80) if level == 80 else (outlook.earliest_95, outlook.latest_95)
    later = "not in this period" if outlook.period_ends else f"after {_said(outlook.last)}"
    if early is None:
        return later
    if late is None:
        return f"from {_said(early)} on, or {later}" if outlook.period_ends else f"{_said(early)} to {later}"
    return _said(early) if early == late else f"{_said(early)} to {_said(late)}"


def sentence(outlook: Outlook, used_up: datetime | None = None) -> str:
    """`Expected to be used up on 27 Nov; in 80 of 100 cases 25 Nov to 30 Nov, in 95 24 Nov to 2 Dec.` `used_up`: by
    when it was, where that is known.
    """
    if outlook.exhausted:
        return "It is used up." if used_up is None else f"It was used up by {used_up:%H:%M} UTC on {_said(used_up)}."
    if outlook.state == "too little history":
        days = f"{outlook.history_days} complete day{'' if outlook.history_days == 1 else 's'}"
        return f"When it is used up cannot be said: its scope has {days} of cost, and 7 are needed."
    until = f"{_said(outlook.last)}, when its period ends" if outlook.period_ends else _said(outlook.last)
    said = (
        f"Expected to be used up on {_said(outlook.day)}" if outlook.day else f"Not expected to be used up by {until}"
    )
    if outlook.state == "no intervals":
        return (
            f"{said}. An interval needs {FEWEST_DAYS_OF_INTERVALS} complete days, and there are {outlook.history_days}."
        )
    if outlook.day is None and outlook.earliest_95 is None:
        return f"{said}, in 95 of 100 cases either."
    return f"{said}; in 80 of 100 cases {between(outlook, 80)}; in 95 {between(outlook, 95)}."


def _said(day: date) -> str:
    return f"{day.day} {day:%b}"
