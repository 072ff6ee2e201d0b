"""Facts for the rules, made by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agentgauge.policies.budget_rules import AgentFigures, BudgetFigures
from agentgauge.policies.findings import Period

END = datetime(2025, 11, 17, tzinfo=UTC)
MONTH = Period(END - timedelta(days=30), END)
WEEK = Period(END - timedelta(days=7), END)


def agent(name: str = "coder", **more: Any) -> AgentFigures:
    """An agent that nothing is wrong with, but for `more`."""
    usual: dict[str, Any] = {
        "agent": name,
        "role": "developer",
        "tasks": 85,
        "calls": 400,
        "cost_usd": Decimal("0.78"),
        "unpriced_calls": 0,
        "quality": math.nan,
        "scores": 0,
    }
    if "quality" in more:
        usual["scores"] = 85
    return AgentFigures(**{**usual, **more})


def budget(total: str, used: str) -> BudgetFigures:
    return BudgetFigures(Decimal(total), Decimal(used))
