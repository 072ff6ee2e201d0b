"""The cost formula as a DuckDB expression, rendered from `COMPONENTS`."""

from __future__ import annotations

from typing import Literal

from agentgauge.pricing.rates import COMPONENTS, FEMTO_PER_PICO, Component


def cost_sql(usage: str = "", rates: str = "", *, integer: Literal["HUGEINT", "BIGINT"] = "HUGEINT") -> str:
    """A DuckDB expression of type DECIMAL(18,12): what a row of usage costs at a row of rates, in USD.

    `usage` and `rates` are table aliases ("" for none). The usage row has the columns of `agentgauge.events.Usage`,
    whole numbers of tokens, where NULL is 0; the rates row has the columns of `agentgauge.pricing.Rates`, whole numbers
    (BIGINT or HUGEINT) of femto-dollars. NULL, that is unpriced, where the rates are NULL (a left join that found none)
    or the cost is a million dollars or more, which no call costs and the column cannot hold.

    Tokens up to 2^53 at rates up to 1e19 femto-dollars (ten million dollars per million tokens) stay inside HUGEINT. A
    caller who knows that all tokens of any row times the highest rate stay below 2^62 takes a third less time with
    BIGINT; DuckDB raises on overflow, so a wrong guess is an error and never a wrong cost.
    """
    terms = [_term(component, usage, rates, integer) for component in COMPONENTS]
    femto = " + ".join([*terms, f"{_column(rates, 'per_call')}::{integer}"])
    pico = f"({femto} + {FEMTO_PER_PICO // 2}) // {FEMTO_PER_PICO}"
    return f"(TRY_CAST({pico} AS DECIMAL(18,0)) * 0.000000000001::DECIMAL(12,12))::DECIMAL(18,12)"


def _term(component: Component, usage: str, rates: str, integer: str) -> str:
    def tokens_of(name: str) -> str:
        return f"coalesce({_column(usage, name)}, 0)::{integer}"

    tokens = " - ".join([" + ".join(map(tokens_of, component.added)), *map(tokens_of, component.subtracted)])
    if component.subtracted:
        tokens = f"greatest(0::{integer}, {tokens})"
    return f"{_column(rates, component.rate)}::{integer} * {tokens}"


def _column(alias: str, name: str) -> str:
    return f'{alias}."{name}"' if alias else f'"{name}"'
