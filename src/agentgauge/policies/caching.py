"""Whether a prompt cache would pay: prefixes that repeat from call to call, in conversations that use no cache.

Prompts are not recorded, so what repeats is told by lengths: an agent's next call sends what the one before sent, what
it answered, and something new, so its input is longer than that one's, and at least as long as both together. A
conversation (calls of one agent and model in one task, trace or session, one after another) in which `growing_share`
of the steps are so is taken for one whose prefix repeats. With a cache a call would have

    read      what the one before had sent, at the rate of cache reads, where that was not longer ago than a cache lives
    written   the rest of its input, at the rate of cache writes

so that what is saved is read x (input - cache read) - written x (cache write - input), each call at the rates of its
own time. What one conversation shares with another (a system prompt) is not seen, and not counted.

Lengths in no order at all grow from call to call by chance: of 4 calls in one of 24 conversations
(`agentgauge.analysis.ascents`). So nothing is said unless more conversations grow than chance has grow, with an error
of `chance_error`, divided by how many agents and models are looked at; and of the saving the share is left out that
the conversations which grow by chance have of those that grow.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from agentgauge.analysis.ascents import chance_of_rising, p_value_of_risers
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
        rates, last, tokens = call.rates, self._last, call.input_tokens
        if call.cached_tokens or rates is None:
            self._is_open = False  # it used a cache, or nothing can be said of its money
            return
        read = 0
        if last is None:
            self._start = call.time
        elif tokens > last.input_tokens and tokens >= last.input_tokens + last.answered_tokens:
            self._growing += 1
            limits, apart = self._thresholds, (call.time - last.time).total_seconds()
            if apart <= limits.cache_minutes * 60 and last.input_tokens >= limits.least_prefix_tokens:
                read = last.input_tokens
        self._femto += read * (rates.input - rates.cache_read)
        self._femto += (tokens - read) * (rates.input - rates.cache_write_5m)
        self._repeated += read
        self._total += tokens
        self._calls += 1
        self._last = call

    @property
    def tried_calls(self) -> int:
        """How many calls it is judged by; 0 where it is not: it used a cache, is short, or a rate is not known."""
        return self._calls if self._is_open and self._calls >= self._thresholds.fewest_calls else 0

    @property
    def is_growing(self) -> bool:
        return self._growing >= self._thresholds.growing_share * (self._calls - 1) - 1e-9

    @property
    def repetition(self) -> Repetition | None:
        """None where it is not judged, its prefix does not repeat, or a cache would have read nothing."""
        if self._start is None or not self.tried_calls or not self.is_growing or not self._repeated:
            return None
        return Repetition(self._start, self._calls, self._repeated, self._total, self._femto * _FEMTO)


class Repetitions(msgspec.Struct):
    """The conversations of one agent with one model that are judged. Adds up."""

    found: list[Repetition] = msgspec.field(default_factory=list)
    """Those in which a cache would have read something."""
    tried: int = 0
    growing: int = 0
    chances: float = 0.0
    """How many of them grew, on average, if the order of all lengths were that of chance."""
    by_chance: float = 0.0
    """How many of those that grew did so by chance, to go by the others."""

    def add(self, conversation: Conversation, growing_share: float) -> None:
        calls = conversation.tried_calls
        if not calls:
            return
        chance = chance_of_rising(calls, growing_share)
        self.tried += 1
        self.chances += chance
        if conversation.is_growing:
            self.growing += 1
        elif chance < 1:
            self.by_chance += chance / (1 - chance)
        if (repetition := conversation.repetition) is not None:
            self.found.append(repetition)

    @property
    def p_value(self) -> float:
        """How likely as many grow by chance."""
        return p_value_of_risers(self.growing, self.chances, self.tried)

    @property
    def share(self) -> float:
        """Of those that grew, the share that did not by chance."""
        return max(1 - self.by_chance / self.growing, 0.0) if self.growing else 0.0


def use_cache(
    agent: str | None,
    role: str | None,
    model: str,
    conversations: Repetitions,
    looked_at: int,
    period: Period,
    spent: Decimal,
    thresholds: Thresholds,
) -> Finding | None:
    """What caches would save one agent with one model, of so many that are looked at, in its conversations whose prefix
    repeats; None where no more of them grow than by chance.
    """
    found, share = conversations.found, conversations.share
    if not found or conversations.p_value > thresholds.chance_error / max(looked_at, 1):
        return None
    days = period.by_day((one.start, one.saved_usd * share) for one in found)
    saving = saving_by_day(period, days, "rates of the price book; studentised bootstrap over days")
    if saving.usd < thresholds.least_saving_usd:
        return None
    repeated, total = (sum(getattr(one, name) for one in found) for name in ("repeated_tokens", "input_tokens"))
    count = len(found)
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
                Figure("calls", sum(one.calls for one in found), "1", count),
                Figure("conversations_that_grow", conversations.growing, "1", conversations.tried),
                Figure("of_these_by_chance", conversations.by_chance, "1", conversations.tried),
            ),
            assumption=_ASSUMPTION,
            few_samples=saving.low is None,
        ),
        model=model,
    )
