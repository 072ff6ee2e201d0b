"""What to do about an agent's budget.

    pause_agent        hardly any tasks: no budget
    reduce_budget      few tasks, and little of the budget used: half of it
    increase_capacity  good work, and over half of the budget free: half as much again
    review_agent       dear and poor work: look at it; needs no budget

The first three exclude each other, in this order. What is saved is budget: what is taken away, but no more than is
unused. An agent of which calls are recorded and no tasks is not judged by its tasks, and one whose cost is not known at
all, since none of its calls has a price, not by what it used; where some have none, it is said what that supposes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from agentgauge.policies.findings import (
    NO_SAVING,
    Evidence,
    Figure,
    Finding,
    FindingType,
    Period,
    Priority,
    Saving,
    count_of,
    dollars,
)
from agentgauge.policies.thresholds import Thresholds

FEWEST_SCORES = 5
"""Quality scores below which a mean of them is marked."""


class BudgetFigures(msgspec.Struct, frozen=True):
    """An agent's budget, USD."""

    total: Decimal
    used: Decimal

    @property
    def utilization(self) -> float:
        """A ratio, above 1 where more was used than there was; 0 of no budget."""
        return float(self.used / self.total) if self.total else 0.0


class AgentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent did in a period."""

    agent: str
    role: str | None
    tasks: int
    calls: int
    """Model and tool calls, in tasks or not."""
    cost_usd: Decimal
    """Of its priced calls."""
    unpriced_calls: int
    quality: float
    """Mean score of its tasks, 0-100; NaN where none has one."""
    scores: int

    @classmethod
    def of_nothing(cls, agent: str) -> AgentFigures:
        """Those of an agent that did nothing."""
        return cls(
            agent=agent,
            role=None,
            tasks=0,
            calls=0,
            cost_usd=Decimal(0),
            unpriced_calls=0,
            quality=math.nan,
            scores=0,
        )


def budget_findings(
    figures: AgentFigures, budget: BudgetFigures | None, period: Period, thresholds: Thresholds
) -> Iterator[Finding]:
    """Those of the four that apply to an agent."""
    if budget is not None and budget.total > 0:
        allocation = _allocation(figures, budget, period, thresholds)
        if allocation is not None:
            yield allocation
    cost = period.per_month(float(figures.cost_usd))
    if cost > thresholds.high_cost_usd and figures.quality < thresholds.low_quality:
        total = None if budget is None else budget.total
        yield _finding(
            "review_agent", "high", figures, budget, total, NO_SAVING, period,
            f"High cost ({dollars(figures.cost_usd)}) but low quality ({figures.quality:.1f})",
        )  # fmt: skip


def _allocation(figures: AgentFigures, budget: BudgetFigures, period: Period, thresholds: Thresholds) -> Finding | None:
    tasks = period.per_month(figures.tasks)
    is_seen = figures.tasks > 0 or figures.calls == 0
    is_use_known = budget.used > 0 or figures.unpriced_calls == 0
    if is_seen and tasks < thresholds.rare_tasks:
        reason = f"Rarely used (only {count_of(figures.tasks, 'task')} in {count_of(round(period.days), 'day')})"
        nothing = Decimal(0)
        return _finding("pause_agent", "medium", figures, budget, nothing, _freed(budget, nothing), period, reason)
    if not is_use_known:
        return None
    if is_seen and tasks < thresholds.few_tasks and budget.utilization < thresholds.low_utilization:
        share, count = _percent(budget.utilization, 1), count_of(figures.tasks, "task")
        kept = budget.total * Decimal(str(thresholds.budget_kept))
        return _finding(
            "reduce_budget", "medium", figures, budget, kept, _freed(budget, kept), period,
            f"Low utilization ({share}) and minimal activity ({count})",
        )  # fmt: skip
    if figures.quality > thresholds.high_quality and 1 - budget.utilization > thresholds.free_capacity:
        free, more = _percent(1 - budget.utilization, 0), budget.total * Decimal(str(thresholds.capacity_growth))
        return _finding(
            "increase_capacity", "low", figures, budget, more, NO_SAVING, period,
            f"High quality score ({figures.quality:.1f}) with capacity ({free} available)",
        )  # fmt: skip
    return None


def _freed(budget: BudgetFigures, recommended: Decimal) -> Saving:
    freed = max(min(budget.total - recommended, budget.total - budget.used), Decimal(0))
    return Saving(freed, freed, freed, "of the budget: no estimate")


def _finding(
    type_: FindingType,
    priority: Priority,
    figures: AgentFigures,
    budget: BudgetFigures | None,
    recommended: Decimal | None,
    saving: Saving,
    period: Period,
    reason: str,
) -> Finding:
    rests_on_quality = type_ in ("increase_capacity", "review_agent")
    unpriced = figures.unpriced_calls if type_ != "review_agent" else 0  # which only may have cost more
    return Finding(
        type=type_,
        priority=priority,
        agent=figures.agent,
        agent_role=figures.role,
        current_budget=None if budget is None else budget.total,
        recommended_budget=recommended,
        reason=reason,
        saving=saving,
        evidence=Evidence(
            period=period,
            n=figures.tasks,
            of="tasks",
            figures=tuple(_figures(figures, budget)),
            assumption=f"{count_of(unpriced, 'call')} without a price cost nothing" if unpriced else "",
            few_samples=rests_on_quality and figures.scores < FEWEST_SCORES,
        ),
    )


def _figures(figures: AgentFigures, budget: BudgetFigures | None) -> Iterator[Figure]:
    yield Figure("cost", float(figures.cost_usd), "USD", figures.calls)
    if figures.unpriced_calls:
        yield Figure("unpriced_calls", figures.unpriced_calls, "1", figures.calls)
    if figures.scores:
        yield Figure("quality_score", figures.quality, "0-100", figures.scores)
    if budget is not None:
        yield Figure("budget_used", float(budget.used), "USD", figures.calls)


def _percent(ratio: float, digits: int) -> str:
    return f"{ratio * 100:.{digits}f}%"
