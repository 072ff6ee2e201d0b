"""What model calls of a period tell: conversations without a cache, calls that failed, calls without a price."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.policies.caching import Call, Conversation, Repetition
from agentgauge.policies.findings import Period
from agentgauge.policies.thresholds import Thresholds
from agentgauge.policies.waste import FailedCalls, Unpriced
from agentgauge.pricing import PriceBook, Rates
from agentgauge.pricing.near_names import near_names

AgentModel = tuple[str | None, str]
_CALLS = Filter("kind", "=", "llm_call")
_CACHE = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
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
    columns = ("time", "agent", "model", "provider", "tier", "input_tokens", "output_tokens", "reasoning_tokens")
    place = ("parent_id", "trace_id", "session", "run", "issue")
    query = Query(
        start=period.start,
        end=period.end,
        filters=(_CALLS, Filter("model", "in", tuple(sorted({model for _, model in uncached})))),
    )
    found: dict[tuple[Any, ...], Conversation] = {}
    for values in engine.scan(query, (*columns, *_CACHE, *place)):
        row = dict(zip((*columns, *_CACHE, *place), values, strict=True))
        where = row["parent_id"] or row["trace_id"] or row["session"] or (row["run"], row["issue"])
        key = (row["agent"], row["model"], where)
        if key[:2] in uncached and where != (None, None):
            found.setdefault(key, Conversation(thresholds)).add(_call(row, book))
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


def _call(row: Mapping[str, Any], book: PriceBook) -> Call:
    return Call(
        time=row["time"],
        input_tokens=row["input_tokens"],
        answered_tokens=row["output_tokens"] - row["reasoning_tokens"],
        cached_tokens=sum(row[name] for name in _CACHE),
        rates=_rates(book, row),
    )


def _rates(book: PriceBook, row: Mapping[str, Any]) -> Rates | None:
    time: datetime = row["time"]
    windows = book.windows(row["model"], row["provider"], row["tier"] or "standard", time.astimezone(UTC).date())
    return next((window.rates for window in windows if window.covers(time, row["input_tokens"])), None)


def failed_calls_by_agent(engine: Engine, period: Period, left_out: Collection[str]) -> dict[AgentModel, FailedCalls]:
    """Calls that failed and cost something, but for those directly within the tasks of the spans `left_out`."""
    query = Query(
        start=period.start, end=period.end, filters=(_CALLS, Filter("success", "=", False), Filter("cost_usd", ">", 0))
    )
    days = math.ceil(period.days)
    by_day: dict[AgentModel, list[float]] = defaultdict(lambda: [0.0] * days)
    count: dict[AgentModel, int] = defaultdict(int)
    for time, agent, model, cost, parent in engine.scan(query, ("time", "agent", "model", "cost_usd", "parent_id")):
        if parent is None or parent not in left_out:
            by_day[agent, model][(time - period.start).days] += float(cost)
            count[agent, model] += 1
    return {key: FailedCalls(count[key], tuple(amounts)) for key, amounts in by_day.items()}


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
