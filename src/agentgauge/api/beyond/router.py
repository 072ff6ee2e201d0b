"""The endpoints beyond the documented ones together."""

from __future__ import annotations

from fastapi import APIRouter

from agentgauge.api.beyond import (
    alert_rules,
    budget_accounts,
    budgets,
    courses,
    events,
    export,
    operations,
    reasons,
    sql,
    usage,
    work,
)
from agentgauge.api.routing import include

router = APIRouter(prefix="/api/v1", tags=["beyond"])
for part in (usage, courses, reasons, work, operations, events, export, budgets, budget_accounts, alert_rules, sql):
    include(router, part.router)
