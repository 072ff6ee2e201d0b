"""Measures as SQL aggregates over the rows of rollups, with the same answers as `agentgauge.engines.aggregates` has
over events.

Every figure of a rollup is a monoid, so an aggregate here merges figures: counts and money add up exactly, sums of
floats are added with compensation. Squared deviations merge in two passes: with the mean of the whole known,
sum(m2 + n * (mean of the part - mean)^2) is the formula of Chan, Golub and LeVeque (1979) for many parts, and nothing
cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
from sqlglot import exp

from agentgauge.engines.aggregates import Aggregate, among, divided_money, double, or_zero, rounded_money, single
from agentgauge.engines.aggregates import whole_number as whole
from agentgauge.engines.dialect import DUCKDB, Expression, call, column, number
from agentgauge.engines.measures import Measure
from agentgauge.events.event import from_micros
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.lake.rollups.figures import DIMENSIONS, VALUES

KEYS = ("kind", *DIMENSIONS)
"""Columns of events by which rollups can be grouped and filtered."""


class Mean(msgspec.Struct, frozen=True):
    """A mean that has to be known before deviations from it can be merged."""

    name: str
    """Of the column that has it, in every row of the group."""
    aggregate: Expression


class Merged(msgspec.Struct, frozen=True):
    aggregate: Aggregate
    mean: Mean | None = None


def merged(measure: Measure) -> Merged | None:
    """A measure over rollups; None where they have not kept what it needs."""
    if measure.percentile is not None:
        return Merged(_extremes(measure)) if measure.field in VALUES else None
    if measure.statistic == "histogram":
        return Merged(_NO_PARTS) if measure.field in VALUES else None
    if measure.statistic == "std_dev" and measure.field in VALUES:
        return _std_dev(measure)
    if not measure.field:
        make = _OF_EVENTS.get(measure.statistic)
    elif measure.field in KEYS:
        make = _distinct if measure.statistic == "distinct" else None
    elif measure.field in VALUES:
        make = _OF_VALUE.get(measure.statistic)
    elif measure.field in TOKEN_NAMES:
        make = _OF_TOKENS.get(measure.statistic)
    else:
        make = _extreme_time if measure.field == "time" else None
    return None if make is None else Merged(make(measure))


def total(measure: Measure, figure: str) -> Expression:
    """The sum of a figure of whole numbers or money; NULL of nothing."""
    return among(exp.Sum(this=column(figure)), measure)


def _added(measure: Measure, figure: str) -> Expression:
    """The sum of a figure of floats."""
    return among(call("fsum", column(figure)), measure)


def counted(measure: Measure, figure: str) -> Aggregate:
    """The sum of a figure of whole numbers; 0 of nothing."""
    return single(or_zero(total(measure, figure)), 0, whole)


def _count_of(figure: str) -> Callable[[Measure], Aggregate]:
    return lambda measure: counted(measure, figure)


def _success_rate(measure: Measure) -> Aggregate:
    won, lost = or_zero(total(measure, "successes")), or_zero(total(measure, "failures"))
    return Aggregate(
        parts=(won, lost),
        read=lambda won, lost: (int(won) / int(won + lost) if won + lost else None,),
        nothing=(None,),
        sort=(_ratio(double(won), exp.Nullif(this=exp.paren(won + lost), expression=number(0))),),
    )


def _cost(measure: Measure) -> Aggregate:
    priced, unpriced = total(measure, "cost_usd_sum"), or_zero(total(measure, "unpriced"))
    return Aggregate(
        parts=(priced, unpriced),
        read=lambda money, missing: (Decimal(0) if money is None and not missing else money, int(missing)),
        nothing=(Decimal(0), 0),
        sort=(exp.Case().when(unpriced.eq(0), or_zero(priced)).else_(priced), unpriced),
    )


_OF_EVENTS: dict[str, Callable[[Measure], Aggregate]] = {
    "count": _count_of("events"),
    "successes": _count_of("successes"),
    "failures": _count_of("failures"),
    "outside": _count_of("outside"),
    "success_rate": _success_rate,
    "tokens": _count_of("tokens_sum"),
    "cost": _cost,
}


def _distinct(measure: Measure) -> Aggregate:
    """A row is there because an event is, so the values that rows have are those that events have."""
    return single(among(exp.Count(this=exp.Distinct(expressions=[column(measure.field)])), measure), 0)


def _extreme_time(measure: Measure) -> Aggregate:
    low = measure.statistic == "min"
    part = among(
        (exp.Min if low else exp.Max)(this=DUCKDB.micros(column("first_time" if low else "last_time"))), measure
    )
    return single(part, None, lambda micros: None if micros is None else from_micros(micros))


def _ratio(dividend: Expression, divisor: Expression) -> Expression:
    return exp.Div(this=dividend, expression=divisor, typed=False)


def _sum(measure: Measure) -> Aggregate:
    if measure.target.type == "real":
        return single(or_zero(_added(measure, f"{measure.field}_sum")), 0.0, float)
    return counted(measure, f"{measure.field}_sum")


def _mean(measure: Measure) -> Aggregate:
    count = total(measure, f"{measure.field}_count")
    if measure.target.type == "money":
        money = total(measure, f"{measure.field}_sum")
        return Aggregate(
            parts=(money, count),
            read=lambda money, count: (divided_money(money, int(count)) if count else None,),
            nothing=(None,),
            sort=(_ratio(double(money), exp.Nullif(this=count, expression=number(0))),),
        )
    return single(_mean_of(measure), None)


def _mean_of(measure: Measure) -> Expression:
    name = f"{measure.field}_sum"
    values = _added(measure, name) if measure.target.type == "real" else double(total(measure, name))
    count = total(measure, f"{measure.field}_count")
    return _ratio(values, exp.Nullif(this=count, expression=number(0)))


def _extreme(measure: Measure) -> Aggregate:
    return single(_edge(measure, measure.statistic), None)


def _edge(measure: Measure, side: str) -> Expression:
    function = exp.Min if side == "min" else exp.Max
    return among(function(this=column(f"{measure.field}_{side}")), measure)


_NO_PARTS = Aggregate(parts=(), read=lambda: ((),), nothing=((),), sort=(exp.null(),))
"""A histogram follows from no sums; `agentgauge.engines.rollup_answers` fills its one column."""


def _extremes(measure: Measure) -> Aggregate:
    """What a percentile needs beside its histogram; `agentgauge.engines.rollup_percentiles` fills its one column."""
    parts = (_edge(measure, "min"), _edge(measure, "max"))
    return Aggregate(parts=parts, read=lambda low, high: ((low, high),), nothing=(None,), sort=parts[:1])


def _std_dev(measure: Measure) -> Merged:
    """Sample standard deviation, 0 of one value."""
    count = column(f"{measure.field}_count")
    mean = Mean(f"mean_of_{measure.field}_{measure.over}", _mean_of(measure))
    apart = exp.paren(_ratio(double(column(f"{measure.field}_sum")), count) - column(mean.name))
    around = call("fsum", column(f"{measure.field}_m2") + count * apart * apart)
    deviations = among(around, measure, exp.GT(this=count, expression=number(0)))
    of_all = total(measure, f"{measure.field}_count")
    variance = _ratio(deviations, exp.Nullif(this=exp.paren(of_all - number(1)), expression=number(0)))
    # Of equal values exactly 0, whatever their mean was rounded to.
    alike = exp.EQ(this=_edge(measure, "min"), expression=_edge(measure, "max"))
    part = exp.Case().when(alike, number(0.0)).else_(exp.Sqrt(this=variance))
    if measure.target.type == "money":
        return Merged(
            single(part, None, lambda deviation: None if deviation is None else rounded_money(deviation)), mean
        )
    return Merged(single(part, None), mean)


_OF_VALUE: dict[str, Callable[[Measure], Aggregate]] = {
    "values": lambda measure: counted(measure, f"{measure.field}_count"),
    "sum": _sum,
    "mean": _mean,
    "min": _extreme,
    "max": _extreme,
}


def _token_sum(measure: Measure) -> Aggregate:
    return counted(measure, measure.field)


def _token_mean(measure: Measure) -> Aggregate:
    """Every call has a number of each sort of tokens, 0 where it used none."""
    events = exp.Nullif(this=total(measure, "events"), expression=number(0))
    return single(_ratio(double(total(measure, measure.field)), events), None)


_OF_TOKENS: dict[str, Callable[[Measure], Aggregate]] = {"sum": _token_sum, "mean": _token_mean}
