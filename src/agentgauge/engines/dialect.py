"""What engines say differently: the expressions that rendering by sqlglot alone does not get right.

Everything else of a query is built once, in `agentgauge.engines.sql` and `agentgauge.engines.aggregates`. Expressions
are built, never parsed from a user's text, and a user's text enters them as a quoted literal only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import sqlglot
from sqlglot import exp

from agentgauge.summaries import buckets

Expression = exp.Expr


class Dialect(msgspec.Struct, frozen=True):
    name: str
    """sqlglot's name of the dialect."""
    micros: Callable[[Expression], Expression]
    """Microseconds since 1970 of a time, as BIGINT."""
    month: Callable[[Expression], Expression]
    """12 * year + month - 1 of local microseconds."""
    attribute: Callable[[Expression, str], Expression]
    """One key of a JSON object as text; NULL where it is missing or null."""
    number: Callable[[Expression], Expression]
    """Text as a finite DOUBLE; NULL where it is not one."""
    percentiles: Callable[[Expression, Sequence[float]], Expression]
    """Exact percentiles (0-100), interpolated between order statistics, as one list: a single pass sorts once for all
    of them."""
    element: Callable[[Expression, int], Expression]
    """The i-th element (from 0) of a list."""
    histogram: Callable[[Expression], Expression]
    """Counts of a DOUBLE's buckets as a map from bucket to count."""


def column(name: str) -> Expression:
    return exp.column(name, quoted=True)


def call(function: str, *arguments: Expression) -> Expression:
    """A function by the name that the dialect at hand gives it."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def number(value: int | float) -> Expression:
    """An exact literal: DuckDB reads a bare 0.1 as DECIMAL, so a float goes through its shortest text."""
    if isinstance(value, float):
        return exp.cast(exp.Literal.string(repr(value)), "DOUBLE")
    return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Neg(this=exp.Literal.number(-value)))


def _duckdb_month(local_micros: Expression) -> Expression:
    moment = call("make_timestamp", local_micros)
    return call("year", moment) * number(12) + call("month", moment) - number(1)


def _duckdb_attribute(document: Expression, key: str) -> Expression:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return call("json_extract_string", document, exp.Literal.string(pointer))


def _duckdb_number(text: Expression) -> Expression:
    value = exp.TryCast(this=text, to=exp.DataType.build("DOUBLE"))
    return exp.Case().when(call("isfinite", value.copy()), value)


def _duckdb_percentiles(value: Expression, percentiles: Sequence[float]) -> Expression:
    fractions = exp.Array(expressions=[number(float(Decimal(repr(percentile)) / 100)) for percentile in percentiles])
    return call("quantile_cont", value, fractions)


def _duckdb_histogram(value: Expression) -> Expression:
    formula = buckets.SQL["duckdb"].replace("{value}", value.sql("duckdb"))
    return call("histogram", sqlglot.parse_one(formula, dialect="duckdb"))


DUCKDB = Dialect(
    name="duckdb",
    micros=lambda time: call("epoch_us", time),
    month=_duckdb_month,
    attribute=_duckdb_attribute,
    number=_duckdb_number,
    percentiles=_duckdb_percentiles,
    element=lambda items, index: call("list_extract", items, number(index + 1)),
    histogram=_duckdb_histogram,
)
