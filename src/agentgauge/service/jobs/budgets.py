"""Budgets that are nearly or wholly used, as alerts; one below its threshold again is resolved."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.service.budgets import uses
from agentgauge.service.jobs.detecting import resolve_others
from agentgauge.service.jobs.job import Work
from agentgauge.service.wording import count_of, money
from agentgauge.state.alerts import AlertBook, Detected, Severity
from agentgauge.state.budget_terms import Budget, Status, status_of, utilization_percent
from agentgauge.state.budgets import BudgetBook

TYPE = "budget_overrun"
_SEVERITY: dict[Status, Severity] = {"warning": "warning", "critical": "critical", "exceeded": "critical"}


def check_budgets(work: Work, scheduled: datetime) -> str:
    """What of each budget is used in its period so far, counted from the events and kept with the budget."""
    budgets, alerts = BudgetBook(work.state), AlertBook(work.state)
    detected: list[Detected] = []
    all_budgets = budgets.budgets()
    with work.engine() as engine:
        found = uses(engine, work.state, all_budgets, scheduled)
    now = work.now()
    for budget in all_budgets:
        used = found[budget.id].cost_usd
        budgets.counted(budget.id, used, now)
        status = status_of(used, budget)
        if status in _SEVERITY:
            detected.append(_overrun(budget, used, status))
    new = sum(is_new for _, is_new in (alerts.detect(each, now) for each in detected))
    over = resolve_others(alerts, TYPE, {each.condition for each in detected}, now)
    return (
        f"{count_of(len(all_budgets), 'budget')}, {len(detected)} above a threshold, {new} of them new; "
        f"{over} below it again"
    )


def _overrun(budget: Budget, used: Decimal, status: Status) -> Detected:
    percent = budget.critical_percent if status != "warning" else budget.warning_percent
    utilization = utilization_percent(used, budget.total_usd)
    share = "more than nothing" if utilization is None else f"{utilization:.1f}% utilization"
    return Detected(
        # A new level is a new condition: who acknowledged the warning still has to hear of the overrun.
        condition=msgspec.json.encode((TYPE, budget.id, status)).decode(),
        type=TYPE,
        severity=_SEVERITY[status],
        metric="budget_utilization",
        project=budget.project,
        agent_name=budget.name if budget.scope == "agent" else None,
        current_value=float(used),
        expected_value=float(budget.total_usd),
        threshold_value=float(budget.total_usd * Decimal(repr(percent)) / 100),
        deviation_percent=float((used - budget.total_usd) / budget.total_usd * 100) if budget.total_usd else None,
        message=f"Budget alert: {_whose(budget)} at {share} ({money(used)}/{money(budget.total_usd)})",
    )


def _whose(budget: Budget) -> str:
    return budget.name if budget.scope == "agent" else f"{budget.scope} {budget.name}"
