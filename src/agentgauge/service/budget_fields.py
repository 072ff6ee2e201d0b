"""The terms of a budget as a form gives them: texts, of which one that is empty is as usual, or as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from agentgauge.errors import QueryError
from agentgauge.service.budgets import agreed
from agentgauge.service.named_budgets import amount, scope_and_name
from agentgauge.service.window import parse_moment
from agentgauge.state.budget_terms import (
    CRITICAL_PERCENT,
    WARNING_PERCENT,
    Budget,
    BudgetPeriod,
    Terms,
    period_start,
)


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    scope: str = ""
    name: str = ""
    project: str = ""
    """Empty: all projects together."""
    total_usd: str = ""
    period: str = ""
    """Empty: in total."""
    start: str = ""
    """A day, or a time, in UTC."""
    warning_percent: str = ""
    critical_percent: str = ""


def terms_of(fields: Fields, now: datetime, before: Budget | None = None) -> Terms:
    """What a form says a budget is to be; `before` is the one that it changes, which keeps its start where none is
    given. Raises `QueryError` naming the field.
    """
    if not fields.name.strip():
        raise QueryError("say what the budget is of: the name of an agent, a ticket, ...", field="name")
    if not fields.total_usd.strip():
        raise QueryError("say how much may be spent, such as 30 or 12.50", field="total_usd")
    scope, name = scope_and_name(f"{fields.scope}:{fields.name}")
    period = _period(fields.period)
    start = _start(fields.start, now) or (before.start if before else period_start(period, now) or now)
    return agreed(
        Terms(
            scope=scope,
            name=name,
            project=None if scope == "project" else fields.project.strip() or None,
            total_usd=amount(fields.total_usd),
            period=period,
            start=start,
            warning_percent=_percent(fields.warning_percent, "warning_percent", WARNING_PERCENT),
            critical_percent=_percent(fields.critical_percent, "critical_percent", CRITICAL_PERCENT),
        )
    )


def _period(text: str) -> BudgetPeriod:
    match text or "total":
        case "total" | "day" | "week" | "month" as period:
            return period
        case other:
            raise QueryError(f"a budget is in total, or per day, week or month, not per {other}", field="period")


def _start(text: str, now: datetime) -> datetime | None:
    if not text.strip():
        return None
    try:
        return parse_moment(text, UTC, now).astimezone(UTC)
    except QueryError as error:
        raise QueryError(f"{text!r} is no start: {error}", field="start") from None


def _percent(text: str, field: str, usual: float) -> float:
    if not text.strip():
        return usual
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        raise QueryError(f"{text!r} is no percentage: write one such as 80", field=field) from None
    if not 0 < percent <= 100:
        raise QueryError(f"{text!r} is no share of a budget: write one above 0 and up to 100", field=field)
    return percent
