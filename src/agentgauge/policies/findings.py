"""Findings: what a rule of `agentgauge.policies` found, with what it would save and what it was found from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from agentgauge.analysis.bootstrap import FEWEST
from agentgauge.analysis.pairs import Observation, level

FindingType = Literal[
    "reduce_budget",
    "pause_agent",
    "increase_capacity",
    "review_agent",
    "cheaper_model",
    "use_cache",
    "stop_retries",
    "unpriced_models",
]
Priority = Literal["high", "medium", "low"]

MONTH_DAYS = 30
"""What savings and thresholds are about, whatever the window."""
_CENT_FRACTION = Decimal("1e-6")
_DAY = timedelta(days=1)


class Period(msgspec.Struct, frozen=True):
    """The window that facts were gathered in; aware."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        return (self.end - self.start) / _DAY

    def by_day(self, amounts: Iterable[tuple[datetime, float]]) -> tuple[float, ...]:
        """Dated amounts per day, counted from the start; days without any are 0."""
        days = [0.0] * math.ceil(self.days)
        for moment, amount in amounts:
            days[(moment - self.start).days] += amount
        return tuple(days)

    def per_month(self, amount: float) -> float:
        """So much in the window as so much in 30 days."""
        return amount * MONTH_DAYS / self.days


class Figure(msgspec.Struct, frozen=True):
    """One number that a finding rests on."""

    name: str
    value: float
    unit: str
    """As fields of events have it: USD, token, 1 (a ratio, or a count), 0-100."""
    n: int
    """Tasks, calls, conversations that it is of."""
    low: float | None = None
    """Limits, where they are known: of 95 %, and of what a cheaper model loses those that the rule goes by."""
    high: float | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    period: Period
    n: int
    """How many of `of` the finding rests on."""
    of: str
    figures: tuple[Figure, ...]
    names: tuple[str, ...] = ()
    """Of what is proposed, where it is one of several."""
    assumption: str = ""
    """What has to hold for the saving to be had."""
    few_samples: bool = False


class Saving(msgspec.Struct, frozen=True):
    """USD per 30 days; the limits are those of 95 %, and None where they are not known."""

    usd: Decimal
    low: Decimal | None
    high: Decimal | None
    method: str
    """How the limits were found."""


NO_SAVING = Saving(Decimal(0), Decimal(0), Decimal(0), "none expected")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Kept as JSON with what was decided about it, so fields, here and in its parts, are only added, with a default."""

    type: FindingType
    priority: Priority
    agent: str | None
    """None where it is about all agents."""
    agent_role: str | None
    current_budget: Decimal | None
    """USD; None where the agent has none."""
    recommended_budget: Decimal | None
    reason: str
    saving: Saving
    evidence: Evidence
    model: str | None = None
    operation: str | None = None
    alternative: str | None = None
    """The model to take instead."""

    @property
    def estimated_savings(self) -> Decimal:
        """USD per 30 days."""
        return self.saving.usd


def usd(amount: float) -> Decimal:
    """An estimated amount, to a millionth of a dollar."""
    return Decimal(amount).quantize(_CENT_FRACTION)


def saving_in(period: Period, amount: float, limits: tuple[float, float], method: str) -> Saving:
    """What was saved in a period, in USD, as a saving per 30 days; limits that are NaN are not known."""
    low, high = (None if math.isnan(limit) else usd(period.per_month(limit)) for limit in limits)
    return Saving(usd(period.per_month(amount)), low, high, method)


def saving_by_day(period: Period, days: Sequence[float], method: str) -> Saving:
    """What was to be saved on each day of a period, as a saving per 30 days, with limits from how days differ: None of
    fewer than ten days on which there was something.
    """
    low = high = math.nan
    if sum(amount != 0 for amount in days) >= FEWEST:
        _, low, high = level([Observation(str(day), amount) for day, amount in enumerate(days)], "number", 0.95)
    return saving_in(period, math.fsum(days), (low * len(days), high * len(days)), method)


def dollars(amount: float | Decimal) -> str:
    """An amount as a reason states it: cents, and two digits of what is less than one."""
    size = Decimal(amount)
    digits = 2 if size == 0 or abs(size) >= Decimal("0.1") else min(1 - size.adjusted(), 6)
    return f"${size:,.{digits}f}"


def count_of(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def priority_of(saving: Saving, period: Period, spent: Decimal) -> Priority:
    """By the share that a saving is of all that was spent in a period: a fifth is high, a twentieth medium."""
    share = float(saving.usd) / period.per_month(float(spent)) if spent else 0.0
    return "high" if share >= 0.2 else "medium" if share >= 0.05 else "low"


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The most pressing first, then the most saved."""
    order = {"high": 0, "medium": 1, "low": 2}
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                order[finding.priority],
                -finding.saving.usd,
                finding.type,
                finding.agent or "",
                finding.operation or "",
                finding.model or "",
            ),
        )
    )
