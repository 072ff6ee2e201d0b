"""Whether a prompt cache would pay: prefixes that repeat from call to call, in conversations that use no cache.

Prompts are not recorded, so what repeats is told by lengths: an agent's next call sends what the one before sent, what
it answered, and something new, so its input is at least as long as both together. A conversation (calls of one agent
and model in one trace or session, one after another) in which `growing_share` of the calls are so is taken for one
whose prefix repeats. With a cache a call would have

    read      what the one before had sent, at the rate of cache reads, where that was not longer ago than a cache lives
    written   the rest of its input, at the rate of cache writes

so that what is saved is read x (input - cache read) - written x (cache write - input), each call at the rates of its
own time. What one conversation shares with another (a system prompt) is not seen, and not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.policies.findings import Evidence, Figure, Finding, Period, count_of, priority_of, saving_by_day
from agentgauge.policies.thresholds import Thresholds
from agentgauge.pricing import Rates

_FEMTO = 1e-15
_ASSUMPTION = "input that grew repeats the earlier one word for word, and cache reads are recorded where there are any"


class Call(msgspec.Struct, frozen=True):
    time: datetime
    input_tokens: int
    answered_tokens: int
    """Of the output what the next input repeats: without reasoning."""
    cached_tokens: int
    """Read from a cache or written to one."""
    rates: Rates | None
    """None where they are not known."""


class Repetition(msgspec.Struct, frozen=True):
    """What a cache would have changed in one conversation."""

    start: datetime
    calls: int
    repeated_tokens: int
    input_tokens: int
    saved_usd: float


class Conversation:
    """The calls of one conversation, given one after another. Keeps sums only."""

    __slots__ = ("_calls", "_femto", "_growing", "_is_open", "_last", "_repeated", "_start", "_thresholds", "_total")

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._start: datetime | None = None
        self._last: Call | None = None
        self._is_open = True
        self._calls = self._growing = self._repeated = self._total = self._femto = 0

    def add(self, call: Call) -> None:
        if call.cached_tokens or call.rates is None:
            self._is_open = False  # it used a cache, or nothing can be said of its money
            return
        read = 0
        if self._last is not None and call.input_tokens >= self._last.input_tokens + self._last.answered_tokens:
            self._growing += 1
            lives = timedelta(minutes=self._thresholds.cache_minutes)
            if call.time - self._last.time <= lives and self._last.input_tokens >= self._thresholds.least_prefix_tokens:
                read = self._last.input_tokens
        rates = call.rates
        self._femto += read * (rates.input - rates.cache_read)
        self._femto += (call.input_tokens - read) * (rates.input - rates.cache_write_5m)
        self._repeated += read
        self._total += call.input_tokens
        self._calls += 1
        self._start, self._last = self._start or call.time, call

    @property
    def repetition(self) -> Repetition | None:
        """None where it used a cache, its prefix does not repeat, or a rate is not known."""
        if self._start is None or not self._is_open or not self._repeated:
            return None
        if self._calls < self._thresholds.fewest_calls:
            return None
        if self._growing < self._thresholds.growing_share * (self._calls - 1):
            return None
        return Repetition(self._start, self._calls, self._repeated, self._total, self._femto * _FEMTO)


def use_cache(
    agent: str | None,
    role: str | None,
    model: str,
    conversations: Sequence[Repetition],
    period: Period,
    spent: Decimal,
    thresholds: Thresholds,
) -> Finding | None:
    """What caches would save one agent with one model, in its conversations whose prefix repeats."""
    days = period.by_day((one.start, one.saved_usd) for one in conversations)
    saving = saving_by_day(period, days, "rates of the price book; studentised bootstrap over days")
    if saving.usd < thresholds.least_saving_usd:
        return None
    repeated, total = (sum(getattr(one, name) for one in conversations) for name in ("repeated_tokens", "input_tokens"))
    count = len(conversations)
    return Finding(
        type="use_cache",
        priority=priority_of(saving, period, spent),
        agent=agent,
        agent_role=role,
        current_budget=None,
        recommended_budget=None,
        reason=(
            f"{repeated / total * 100:.0f}% of the input of {model} repeats earlier input, in "
            f"{count_of(count, 'conversation')} without a cache"
        ),
        saving=saving,
        evidence=Evidence(
            period=period,
            n=count,
            of="conversations",
            figures=(
                Figure("repeated_input_tokens", repeated, "token", count),
                Figure("input_tokens", total, "token", count),
                Figure("calls", sum(one.calls for one in conversations), "1", count),
            ),
            assumption=_ASSUMPTION,
            few_samples=saving.low is None,
        ),
        model=model,
    )
