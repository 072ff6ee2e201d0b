"""Recommendations in words: what to do, and what came of it."""

from __future__ import annotations

from decimal import Decimal

from agentgauge.policies.adoption import FEWEST_OPERATIONS, Achieved
from agentgauge.service import wording
from agentgauge.service.recommending import Recommendation


def title(row: Recommendation) -> str:
    """`reduce budget $50.00 -> $25.00: coder`."""
    words = row.type.replace("_", " ")
    if row.recommended_budget is not None and row.recommended_budget != row.current_budget:
        words += f" {wording.money(row.current_budget)} -> {wording.money(row.recommended_budget)}"
    return f"{words}: {row.agent}" if row.agent is not None else words


def measured(result: Achieved) -> str:
    """What was measured, or why nothing was."""

    before, after = result.operations_before, result.operations_after
    if result.status == "too_early":
        return f"too early to say: {wording.count(after)} since then, at least {FEWEST_OPERATIONS} are needed"
    if result.status == "not_measurable":
        return "not measurable: " + (f"only {wording.count(before)} before" if before else result.measure)
    return (
        f"{result.measure} {_usd(result.mean_before)} -> {_usd(result.mean_after)} "
        f"({wording.count(before)} before, {wording.count(after)} since)"
    )


def _usd(amount: float) -> str:

    return wording.money(Decimal(amount))
