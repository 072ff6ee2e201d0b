"""Sums that events are added to, in any order: whole numbers and exact decimals, so that any order gives the same.

Durations are nanoseconds here. Nothing grows without bound: of names that somebody else chooses only so many are
kept apart, the rest are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from heapq import heappush, heappushpop
from typing import Any

from agentgauge.events import Event
from agentgauge.runs.models import TokenUsage, ToolUsage

Key = tuple[datetime, str, int]
"""Total order of the events of a stream: by time, then by identity."""

MOST_MODELS = 16
MOST_TOOLS = 256
MOST_ERROR_TYPES = 64
OTHERS = "(others)"

_PARTS = frozenset(("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "reasoning_tokens"))
_NOTHING = Decimal(0)
_NANOSECONDS = 1_000_000


def key_of(event: Event) -> Key:
    return event.time, event.segment or "", event.n or 0


def nanoseconds(event: Event) -> int:
    """The duration of an event; 0 where it has none."""
    return 0 if event.duration_ms is None else round(event.duration_ms * _NANOSECONDS)


class UsageTally:
    """Tokens and cost of model calls. Costs are those that the events name: as the lake has them."""

    __slots__ = (
        "cache_read", "cache_write_1h", "cache_write_5m", "calls", "cost", "input", "models", "output", "providers",
        "reasoning", "unpriced",
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls = self.unpriced = self.input = self.output = self.reasoning = 0
        self.cache_read = self.cache_write_5m = self.cache_write_1h = 0
        self.cost = _NOTHING
        self.models: set[str] = set()
        self.providers: set[str] = set()

    def add(self, event: Event) -> None:
        self.calls += 1
        self.input += event.input_tokens
        self.output += event.output_tokens
        self.cache_read += event.cache_read_tokens
        self.cache_write_5m += event.cache_write_5m_tokens
        self.cache_write_1h += event.cache_write_1h_tokens
        self.reasoning += event.reasoning_tokens
        if event.cost_usd is None:
            self.unpriced += 1
        else:
            self.cost += event.cost_usd
        if event.model is not None and event.model not in self.models:
            _add_name(self.models, event.model)
        if event.provider is not None and event.provider not in self.providers:
            _add_name(self.providers, event.provider)

    def add_members(self, members: Mapping[str, Any]) -> None:
        """As `add`, of an event given as the members that it has."""
        get = members.get
        self.calls += 1
        self.input += get("input_tokens", 0)
        self.output += get("output_tokens", 0)
        if not _PARTS.isdisjoint(members):
            self.cache_read += get("cache_read_tokens", 0)
            self.cache_write_5m += get("cache_write_5m_tokens", 0)
            self.cache_write_1h += get("cache_write_1h_tokens", 0)
            self.reasoning += get("reasoning_tokens", 0)
        cost = get("cost_usd")
        if cost is None:
            self.unpriced += 1
        else:
            self.cost += cost
        model, provider = get("model"), get("provider")
        if model is not None and model not in self.models:
            _add_name(self.models, model)
        if provider is not None and provider not in self.providers:
            _add_name(self.providers, provider)

    def merge(self, other: UsageTally) -> None:
        self.calls += other.calls
        self.unpriced += other.unpriced
        self.input += other.input
        self.output += other.output
        self.cache_read += other.cache_read
        self.cache_write_5m += other.cache_write_5m
        self.cache_write_1h += other.cache_write_1h
        self.reasoning += other.reasoning
        self.cost += other.cost
        for name in other.models:
            _add_name(self.models, name)
        for name in other.providers:
            _add_name(self.providers, name)

    def view(self) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input,
            output_tokens=self.output,
            model=", ".join(sorted(self.models)) or None,
            provider=", ".join(sorted(self.providers)) or None,
            cache_read_tokens=self.cache_read,
            cache_write_5m_tokens=self.cache_write_5m,
            cache_write_1h_tokens=self.cache_write_1h,
            reasoning_tokens=self.reasoning,
            cost_usd=float(self.cost),
            calls=self.calls,
            unpriced_calls=self.unpriced,
        )


class ToolTally:
    """Calls of one tool."""

    __slots__ = ("calls", "cost", "duration", "errors", "failures", "timed")

    def __init__(self) -> None:
        self.calls = self.failures = self.timed = self.duration = 0
        self.cost = _NOTHING
        self.errors: Counter[str] = Counter()

    def add(self, event: Event) -> None:
        self.calls += 1
        if event.duration_ms is not None:
            self.timed += 1
            self.duration += nanoseconds(event)
        if event.cost_usd is not None:
            self.cost += event.cost_usd
        if event.success is False:
            self.failures += 1
            error = event.error_type or event.outcome or OTHERS
            self.errors[_named(self.errors, error, MOST_ERROR_TYPES)] += 1

    def merge(self, other: ToolTally) -> None:
        self.calls += other.calls
        self.failures += other.failures
        self.timed += other.timed
        self.duration += other.duration
        self.cost += other.cost
        for error, count in other.errors.items():
            self.errors[_named(self.errors, error, MOST_ERROR_TYPES)] += count

    def view(self, name: str) -> ToolUsage:
        return ToolUsage(
            tool_name=name,
            calls=self.calls,
            failures=self.failures,
            timed_calls=self.timed,
            total_duration_seconds=self.duration / 1e9,
            cost_usd=float(self.cost),
            errors=dict(sorted(self.errors.items())),
        )


class Share:
    """What was done inside one run, issue or agent: model calls, tool calls, errors, and when the last of it was."""

    __slots__ = ("errors", "last", "tools", "usage")

    def __init__(self) -> None:
        self.usage = UsageTally()
        self.tools: dict[str, ToolTally] = {}
        self.errors = 0
        self.last: datetime | None = None

    def add(self, event: Event) -> None:
        kind, moment = event.kind, event.time
        if kind == "llm_call":
            self.usage.add(event)
        elif kind == "tool_call":
            self._tool(event.name or OTHERS).add(event)
        elif kind == "error":
            self.errors += 1
        if self.last is None or moment > self.last:
            self.last = moment

    def touch(self, moment: datetime) -> None:
        if self.last is None or moment > self.last:
            self.last = moment

    def merge(self, other: Share) -> None:
        self.usage.merge(other.usage)
        for name, tally in other.tools.items():
            self._tool(name).merge(tally)
        self.errors += other.errors
        if other.last is not None:
            self.touch(other.last)

    def tool_usage(self) -> dict[str, ToolUsage]:
        return {name: tally.view(name) for name, tally in sorted(self.tools.items())}

    def _tool(self, name: str) -> ToolTally:
        name = _named(self.tools, name, MOST_TOOLS)
        tally = self.tools.get(name)
        if tally is None:
            tally = self.tools[name] = ToolTally()
        return tally


class Newest:
    """The newest events of a kind, at most `most`, whatever order they come in, and how many there were."""

    __slots__ = ("_heap", "count", "failures", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = self.failures = 0
        self._heap: list[tuple[Key, int, Event]] = []

    def add(self, event: Event) -> None:
        self.count += 1
        if event.success is False:
            self.failures += 1
        entry = (key_of(event), self.count, event)  # the count, so that no two events are compared
        if len(self._heap) < self.most:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    def events(self) -> list[Event]:
        """Oldest first."""
        return [event for _, _, event in sorted(self._heap, key=lambda entry: entry[0])]


def _add_name(names: set[str], name: str) -> None:
    """Of too many names the first in the alphabet stay, whatever order they come in."""
    names.add(name)
    if len(names) > MOST_MODELS:
        names.remove(max(names))


def _named(known: Collection[str], name: str, most: int) -> str:
    return name if name in known or len(known) < most else OTHERS
