"""What alerts say of whom and of when."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgauge.policies.alerts.kinds import DIMENSIONS
from agentgauge.policies.alerts.rules import Rule

_HOUR = timedelta(hours=1)


def whose(rule: Rule, project: str | None, key: str | None) -> str:
    """`coder`, `model gpt-4o in project shop`, `all operations`: what a condition is of."""
    named = {name: value for name in DIMENSIONS if (value := getattr(rule, name)) is not None}
    if rule.by is not None and key is not None:
        named[rule.by] = key
    of = [value if name == "agent" else f"{name} {value}" for name, value in named.items()]
    where = "" if project is None else f" in project {project}"
    return f"{' at '.join(of) or 'all agents together'}{where}"


def when(end: datetime, hours: int) -> str:
    """`in the hour from 2026-11-15 11:00 UTC`, `in the 24 hours until 2026-11-15 12:00 UTC`."""
    if hours == 1:
        return f"in the hour from {end - _HOUR:%Y-%m-%d %H:%M} UTC"
    return f"in the {hours} hours until {end:%Y-%m-%d %H:%M} UTC"


def figure(value: float, unit: str) -> str:
    """Four digits that count, and the unit: `1,240 ms`, `$0.0431`, `12.5 %`."""
    if unit == "USD":
        return f"${value:,.2f}" if abs(value) >= 1 else f"${value:.3g}"
    if unit == "1":
        return f"{value * 100:.1f} %"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{text} {'of 100' if unit == '0-100' else unit}".strip()
