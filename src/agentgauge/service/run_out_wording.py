"""When a budget is used up, in words: the date, and what it lies between."""

from __future__ import annotations

from datetime import date

from agentgauge.service.budget_outlook import Outlook

_NEEDED = "28 complete days"


def expected(outlook: Outlook) -> str:
    """`27 Nov`, `used up`, `not by 30 Nov`."""
    if outlook.exhausted:
        return "used up"
    if outlook.state == "too little history":
        return "cannot be said yet"
    if outlook.day is None:
        return (
            f"not in this period, to {_said(outlook.last)}" if outlook.period_ends else f"not by {_said(outlook.last)}"
        )
    return _said(outlook.day)


def between(outlook: Outlook, level: int) -> str:
    """Of a level of 80 or 95: `24 Nov to 2 Dec`; empty where there is no interval."""
    if outlook.exhausted or outlook.state != "forecast":
        return ""
    early, late = (outlook.earliest_80, outlook.latest_80) if level == 80 else (outlook.earliest_95, outlook.latest_95)
    after = f"after {_said(outlook.last)}"
    if early is None:
        return after
    if late is None:
        return f"{_said(early)} to {after}"
    return _said(early) if early == late else f"{_said(early)} to {_said(late)}"


def sentence(outlook: Outlook) -> str:
    """All of it: `Expected to be used up on 27 Nov; between 24 Nov and ... in 80 of 100 cases, ...`."""
    if outlook.exhausted:
        return "It is used up."
    if outlook.state == "too little history":
        days = f"{outlook.history_days} complete day{'' if outlook.history_days == 1 else 's'}"
        return f"When it is used up cannot be said: its scope has {days} of cost, and 7 are needed."
    until = f"{_said(outlook.last)}, when its period ends" if outlook.period_ends else _said(outlook.last)
    said = (
        f"Expected to be used up on {_said(outlook.day)}" if outlook.day else f"Not expected to be used up by {until}"
    )
    if outlook.state == "no intervals":
        return f"{said}. An interval needs {_NEEDED}, and there are {outlook.history_days}."
    if outlook.day is None and outlook.earliest_95 is None:
        return f"{said}, in 95 of 100 cases either."
    return f"{said}: {between(outlook, 80)} in 80 of 100 cases, {between(outlook, 95)} in 95."


def _said(day: date) -> str:
    return f"{day.day} {day:%b}"
