"""What was spent minute by minute in the last hour.

Costs a scan of a few columns over the calls and tasks of the hour: about 2 us for each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine, Filter, Query

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_COLUMNS = ("time", "kind", "outcome", "cost_usd", "cost_source", "tokens")
_COUNTED = Filter("kind", "in", ("llm_call", "tool_call", "task"))


class Spent(msgspec.Struct, frozen=True):
    """What calls and tasks of some time used and cost."""

    cost_usd: Decimal | None = Decimal(0)
    """None where calls were made and none of them has a price."""
    unpriced_calls: int = 0
    tokens: int = 0
    calls: int = 0
    """Model calls."""
    tool_calls: int = 0
    failures: int = 0
    """Calls, tool calls and tasks whose outcome is not success."""


class Minute(Spent, frozen=True, kw_only=True):
    start: datetime
    """UTC; a minute is the clock's, and the last of them is not over."""


class LastHour(msgspec.Struct, frozen=True):
    hour: Spent
    recent: Spent
    """Of the time asked for, at its end."""
    minutes: tuple[Minute, ...]
    """60, the oldest first; those in which nothing happened too."""


def last_hour(engine: Engine, now: datetime, recent: timedelta) -> LastHour:
    """The hour before the aware time `now`; what a clock ahead of it says belongs to the last minute."""
    first = now.replace(second=0, microsecond=0) - 59 * MINUTE
    hour, lately, minutes = _Sum(), _Sum(), [_Sum() for _ in range(60)]
    for time, *row in engine.scan(Query(start=now - HOUR, filters=(_COUNTED,)), _COLUMNS):
        sums = [hour]
        if time > now - recent:
            sums.append(lately)
        if time >= first:
            sums.append(minutes[min((time - first) // MINUTE, 59)])
        for each in sums:
            each.add(*row)
    starts = (first + n * MINUTE for n in range(60))
    found = (
        Minute(**msgspec.structs.asdict(each.spent()), start=start) for start, each in zip(starts, minutes, strict=True)
    )
    return LastHour(hour.spent(), lately.spent(), tuple(found))


class _Sum:
    def __init__(self) -> None:
        self.cost, self.priced = Decimal(0), 0
        self.unpriced = self.tokens = self.calls = self.tools = self.failures = 0

    def add(self, kind: str, outcome: str | None, cost: Decimal | None, source: str | None, tokens: int) -> None:
        if kind == "llm_call":
            self.calls += 1
            self.tokens += tokens
        elif kind == "tool_call":
            self.tools += 1
        if outcome is not None and outcome != "success":
            self.failures += 1
        if kind == "task":
            return
        if cost is not None:
            self.cost += cost
            self.priced += 1
        elif kind == "llm_call" or source == "unpriced":
            self.unpriced += 1

    def spent(self) -> Spent:
        cost = None if self.unpriced and not self.priced else self.cost
        return Spent(cost, self.unpriced, self.tokens, self.calls, self.tools, self.failures)
