"""`budget_overrun`: budgets that have reached their warning or critical percentage, or are wholly used.

A condition is of one period of one budget, so an alert about a day or a month is over with it. Every period that ended
since the last check is looked at as it was at its end: what was used in its last hour is told of too, and days on which
nothing was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.budgets import column_of, counted, uses
from agentgauge.service.evaluating.evaluation import HOUR, Evaluation, Found
from agentgauge.service.wording import money
from agentgauge.state.alert_evidence import Evidence, Range, Span
from agentgauge.state.alerts import Detected, Severity
from agentgauge.state.budget_counts import BudgetCounts
from agentgauge.state.budget_terms import Budget, Status, status_of, utilization_percent
from agentgauge.state.budgets import BudgetBook

_SEVERITY: dict[Status, Severity] = {"warning": "warning", "critical": "critical", "exceeded": "critical"}
_MOMENT = HOUR / 3_600_000_000


_Period = tuple[Budget, datetime, Decimal, datetime | None]
"""A budget, the start of one of its periods, what was used in it, and its end where it is over."""


class Overruns:
    """Of one evaluation: budgets are counted once for all rules about them."""

    def __init__(self, evaluation: Evaluation, since: datetime) -> None:
        """`since`: when they were last checked."""
        self.used: Mapping[int, Decimal] = {}
        self.budgets = BudgetBook(evaluation.state).budgets()
        now = evaluation.scheduled
        found = uses(evaluation.engine, evaluation.state, self.budgets, now)
        self.used = {id_: use.cost_usd for id_, use in found.items()}
        self._periods: list[_Period] = [
            (budget, budget.counts_from(now), self.used[budget.id], None) for budget in self.budgets
        ] + self._ended(evaluation, since)

    def of(self, evaluation: Evaluation, rule: Rule) -> Found:
        return Found(
            tuple(
                _overrun(rule, budget, start, used, status, end)
                for budget, start, used, end in self._periods
                if _is_of(rule, budget) and (status := status_of(used, budget)) in _SEVERITY
            )
        )

    def _ended(self, evaluation: Evaluation, since: datetime) -> list[_Period]:
        """Budgets in each of their periods that ended since then."""
        by_end: dict[datetime, list[Budget]] = {}
        for budget in self.budgets:
            end = budget.counts_from(evaluation.scheduled)
            while budget.period != "total" and since < end and budget.start < end:
                by_end.setdefault(end, []).append(budget)
                end = budget.counts_from(end - _MOMENT)
        found: list[_Period] = []
        for end, ended in sorted(by_end.items()):
            last = end - _MOMENT
            beside = BudgetCounts(evaluation.state).beside(ended, last)
            use = counted(evaluation.engine, ended, beside, last, until=end)
            found += [(budget, budget.counts_from(last), use[budget.id].cost_usd, end) for budget in ended]
        return found


def _is_of(rule: Rule, budget: Budget) -> bool:
    return all(
        budget.project == value if name == "project" else (budget.scope, budget.name) == (name, value)
        for name, value in rule.filters.items()
    )


def _overrun(
    rule: Rule, budget: Budget, start: datetime, used: Decimal, status: Status, ended: datetime | None
) -> Detected:
    percent = budget.critical_percent if status != "warning" else budget.warning_percent
    accepted = budget.total_usd * Decimal(repr(percent)) / 100
    utilization = utilization_percent(used, budget.total_usd)
    share = "more than nothing" if utilization is None else f"{utilization:.1f}% utilization"
    period = "" if ended is None else f" in the {budget.period} that ended at {ended:%Y-%m-%d %H:%M} UTC"
    return Detected(
        condition=rule.condition(budget.id, None if budget.period == "total" else start.isoformat()),
        type=rule.type,
        severity=rule.severity or _SEVERITY[status],
        metric="budget_utilization",
        project=budget.project,
        agent_name=budget.name if budget.scope == "agent" else None,
        rule=rule.name,
        evidence=Evidence(
            window=Span(start=start, end=ended),
            value=float(used),
            unit="USD",
            expected=Range(high=float(accepted)),
            filters=_selecting(budget),
            budget_id=budget.id,
            budget=f"{budget.scope}:{budget.name}",
        ),
        current_value=float(used),
        expected_value=float(budget.total_usd),
        threshold_value=float(accepted),
        deviation_percent=float((used - budget.total_usd) / budget.total_usd * 100) if budget.total_usd else None,
        message=f"Budget alert: {_whose(budget)} at {share} ({money(used)}/{money(budget.total_usd)}){period}",
    )


def _selecting(budget: Budget) -> dict[str, str | None]:
    """The columns of events that it is of; a budget of all projects together is of no project."""
    within = {} if budget.project is None else {"project": budget.project}
    return {**within, column_of(budget.scope): budget.name}


def _whose(budget: Budget) -> str:
    return budget.name if budget.scope == "agent" else f"{budget.scope} {budget.name}"
