"""What events add up to: counts, tokens, money and time, in all and by role and by operation.

Money is summed exactly, in Decimal. A call that nobody reported a cost of is priced as the lake prices it, by its model
and time; one without a known price is counted as unpriced and is in no sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

from agentgauge.errors import EventRefused, PriceBookError, SettingsError
from agentgauge.interruption import is_interruption
from agentgauge.pricing import PriceBook, user_file
from agentgauge.recorder import Gauge
from agentgauge.sessions.models import MetricsSummary
from agentgauge.sessions.results import Call
from agentgauge.settings import get_settings

MOST_GROUPS = 10_000
OTHER = "(other)"
"""The group of roles or operations that are new when there are already `MOST_GROUPS`."""

_DOLLARS = Context(prec=60, traps=[])
"""Of our own: the program may have set its context to fewer digits, or to raise where something is rounded."""


class Totals:
    """A sum that grows."""

    __slots__ = ("cost_usd", "duration_ms", "events", "tokens", "unpriced_calls")

    def __init__(self) -> None:
        self.events = 0
        self.tokens = 0
        self.cost_usd = Decimal(0)
        self.unpriced_calls = 0
        self.duration_ms = 0.0

    def add(self, events: int, tokens: int, cost_usd: Decimal, unpriced_calls: int, duration_ms: float) -> None:
        self.events += events
        self.tokens += tokens
        self.cost_usd = _DOLLARS.add(self.cost_usd, cost_usd)
        self.unpriced_calls += unpriced_calls
        self.duration_ms += duration_ms

    def as_group(self) -> dict[str, Any]:
        """As a group of `MetricsSummary`."""
        return {
            "events": self.events,
            "tokens": self.tokens,
            "cost": float(self.cost_usd),
            "unpriced_calls": self.unpriced_calls,
            "duration_ms": round(self.duration_ms),
        }


class SummaryFold:
    """Totals in all, by role and by operation. Not safe to share between threads."""

    def __init__(self) -> None:
        self.all = Totals()
        self.by_role: dict[str, Totals] = {}
        self.by_operation: dict[str, Totals] = {}

    def add(
        self,
        role: str,
        operation: str,
        *,
        events: int = 1,
        tokens: int = 0,
        cost_usd: Decimal = Decimal(0),
        unpriced_calls: int = 0,
        duration_ms: float = 0.0,
    ) -> None:
        for totals in (self.all, _group(self.by_role, role), _group(self.by_operation, operation)):
            totals.add(events, tokens, cost_usd, unpriced_calls, duration_ms)

    def summary(self) -> MetricsSummary:
        return MetricsSummary(
            total_events=self.all.events,
            total_tokens=self.all.tokens,
            total_cost=float(self.all.cost_usd),
            total_duration_ms=round(self.all.duration_ms),
            by_agent_role={role: totals.as_group() for role, totals in self.by_role.items()},
            by_operation={operation: totals.as_group() for operation, totals in self.by_operation.items()},
            unpriced_calls=self.all.unpriced_calls,
        )


def _group(groups: dict[str, Totals], name: str) -> Totals:
    totals = groups.get(name)
    if totals is None:
        if len(groups) >= MOST_GROUPS:
            name = OTHER
        totals = groups.setdefault(name, Totals())
    return totals


class Prices:
    """Prices of the home that a gauge records into, read when the first price is asked for.

    Where the user's price file cannot be used there are none, which is counted.
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._book: PriceBook | None = None
        self._is_loaded = False

    def cost_of(self, calls: Sequence[Call], at: datetime) -> tuple[Decimal, int]:
        """US dollars of the calls with a cost or a price, and the number of the others."""
        total, unpriced = Decimal(0), 0
        for call in calls:
            cost = self._price(call, at) if call.cost_usd is None else call.cost_usd
            if cost is None:
                unpriced += 1
            else:
                total = _DOLLARS.add(total, cost)
        return total, unpriced

    def _price(self, call: Call, at: datetime) -> Decimal | None:
        if not self._is_loaded:
            self._load()
        if self._book is None or call.model is None:
            return None
        try:
            cost = self._book.price(call.model, call.usage, provider=call.provider, at=at, tier=call.tier or "standard")
        except EventRefused:  # an event that nobody checked, such as one made without validation
            return None
        return None if cost is None else cost.usd

    def _load(self) -> None:
        try:
            self._book = PriceBook.load(user_file(self._gauge.settings or get_settings()))
        except (PriceBookError, SettingsError, OSError) as error:
            if is_interruption(error):
                raise
            if self._gauge.sink is not None:
                self._gauge.sink.count("altered", "prices unusable", str(error))
        self._is_loaded = True
