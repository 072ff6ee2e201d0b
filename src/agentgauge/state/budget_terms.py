"""What a budget says: what may be spent in a scope, in all or per day, week or month, and from which share on somebody
is told.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

Scope = Literal["agent", "role", "project", "team", "user", "ticket", "run", "session"]
BudgetPeriod = Literal["total", "day", "week", "month"]
Status = Literal["ok", "warning", "critical", "exceeded"]
SetBy = Literal["person", "code"]
WARNING_PERCENT, CRITICAL_PERCENT = 80.0, 95.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decides about a budget."""

    scope: Scope
    name: str
    """Of the agent, role, ...; a ticket's is that of the work item."""
    project: str | None = None
    """None: in all projects together. Of the scope `project`, its name."""
    total_usd: Decimal
    period: BudgetPeriod = "total"
    start: datetime
    """Aware. Nothing before it counts."""
    warning_percent: float = WARNING_PERCENT
    critical_percent: float = CRITICAL_PERCENT


class Budget(Terms, frozen=True, kw_only=True):
    id: int
    used_usd: Decimal
    """As last counted, in the period of then."""
    used_at: datetime | None
    """When that was; None: never."""
    created: datetime
    updated: datetime
    version: int
    """Rises with every change of the terms, from 1."""
    set_by: SetBy
    """`code`: by a program, `with gauge.budget(...)`, which may change it; what a person set no program changes."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What no two budgets share."""
        return self.scope, self.name, self.project or "", self.period

    @property
    def utilization_percent(self) -> float | None:
        return utilization_percent(self.used_usd, self.total_usd)

    @property
    def status(self) -> Status:
        return status_of(self.used_usd, self)

    def counts_from(self, now: datetime) -> datetime:
        """The start of its current period, not before its own start."""
        begun = period_start(self.period, now)
        return self.start if begun is None else max(begun, self.start)

    def counts_until(self, now: datetime) -> datetime | None:
        """The end of its current period; None of `total`, which has none."""
        begun = period_start(self.period, now)
        if begun is None:
            return None
        longest = {"day": 1, "week": 7, "month": 31}[self.period]
        return period_start(self.period, begun + timedelta(days=longest))


def period_start(period: BudgetPeriod, now: datetime) -> datetime | None:
    """The last UTC midnight, Monday or first of a month until `now` (aware); None of `total`, which has no periods."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    match period:
        case "total":
            return None
        case "day":
            return today
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)


def utilization_percent(used: Decimal, total: Decimal) -> float | None:
    """How much of a budget is used. One of nothing is used up from its beginning; None where something was used of it
    all the same, which no number says.
    """
    if not total:
        return None if used else 100.0
    return float(used / total * 100)


class Limits(Protocol):
    """What a status follows from."""

    @property
    def total_usd(self) -> Decimal: ...

    @property
    def warning_percent(self) -> float: ...

    @property
    def critical_percent(self) -> float: ...


def status_of(used: Decimal, terms: Limits) -> Status:
    """`exceeded` above the total; `critical` and `warning` from their thresholds."""
    if used > terms.total_usd:
        return "exceeded"
    percent = utilization_percent(used, terms.total_usd) or 0.0
    if percent >= terms.critical_percent:
        return "critical"
    return "warning" if percent >= terms.warning_percent else "ok"
