"""Budgets of the recorded work: used up, near the limit, and far from it; per month, week and day, and in total."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from agentgauge.settings import get_settings
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_terms import BudgetPeriod, Scope, Terms, period_start
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of

_BUDGETS: tuple[tuple[Scope, str, str, BudgetPeriod], ...] = (
    ("agent", "coder", "16", "month"),
    ("agent", "reviewer", "3", "total"),
    ("project", "billing", "4.20", "total"),
    ("agent", "tester", "1.30", "total"),
    ("role", "qa", "1.50", "week"),
    ("user", "ada", "0.60", "day"),
    ("team", "platform", "25", "month"),
    ("agent", "planner", "120", "total"),
)
_SINCE = timedelta(days=30)


def set_budgets(home: Path, end: datetime) -> None:
    """Decided by a person a while ago, the first of them changed since; a program holds some of that."""
    store = state_of(get_settings(home).home)
    store.upgrade()
    book, decided = BudgetBook(store), end - timedelta(days=20)
    for scope, name, usd, period in _BUDGETS:
        book.create(_terms(scope, name, usd, period, end - _SINCE), "ada@example.org", decided)
    coder = book.budgets(scope="agent", name="coder")[0]
    changed = _terms("agent", "coder", "13", "month", end - _SINCE)
    coder = book.replace(coder.id, changed, "grace@example.org", end - timedelta(days=6))
    BudgetAccounts(store).reserve(
        coder.id,
        "3f2a9c01d4e5b6a7",
        Decimal("0.80"),
        at_least=Decimal("0.80"),
        holder="build-7:4711:9c01d4e5",
        ttl_s=3600,
    )


def _terms(scope: Scope, name: str, usd: str, period: BudgetPeriod, since: datetime) -> Terms:
    start = period_start("month", since) if period != "total" else since
    return Terms(
        scope=scope, name=name, project=name if scope == "project" else None, total_usd=Decimal(usd), period=period,
        start=start or since,
    )  # fmt: skip
