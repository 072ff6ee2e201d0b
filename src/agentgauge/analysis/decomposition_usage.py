"""Why the cost of a window of time, or its tokens, differ from another's: eleven factors, exactly.

    cost = length x volume x ( calls   x sum over models of share x cost of a call
                             + retries x sum over models of share x cost of a failed call
                             + tools )

    cost of a call = input tokens x sum over kinds of input of share x price
                   + sum over kinds of output of tokens x price
                   + charges

    length          of the window, in days
    volume          units of work a day
    calls           calls per unit of work, without those that failed
    retries         failed calls per unit of work: whatever they cost bought nothing, and what was asked was asked again
                    or given up
    models          how calls are shared among models, with their provider and tier
    input_tokens    tokens that go into a call of a model
    output_tokens   tokens that come out of it, reasoning apart from the rest
    cache           how the input is shared among plain, read from a cache and written to one
    prices          of a token of each kind
    charges         money that no tokens explain, per call
    tools           money that tools cost, per unit of work

The parts are Shapley values (`agentgauge.analysis.decomposition`). What a window has nothing of has no value there: the
price of a model that was not used, the share of each model where there were no calls. It is then taken to be what it is
in the other window, so a new model is a change of `models` and none of `prices`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, TypeVar

import msgspec

from agentgauge.analysis.decomposition import EXACT, Part, rounded_to_sum, shapley

INPUT_KINDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
OUTPUT_KINDS = ("output", "reasoning")
TOKEN_KINDS = (*INPUT_KINDS, *OUTPUT_KINDS)
"""Tokens that have a price of their own and add up to all: `input` without what a cache had to do with, `output`
without reasoning."""

_INNER = ("models", "input_tokens", "output_tokens", "cache", "prices", "charges")
_OUTER = ("length", "volume", "calls", "retries", "tools")
FACTORS = (*_INNER, *_OUTER)

_ZERO = Decimal(0)
T = TypeVar("T")


class Calls(msgspec.Struct, frozen=True):
    """What the calls of one model used."""

    calls: int
    tokens: tuple[int, ...]
    """Of each of `TOKEN_KINDS`."""
    amounts: tuple[Decimal, ...]
    """What the tokens of each kind cost."""
    charges: Decimal = _ZERO
    """What they cost beside that."""


_ByModel = Mapping[Any, Calls]
_NO_CALLS = Calls(0, (0,) * len(TOKEN_KINDS), (_ZERO,) * len(TOKEN_KINDS))


class Spending(msgspec.Struct, frozen=True):
    """What happened in one window of time."""

    days: Decimal
    """Length of the window; above 0."""
    units: int
    """Units of work. 0 only where nothing was spent."""
    succeeded: _ByModel
    """By model, provider and tier: the calls that did not fail."""
    failed: _ByModel
    tools: Decimal = _ZERO
    """What tools cost."""


def decompose(before: Spending, after: Spending, change: Decimal, step: Decimal) -> tuple[Part, ...]:
    """The parts of `change`, one per factor in the order of `FACTORS`, multiples of `step` that add up to it exactly.

    `change` is what the amounts of `after` add up to less those of `before`, a multiple of `step`. Raises `ValueError`
    where something was spent in a window that has no units of work.
    """
    for window in (before, after):
        if not window.units and (window.succeeded or window.failed or window.tools):
            raise ValueError("money was spent in a window without units of work: count another unit")
        if window.days <= 0:
            raise ValueError(f"a window is longer than nothing, got {window.days} days")
    with localcontext(EXACT):
        outer = [_known(*pair, _ZERO) for pair in zip(_outer(before), _outer(after), strict=True)]
        succeeded = _costs_of_a_call(before.succeeded, after.succeeded)
        failed = _costs_of_a_call(before.failed, after.failed)

        def figure(changed: int) -> Decimal:
            length, volume, calls, retries, tools = (
                pair[changed >> bit & 1] for bit, pair in enumerate(outer, start=len(_INNER))
            )
            inner = changed & (1 << len(_INNER)) - 1
            return length * volume * (calls * succeeded[inner] + retries * failed[inner] + tools)

        amounts = rounded_to_sum(shapley(len(FACTORS), figure), change, step)
    shown = _shown(before), _shown(after)
    return tuple(
        Part(name, amount, *(factors.get(name, math.nan) for factors in shown))
        for name, amount in zip(FACTORS, amounts, strict=True)
    )


def _outer(window: Spending) -> tuple[Decimal | None, ...]:
    """The values of `_OUTER`."""
    return (
        window.days,
        window.units / window.days,
        _ratio(_count(window.succeeded), window.units),
        _ratio(_count(window.failed), window.units),
        _ratio(window.tools, window.units),
    )


def _costs_of_a_call(before: _ByModel, after: _ByModel) -> list[Decimal]:
    """What a call costs, averaged over the models, for each set of changed `_INNER` factors."""
    costs = [_ZERO] * (1 << len(_INNER))
    counts = _count(before), _count(after)
    for model in dict.fromkeys((*before, *after)):
        earlier, later = before.get(model, _NO_CALLS), after.get(model, _NO_CALLS)
        share = _known(_ratio(earlier.calls, counts[0]), _ratio(later.calls, counts[1]), _ZERO)
        first, second = _profile(earlier), _profile(later)
        tokens = _known(first.input_tokens, second.input_tokens, _ZERO)
        output = _known(first.output_tokens, second.output_tokens, (_ZERO,) * len(OUTPUT_KINDS))
        cache = _known(first.cache, second.cache, (_ZERO,) * len(INPUT_KINDS))
        prices = tuple(
            zip(*(_known(*pair, _ZERO) for pair in zip(first.prices, second.prices, strict=True)), strict=True)
        )
        charges = _known(first.charges, second.charges, _ZERO)
        of_input = [[_added_up(mix, price[: len(INPUT_KINDS)]) for price in prices] for mix in cache]
        of_output = [[_added_up(each, price[len(INPUT_KINDS) :]) for price in prices] for each in output]
        for changed in range(len(costs)):
            m, i, o, c, p, b = (changed >> bit & 1 for bit in range(len(_INNER)))
            costs[changed] += share[m] * (tokens[i] * of_input[c][p] + of_output[o][p] + charges[b])
    return costs


class _Profile(msgspec.Struct, frozen=True):
    """A call of one model in one window; None and what has a None in it are not known."""

    input_tokens: Decimal | None
    output_tokens: tuple[Decimal, ...] | None
    """Of each of `OUTPUT_KINDS`."""
    cache: tuple[Decimal, ...] | None
    """Shares of `INPUT_KINDS` in the input."""
    prices: tuple[Decimal | None, ...]
    """Of each of `TOKEN_KINDS`."""
    charges: Decimal | None


def _profile(calls: Calls) -> _Profile:
    into, out = calls.tokens[: len(INPUT_KINDS)], calls.tokens[len(INPUT_KINDS) :]
    total = sum(into)
    return _Profile(
        input_tokens=_ratio(total, calls.calls),
        output_tokens=tuple(Decimal(tokens) / calls.calls for tokens in out) if calls.calls else None,
        cache=tuple(Decimal(tokens) / total for tokens in into) if total else None,
        prices=tuple(map(_ratio, calls.amounts, calls.tokens)),
        charges=_ratio(calls.charges, calls.calls),
    )


def _shown(window: Spending) -> dict[str, float]:
    """The factors that are one number over all models, those that are known."""
    every = (*window.succeeded.values(), *window.failed.values())
    calls, into = sum(each.calls for each in every), sum(sum(each.tokens[: len(INPUT_KINDS)]) for each in every)
    values = dict(zip(_OUTER, _outer(window), strict=True)) | {
        "input_tokens": _ratio(into, calls),
        "output_tokens": _ratio(sum(sum(each.tokens[len(INPUT_KINDS) :]) for each in every), calls),
        "cache": _ratio(sum(each.tokens[INPUT_KINDS.index("cache_read")] for each in every), into),
        "charges": _ratio(sum((each.charges for each in every), _ZERO), calls),
    }
    return {name: float(value) for name, value in values.items() if value is not None}


def _count(models: _ByModel) -> int:
    return sum(calls.calls for calls in models.values())


def _ratio(part: Decimal | int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _known(before: T | None, after: T | None, nothing: T) -> tuple[T, T]:
    """Both values; where one is not known the other for it, and `nothing` where none is."""
    first, second = after if before is None else before, before if after is None else after
    return nothing if first is None else first, nothing if second is None else second


def _added_up(amounts: Sequence[Decimal], prices: Sequence[Decimal]) -> Decimal:
    return sum((amount * price for amount, price in zip(amounts, prices, strict=True)), _ZERO)
