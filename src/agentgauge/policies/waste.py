"""Money that bought nothing, and money that is not known.

    stop_retries      of an operation: tasks that were tried again on the same work, failed again, and never succeeded;
                      what they cost, without the first try. Of a model: calls that failed and were paid all the same,
                      those within such tasks left out
    unpriced_models   calls that no price is known of, with names of models like it that have one

A saving of the first kind is an upper limit: whoever stops trying earlier also stops some that would have succeeded,
so the share of second and later tries that did succeed is part of the evidence. Its limits are from how days differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.analysis.proportions import wilson
from agentgauge.policies.findings import (
    NO_SAVING,
    Evidence,
    Figure,
    Finding,
    Period,
    Saving,
    count_of,
    dollars,
    priority_of,
    saving_by_day,
)
from agentgauge.policies.thresholds import Thresholds

_CONFIDENCE = 0.95
_METHOD = "studentised bootstrap over days"


class Chain(msgspec.Struct, frozen=True):
    """Tries at one piece of work, up to the first success."""

    end: datetime
    """Of the last one."""
    retries: int
    """Tries after the first."""
    succeeded: bool
    burnt_usd: float
    """What the retries cost, where none succeeded."""


class FailedCalls(msgspec.Struct, frozen=True):
    """Calls of one agent and model that failed and cost something."""

    calls: int
    by_day: tuple[float, ...]
    """USD per day of the period, days without any included."""


class Unpriced(msgspec.Struct, frozen=True):
    model: str
    calls: int
    tokens: int
    near: tuple[str, ...]
    """Names of models with a price that resemble it."""


def failing_retries(
    agent: str | None,
    role: str | None,
    operation: str,
    chains: Sequence[Chain],
    period: Period,
    spent: Decimal,
    thresholds: Thresholds,
) -> Finding | None:
    """Of one agent's operation."""
    retried = [chain for chain in chains if chain.retries]
    lost = [chain for chain in retried if not chain.succeeded]
    retries, burnt = sum(chain.retries for chain in lost), math.fsum(chain.burnt_usd for chain in lost)
    if retries < thresholds.fewest_retries or period.per_month(burnt) < thresholds.least_saving_usd:
        return None
    won, everything = len(retried) - len(lost), sum(chain.retries for chain in retried)
    low, high = wilson(won, everything, _CONFIDENCE)
    saving = saving_by_day(period, period.by_day((chain.end, chain.burnt_usd) for chain in lost), _METHOD)
    return _finding(
        agent,
        role,
        f"{count_of(retries, 'retry', 'retries')} of {operation} never succeeded and cost {dollars(burnt)}",
        saving,
        period,
        spent,
        Evidence(
            period=period,
            n=retries,
            of="retries",
            figures=(
                Figure("burnt", burnt, "USD", retries),
                Figure("success_rate_of_retries", won / everything, "1", everything, low, high),
            ),
            assumption="work is given up after its first failure, and nothing else has to be paid for instead",
            few_samples=saving.low is None,
        ),
        operation=operation,
    )


def failed_calls(
    agent: str | None,
    role: str | None,
    model: str,
    failed: FailedCalls,
    period: Period,
    spent: Decimal,
    thresholds: Thresholds,
) -> Finding | None:
    """Of one agent and model."""
    burnt = math.fsum(failed.by_day)
    if failed.calls < thresholds.fewest_retries or period.per_month(burnt) < thresholds.least_saving_usd:
        return None
    saving = saving_by_day(period, failed.by_day, _METHOD)
    return _finding(
        agent,
        role,
        f"{count_of(failed.calls, 'failed call')} of {model} cost {dollars(burnt)}",
        saving,
        period,
        spent,
        Evidence(
            period=period,
            n=failed.calls,
            of="calls",
            figures=(Figure("burnt", burnt, "USD", failed.calls),),
            assumption="the failures can be avoided, and what was paid for bought nothing",
            few_samples=saving.low is None,
        ),
        model=model,
    )


def unpriced_model(unpriced: Unpriced, period: Period, all_calls: int) -> Finding:
    """Of one model; pressing where more than a tenth of all calls are its."""
    like = f"; near names: {', '.join(unpriced.near)}" if unpriced.near else ""
    return Finding(
        type="unpriced_models",
        priority="high" if unpriced.calls * 10 > all_calls else "medium",
        agent=None,
        agent_role=None,
        current_budget=None,
        recommended_budget=None,
        reason=f"{count_of(unpriced.calls, 'call')} of {unpriced.model} without a price: the cost is unknown{like}",
        saving=NO_SAVING,
        evidence=Evidence(
            period=period,
            n=unpriced.calls,
            of="calls",
            figures=(Figure("tokens", unpriced.tokens, "token", unpriced.calls),),
            names=unpriced.near,
        ),
        model=unpriced.model,
    )


def _finding(
    agent: str | None,
    role: str | None,
    reason: str,
    saving: Saving,
    period: Period,
    spent: Decimal,
    evidence: Evidence,
    *,
    operation: str | None = None,
    model: str | None = None,
) -> Finding:
    return Finding(
        type="stop_retries",
        priority=priority_of(saving, period, spent),
        agent=agent,
        agent_role=role,
        current_budget=None,
        recommended_budget=None,
        reason=reason,
        saving=saving,
        evidence=evidence,
        operation=operation,
        model=model,
    )
