"""The cost formula, declared once as data, and the integers it is computed in.

A rate is a whole number of femto-dollars (1e-15 USD) per token: every published price per million tokens is one
exactly, down to a billionth of a dollar per million. A cost is

    round_half_up( sum over COMPONENTS of rate x max(0, tokens added - tokens subtracted) + per_call )   to 1e-12 USD

computed in integers. `price()` and the SQL of `agentgauge.pricing.sql` are both derived from `COMPONENTS`, so that a
call priced at once and the same call priced when it lands in the lake cost the same to the last digit.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

import msgspec

from agentgauge.events.event import Usage
from agentgauge.events.fields import MONEY_STEP

FEMTO_PER_PICO = 1000
COST_LIMIT_PICO = 10**18
"""Costs are kept as DECIMAL(18,12): one call costs less than a million dollars."""

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


class Rates(msgspec.Struct, frozen=True):
    """What one token of each component costs, in femto-dollars, and what a call costs beside its tokens."""

    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    reasoning: int
    per_call: int = 0


class RateWindow(msgspec.Struct, frozen=True):
    """Rates and what they hold for: calls in [start, end) UTC, within one day, with [min, max) total input tokens."""

    start: datetime
    end: datetime
    min_input_tokens: int
    max_input_tokens: int | None
    """None: no upper bound."""
    rates: Rates

    def covers(self, moment: datetime, input_tokens: int) -> bool:
        """True for a call at `moment` (aware) with so many tokens of input in total."""
        return (
            self.start <= moment < self.end
            and self.min_input_tokens <= input_tokens
            and (self.max_input_tokens is None or input_tokens < self.max_input_tokens)
        )


class Component(msgspec.Struct, frozen=True):
    """One term of the cost: a rate, and the fields of `Usage` that make up the tokens billed at it."""

    rate: str
    added: tuple[str, ...]
    subtracted: tuple[str, ...] = ()


COMPONENTS: tuple[Component, ...] = (
    Component("input", ("input_tokens",), ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")),
    Component("cache_read", ("cache_read_tokens",)),
    Component("cache_write_5m", ("cache_write_5m_tokens",)),
    Component("cache_write_1h", ("cache_write_1h_tokens",)),
    Component("output", ("output_tokens",), ("reasoning_tokens",)),
    Component("reasoning", ("reasoning_tokens",)),
)
"""`input_tokens` and `output_tokens` are totals: their parts have a rate of their own and are taken off the total."""

RATE_NAMES: tuple[str, ...] = Rates.__struct_fields__
USAGE_NAMES: tuple[str, ...] = Usage.__struct_fields__


def coefficients(rates: Rates) -> tuple[int, ...]:
    """The formula for one set of rates as a linear form: femto-dollars per token of each field of `Usage`, then
    `per_call`.

    For usage whose parts do not exceed their totals no `max(0, .)` bites, and the sum over components is linear in the
    fields. A reasoning token, say, then costs its own rate less the output rate that the total has already been
    charged.
    """
    weight = dict.fromkeys(USAGE_NAMES, 0)
    for component in COMPONENTS:
        rate = getattr(rates, component.rate)
        for name in component.added:
            weight[name] += rate
        for name in component.subtracted:
            weight[name] -= rate
    return (*weight.values(), rates.per_call)


def rates_of(
    *,
    input: Decimal,  # noqa: A002 - the rate's name, and always given by keyword
    output: Decimal,
    cache_read: Decimal | None = None,
    cache_write_5m: Decimal | None = None,
    cache_write_1h: Decimal | None = None,
    reasoning: Decimal | None = None,
    per_call: Decimal | None = None,
) -> Rates:
    """Rates from USD per million tokens (`per_call`: per thousand calls); what is None is billed as its neighbour."""
    write = input if cache_write_5m is None else cache_write_5m
    return Rates(
        input=femto_per_token(input),
        output=femto_per_token(output),
        cache_read=femto_per_token(input if cache_read is None else cache_read),
        cache_write_5m=femto_per_token(write),
        cache_write_1h=femto_per_token(write if cache_write_1h is None else cache_write_1h),
        reasoning=femto_per_token(output if reasoning is None else reasoning),
        per_call=femto_per_call(per_call or Decimal(0)),
    )


def femto_per_token(usd_per_million: Decimal) -> int:
    """The rate of a price in USD per million tokens; a tail below 1e-9 USD per million is rounded half up."""
    return _whole(usd_per_million, 9)


def femto_per_call(usd_per_thousand: Decimal) -> int:
    """The `per_call` of a price in USD per thousand requests."""
    return _whole(usd_per_thousand, 12)


def usd_per_million(rate: int) -> Decimal:
    """The published form of a rate: USD per million tokens."""
    return _EXACT.scaleb(Decimal(rate), -9).normalize(_EXACT) if rate else Decimal(0)


class Tariff(NamedTuple):
    """The linear form made quick to apply: whole quanta per token, and what a quantum is worth.

    Where all rates are multiples of a picodollar, as nearly all published ones are, the quantum is their greatest
    common divisor: the integers stay small and nothing is left to round. Otherwise weights are femto-dollars and
    `rounds` is set.
    """

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    per_call: int
    quantum: Decimal
    """USD, with twelve decimals."""
    limit: int
    """Quanta from which a cost is a million dollars or more and has no place in the column."""
    rounds: bool


def tariff(rates: Rates) -> Tariff:
    """Rates as a `Tariff`: (sum of weight x tokens) x quantum is the cost, after `to_pico` where it rounds."""
    femto = coefficients(rates)
    common = math.gcd(*femto) or FEMTO_PER_PICO
    if common % FEMTO_PER_PICO:
        return Tariff._make((*femto, MONEY_STEP, COST_LIMIT_PICO, True))
    quantum = common // FEMTO_PER_PICO
    weights = [weight // common for weight in femto]
    return Tariff._make((*weights, multiply(MONEY_STEP, quantum), -(-COST_LIMIT_PICO // quantum), False))


def to_pico(femto: int) -> int:
    """Femto-dollars, rounded half up to picodollars."""
    return (femto + FEMTO_PER_PICO // 2) // FEMTO_PER_PICO


multiply = _EXACT.multiply
"""Exact product of a Decimal and a whole number, whatever precision the program has set for its own decimals."""


def _whole(price: Decimal, digits: int) -> int:
    return int(_EXACT.scaleb(price, digits).to_integral_value(ROUND_HALF_UP, _EXACT))
