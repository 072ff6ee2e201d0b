"""What model calls of a period tell: conversations without a cache, calls that failed, calls without a price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, date, datetime

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.policies.caching import Call, Conversation, Repetition
from agentgauge.policies.findings import Period
from agentgauge.policies.thresholds import Thresholds
from agentgauge.policies.waste import FailedCalls, Unpriced
from agentgauge.pricing import PriceBook, Rates
from agentgauge.pricing.near_names import near_names
from agentgauge.pricing.rates import RateWindow

AgentModel = tuple[str | None, str]
_CALLS = Filter("kind", "=", "llm_call")
_COLUMNS = (
    "agent", "model", "parent_id", "trace_id", "session", "run", "issue", "time", "provider", "tier", "input_tokens",
    "output_tokens", "reasoning_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
)  # fmt: skip
_MOST_LOOKED_UP = 20
"""Models whose near names are looked up, some milliseconds each."""
_NAMED = 3


def repetitions(
    engine: Engine, period: Period, book: PriceBook, thresholds: Thresholds
) -> dict[AgentModel, list[Repetition]]:
    """Conversations whose prefix repeats, of agents with models that read nothing from a cache in all of the period.

    A conversation is the calls of an agent and model in one task; outside tasks, in one trace, session, or run and
    issue. Scans the calls of those agents and models.
    """
    uncached = _without_cache(engine, period)
    if not uncached:
        return {}
    query = Query(
        start=period.start,
        end=period.end,
        filters=(_CALLS, Filter("model", "in", tuple(sorted({model for _, model in uncached})))),
    )
    found: dict[tuple[str | None, str, object], Conversation] = {}
    rates = _RatesOfDays(book)
    for agent, model, parent, trace, session, run, issue, *call in engine.scan(query, _COLUMNS):
        where = parent or trace or session or (run, issue)
        if (agent, model) in uncached and where != (None, None):
            conversation = found.setdefault((agent, model, where), Conversation(thresholds))
            conversation.add(_call(model, rates, *call))
    by_agent: dict[AgentModel, list[Repetition]] = defaultdict(list)
    for (agent, model, _), conversation in found.items():
        if (repetition := conversation.repetition) is not None:
            by_agent[agent, model].append(repetition)
    return by_agent


def _without_cache(engine: Engine, period: Period) -> set[AgentModel]:
    query = Query(
        start=period.start,
        end=period.end,
        filters=(_CALLS,),
        group=("agent", "model"),
        measures=(Measure("sum", "cache_read_tokens", name="read"), Measure("sum", "input_tokens", name="input")),
    )
    return {
        (row["agent"], row["model"])
        for row in engine.aggregate(query).records()
        if row["model"] is not None and not row["read"] and row["input"]
    }


def _call(
    model: str,
    rates: _RatesOfDays,
    time: datetime,
    provider: str | None,
    tier: str | None,
    input_tokens: int,
    output_tokens: int,
    reasoning_tokens: int,
    *cached_tokens: int,
) -> Call:
    return Call(
        time=time,
        input_tokens=input_tokens,
        answered_tokens=output_tokens - reasoning_tokens,
        cached_tokens=sum(cached_tokens),
        rates=rates.of(model, provider, tier, time, input_tokens),
    )


class _RatesOfDays:
    """Rates of calls, looked up once per model and day."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._windows: dict[tuple[str, str | None, str | None, date], tuple[RateWindow, ...]] = {}

    def of(self, model: str, provider: str | None, tier: str | None, time: datetime, input_tokens: int) -> Rates | None:
        """Those of a call; None where they are not known."""
        key = (model, provider, tier, time.astimezone(UTC).date())
        windows = self._windows.get(key)
        if windows is None:
            windows = self._windows[key] = self._book.windows(model, provider, tier or "standard", key[3])
        return next((window.rates for window in windows if window.covers(time, input_tokens)), None)


def failed_calls_by_agent(engine: Engine, period: Period, left_out: Collection[str]) -> dict[AgentModel, FailedCalls]:
    """Calls that failed and cost something, but for those directly within the tasks of the spans `left_out`."""
    query = Query(
        start=period.start, end=period.end, filters=(_CALLS, Filter("success", "=", False), Filter("cost_usd", ">", 0))
    )
    found: dict[AgentModel, list[tuple[datetime, float]]] = defaultdict(list)
    for time, agent, model, cost, parent in engine.scan(query, ("time", "agent", "model", "cost_usd", "parent_id")):
        if parent is None or parent not in left_out:
            found[agent, model].append((time, float(cost)))
    return {key: FailedCalls(len(amounts), period.by_day(amounts)) for key, amounts in found.items()}


def unpriced(engine: Engine, period: Period) -> tuple[Unpriced, ...]:
    """Models without a price, the most called first, the first of them with names that resemble theirs."""
    query = Query(
        start=period.start,
        end=period.end,
        filters=(_CALLS, Filter("cost_usd", "is null")),
        group=("model",),
        measures=(Measure("count", name="calls"), Measure("sum", "tokens", name="tokens")),
        order=("-calls",),
    )
    rows = [row for row in engine.aggregate(query).records() if row["model"] is not None]
    return tuple(
        Unpriced(
            row["model"],
            row["calls"],
            row["tokens"],
            near_names(row["model"], _NAMED) if rank < _MOST_LOOKED_UP else (),
        )
        for rank, row in enumerate(rows)
    )
