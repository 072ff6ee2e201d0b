"""What model calls of a period tell: conversations without a cache, calls that failed, calls without a price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.policies.caching import Call, Conversation, Repetitions
from agentgauge.policies.findings import Period
from agentgauge.policies.thresholds import Thresholds
from agentgauge.policies.waste import FailedCalls, Unpriced
from agentgauge.pricing import PriceBook, Rates
from agentgauge.pricing.near_names import near_names
from agentgauge.pricing.rates import RateWindow

AgentModel = tuple[str | None, str]
_CALLS = Filter("kind", "=", "llm_call")
_CALL = ("time", "provider", "tier", "input_tokens", "output_tokens", "reasoning_tokens")
_WRITES = ("cache_write_5m_tokens", "cache_write_1h_tokens")
_MOST_LOOKED_UP = 20
"""Models whose near names are looked up, some milliseconds each."""
_NAMED = 3


def repetitions(
    engine: Engine, period: Period, book: PriceBook, thresholds: Thresholds
) -> dict[AgentModel, Repetitions]:
    """The conversations of agents with models that read nothing from a cache in all of the period.

    A conversation is the calls of an agent and model in one task; outside tasks, in one trace, session, or run and
    issue. Scans the calls of those agents and models: a second per 100,000.
    """
    conversations = _conversations(engine, period, book, thresholds)
    found: dict[AgentModel, Repetitions] = defaultdict(Repetitions)
    for (agent, model, _), conversation in conversations.items():
        found[agent, model].add(conversation, thresholds.growing_share)
    return found


def _conversations(
    engine: Engine, period: Period, book: PriceBook, thresholds: Thresholds
) -> dict[tuple[str | None, str, object], Conversation]:
    uncached = _without_cache(engine, period)
    found: dict[tuple[str | None, str, object], Conversation] = {}
    if not uncached:
        return found
    writes = _WRITES if any(uncached.values()) else ()
    rates_of = _RatesOfDays(book).of
    models = Filter("model", "in", tuple(sorted({model for _, model in uncached})))
    for inside in (Filter("parent_id", "is not null"), Filter("parent_id", "is null")):
        query = Query(start=period.start, end=period.end, filters=(_CALLS, inside, models))
        names = ("parent_id",) if inside.op == "is not null" else ("trace_id", "session", "run", "issue")
        for agent, model, time, provider, tier, tokens, output, reasoning, *rest in engine.scan(
            query, ("agent", "model", *_CALL, *writes, *names)
        ):
            if (agent, model) not in uncached:
                continue
            written = sum(rest[: len(writes)])
            where = _where(*rest[len(writes) :])
            if where is None:
                continue
            key = (agent, model, where)
            conversation = found.get(key)
            if conversation is None:
                conversation = found[key] = Conversation(thresholds)
            rates = rates_of(model, provider, tier, time, tokens)
            conversation.add(Call(time, tokens, output - reasoning, written, rates))
    return found


def _where(first: str, session: str | None = None, run: str | None = None, issue: str | None = None) -> object:
    """What tells conversations of one agent and model apart, of the task, else the trace and so on; None: nothing."""
    if first or session:
        return first or session
    return None if run is None and issue is None else (run, issue)


def _without_cache(engine: Engine, period: Period) -> dict[AgentModel, bool]:
    """Agents with models that read nothing from a cache, and whether they wrote to one."""
    query = Query(
        start=period.start,
        end=period.end,
        filters=(_CALLS,),
        group=("agent", "model"),
        measures=tuple(Measure("sum", name, name=name) for name in ("cache_read_tokens", "input_tokens", *_WRITES)),
    )
    return {
        (row["agent"], row["model"]): any(row[name] for name in _WRITES)
        for row in engine.aggregate(query).records()
        if row["model"] is not None and not row["cache_read_tokens"] and row["input_tokens"]
    }


class _RatesOfDays:
    """Rates of calls, looked up once per model and day."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._windows: dict[tuple[str, str | None, str | None, date], tuple[RateWindow, ...]] = {}

    def of(self, model: str, provider: str | None, tier: str | None, time: datetime, input_tokens: int) -> Rates | None:
        """Those of a call at a UTC time; None where they are not known."""
        key = (model, provider, tier, time.date())
        windows = self._windows.get(key)
        if windows is None:
            windows = self._windows[key] = self._book.windows(model, provider, tier or "standard", key[3])
        for window in windows:
            if window.covers(time, input_tokens):
                return window.rates
        return None


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
