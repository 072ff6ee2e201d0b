"""What was spent in windows of time, in the parts that `agentgauge.analysis.decomposition_usage` takes a change apart
into.

The lake knows what a call cost in all. How much of it went to tokens of which kind follows from the price book: a
call's cost is shared among its kinds of tokens, and the fee per call, as the book's rates at the call's time would
share it. So a discount, or another version of the book, is a price that is lower or higher by that factor. Where the
book has no rates for some call of a model, provider and tier, the costs of them all are charges, of which only the mean
per call is known; a cost without any tokens always is.

Costs one question per window and length of input that has a price of its own; of models whose price depends on the hour
the sums of each quarter of an hour are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal, localcontext
from operator import add
from typing import Any

import msgspec

from agentgauge.analysis.decomposition import EXACT
from agentgauge.analysis.decomposition_usage import TOKEN_KINDS, Calls, Spending
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.time_buckets import Width
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.pricing import COMPONENTS, PriceBook, Rates, RateWindow
from agentgauge.service.window import Window

_ZERO = Decimal(0)
_DAY = timedelta(days=1)
_CALLS = Filter("kind", "=", "llm_call")
_COMPONENTS = {component.rate: component for component in COMPONENTS}
_ONE_EACH = Rates(**dict.fromkeys(TOKEN_KINDS, 1))

Model = tuple[str, str | None, str]
"""Model, provider and tier."""


class Usage(msgspec.Struct, frozen=True):
    """Calls alike in what their price depends on: their sums."""

    model: Model
    failed: bool
    calls: int
    tokens: tuple[int, ...]
    """Of each of `TOKEN_KINDS`."""
    cost: Decimal
    rates: Rates | None
    """None where no price is known, and of calls without tokens."""


def usage_of(engine: Engine, window: Window, book: PriceBook, filters: Sequence[Filter] = ()) -> tuple[Usage, ...]:
    """The priced calls of a window."""
    priced = (*filters, Filter("cost_usd", "is not null"))
    found = [_usage(row, None) for row in _rows(engine, window, (*priced, Filter("tokens", "=", 0)), "day")]
    varying: set[str] = set()
    edges = {0}
    by_the_hour = False
    kept: list[Usage] = []
    for row in _rows(engine, window, (*priced, Filter("tokens", ">", 0)), "day"):
        windows = book.windows(*_model(row), row["start"].date())
        if not windows:
            kept.append(_usage(row, None))
        elif len(windows) == 1 and _is_whole(windows[0]):
            kept.append(_usage(row, windows[0].rates))
        else:
            varying.add(row["model"])
            edges.update(edge for part in windows for edge in (part.min_input_tokens, part.max_input_tokens) if edge)
            by_the_hour = by_the_hour or any(part.end - part.start != _DAY for part in windows)
    found += [usage for usage in kept if usage.model[0] not in varying]
    if varying:
        found += _usage_by_length(
            engine, window, book, priced, varying, sorted(edges), "15min" if by_the_hour else "day"
        )
    return tuple(found)


def token_usage_of(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> tuple[Usage, ...]:
    """All calls of a window, each token at a price of one."""
    rows = _rows(engine, window, filters, "month")
    return tuple(_usage(row, _ONE_EACH, cost=Decimal(row["input_tokens"] + row["output_tokens"])) for row in rows)


def unexplained(usage: Sequence[Usage]) -> set[Model]:
    """The models with calls whose cost the price book cannot share among tokens."""
    return {one.model for one in usage if one.rates is None and any(one.tokens)}


def spending(
    usage: Sequence[Usage], *, charged: Collection[Model], days: Decimal, units: int, tools: Decimal = _ZERO
) -> Spending:
    """What calls used, as the decomposition takes it. Of the models in `charged` no cost is shared among tokens."""
    sums: dict[tuple[bool, Model], Calls] = {}
    with localcontext(EXACT):
        for one in usage:
            key = (one.failed, one.model)
            calls = _calls(one, None if one.model in charged else one.rates)
            sums[key] = _sum(sums[key], calls) if key in sums else calls
    succeeded, failed = (
        {model: calls for (is_failed, model), calls in sums.items() if is_failed is asked} for asked in (False, True)
    )
    return Spending(days=days, units=units, succeeded=succeeded, failed=failed, tools=tools)


def _calls(usage: Usage, rates: Rates | None) -> Calls:
    prices = [0 if rates is None else getattr(rates, kind) for kind in TOKEN_KINDS]
    listed = [tokens * price for tokens, price in zip(usage.tokens, prices, strict=True)]
    fees = 0 if rates is None else rates.per_call * usage.calls
    if not (total := sum(listed) + fees):
        return Calls(usage.calls, usage.tokens, (_ZERO,) * len(listed), usage.cost)
    amounts = tuple(usage.cost * amount / total for amount in listed)
    return Calls(usage.calls, usage.tokens, amounts, usage.cost * fees / total)


def _sum(first: Calls, second: Calls) -> Calls:
    return Calls(
        first.calls + second.calls,
        tuple(map(add, first.tokens, second.tokens)),
        tuple(map(add, first.amounts, second.amounts)),
        first.charges + second.charges,
    )


def _usage_by_length(
    engine: Engine,
    window: Window,
    book: PriceBook,
    filters: Sequence[Filter],
    models: Collection[str],
    edges: Sequence[int],
    width: Width,
) -> Iterator[Usage]:
    """The calls of models whose rates depend on the length of the input or the time of day."""
    of_models = (*filters, Filter("tokens", ">", 0), Filter("model", "in", tuple(sorted(models))))
    for low, high in zip(edges, (*edges[1:], None), strict=True):
        length = [Filter("input_tokens", ">=", low), *([] if high is None else [Filter("input_tokens", "<", high)])]
        for row in _rows(engine, window, (*of_models, *length), width):
            windows = book.windows(*_model(row), row["start"].date())
            yield _usage(row, next((part.rates for part in windows if part.covers(row["start"], low)), None))


def _rows(engine: Engine, window: Window, filters: Sequence[Filter], width: Width) -> list[dict[str, Any]]:
    query = Query(
        start=window.start,
        end=window.end,
        filters=(_CALLS, *filters),
        group=("model", "provider", "tier", "success", TimeBucket(width, "UTC", name="start")),
        measures=(
            Measure("count", name="calls"),
            *(Measure("sum", name, name=name) for name in TOKEN_NAMES),
            Measure("cost"),
        ),
    )
    return engine.aggregate(query).records()


def _usage(row: dict[str, Any], rates: Rates | None, cost: Decimal | None = None) -> Usage:
    tokens = tuple(
        max(0, sum(row[name] for name in component.added) - sum(row[name] for name in component.subtracted))
        for component in (_COMPONENTS[kind] for kind in TOKEN_KINDS)
    )
    return Usage(
        _model(row), row["success"] is False, row["calls"], tokens, row["cost_usd"] if cost is None else cost, rates
    )


def _model(row: dict[str, Any]) -> Model:
    return row["model"], row["provider"], row["tier"] or "standard"


def _is_whole(window: RateWindow) -> bool:
    """Whether a rate holds all day for inputs of any length."""
    return window.end - window.start == _DAY and not window.min_input_tokens and window.max_input_tokens is None
