"""Why cost or tokens changed: the factors, and who contributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.analysis.decomposition_usage import decompose
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events import kinds
from agentgauge.events.fields import MONEY_STEP
from agentgauge.pricing import PriceBook
from agentgauge.service.readings.spending import Usage, spending, token_usage_of, unexplained, usage_of
from agentgauge.service.reports.explanation import (
    Contributor,
    Contributors,
    Explanation,
    Period,
    UnitOfWork,
    grouped,
    relative,
    sorted_contributors,
)
from agentgauge.service.window import Window

_ZERO = Decimal(0)


def of_usage(
    engine: Engine,
    windows: Sequence[Window],
    days: Sequence[Decimal],
    metric: str,
    book: PriceBook,
    by: Sequence[str],
    filters: Sequence[Filter],
) -> Explanation:
    """The change of cost or tokens between two windows of so many days, the earlier first."""
    is_money = metric == "cost"
    totals = [_totals(engine, window, filters, is_money) for window in windows]
    usage = [
        usage_of(engine, window, book, filters) if is_money else token_usage_of(engine, window, filters)
        for window in windows
    ]
    unit, units = _units_of_work(totals, usage)
    charged = unexplained([*usage[0], *usage[1]])
    earlier, later = (
        spending(calls, charged=charged, days=length, units=count, tools=total.tools)
        for calls, length, count, total in zip(usage, days, units, totals, strict=True)
    )
    change = (totals[1].value or _ZERO) - (totals[0].value or _ZERO)
    before, after = (
        Period(
            window=window,
            days=float(length),
            value=total.value,
            count=count,
            unpriced_calls=total.unpriced_calls,
            failed=sum((one.cost for one in calls if one.failed), _ZERO),
        )
        for window, length, total, count, calls in zip(windows, days, totals, units, usage, strict=True)
    )
    return Explanation(
        metric=metric,
        unit="USD" if is_money else "token",
        before=before,
        after=after,
        change=change,
        relative=relative(change, totals[0].value),
        unit_of_work=unit,
        parts=decompose(earlier, later, change, MONEY_STEP if is_money else Decimal(1)),
        contributors=tuple(_contributors(engine, windows, name, filters, is_money) for name in by),
        is_partial=any(total.unpriced_calls for total in totals),
    )


class _Totals(msgspec.Struct, frozen=True):
    value: Decimal | None
    unpriced_calls: int
    tools: Decimal
    tasks: int
    tool_calls: int


def _totals(engine: Engine, window: Window, filters: Sequence[Filter], is_money: bool) -> _Totals:
    measures = (
        Measure("count", over="tasks", name="tasks"),
        Measure("count", over="tool_call", name="tool_calls"),
        Measure("cost", over="tool_call", name="tools"),
        *_figure(is_money),
    )
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=measures)
    row = engine.aggregate(query).records()[0]
    tools = (row["tools"] or _ZERO) if is_money else _ZERO
    return _Totals(_value(row), row.get("unpriced_calls", 0), tools, row["tasks"], row["tool_calls"])


def _figure(is_money: bool) -> tuple[Measure, ...]:
    return (Measure("cost"),) if is_money else (Measure("tokens", name="tokens"),)


def _value(row: Mapping[str, Any]) -> Decimal | None:
    return row["cost_usd"] if "cost_usd" in row else Decimal(row["tokens"])


def _units_of_work(totals: Sequence[_Totals], usage: Sequence[Sequence[Usage]]) -> tuple[UnitOfWork, tuple[int, ...]]:
    """The first unit of which each window has some that has spent something."""
    succeeded = [sum(calls.calls for calls in window if not calls.failed) for window in usage]
    every = [sum(calls.calls for calls in window) for window in usage]
    candidates: tuple[tuple[UnitOfWork, list[int]], ...] = (
        ("operation", [total.tasks for total in totals]),
        ("call", succeeded),
        ("call", every),
        ("use", [calls + total.tool_calls for calls, total in zip(every, totals, strict=True)]),
    )
    spent = [bool(window or total.tools) for window, total in zip(usage, totals, strict=True)]
    return next(
        (unit, tuple(counts))
        for unit, counts in candidates
        if all(count or not used for count, used in zip(counts, spent, strict=True))
    )


def _contributors(
    engine: Engine, windows: Sequence[Window], name: str, filters: Sequence[Filter], is_money: bool
) -> Contributors:
    measures = (Measure("count", over="llm_call", name="calls"), *_figure(is_money))
    groups = grouped(engine, windows, name, (Filter("kind", "in", kinds.USAGE_KINDS), *filters), measures)
    nothing = {"calls": 0, "cost_usd": _ZERO, "unpriced_calls": 0} if is_money else {"calls": 0, "tokens": 0}
    rows = []
    for key in dict.fromkeys((*groups[0], *groups[1])):
        first, second = groups[0].get(key, nothing), groups[1].get(key, nothing)
        before, after = _value(first), _value(second)
        rows.append(
            Contributor(
                key=key,
                before=before,
                after=after,
                change=(after or _ZERO) - (before or _ZERO),
                count_before=first["calls"],
                count_after=second["calls"],
                unpriced_before=first.get("unpriced_calls", 0),
                unpriced_after=second.get("unpriced_calls", 0),
            )
        )
    return sorted_contributors(name, (row for row in rows if _has_something(row)))


def _has_something(row: Contributor) -> bool:
    """Tools without a cost have no model and no tokens: they are under none of them."""
    return bool(row.before or row.after or row.count_before or row.count_after)
