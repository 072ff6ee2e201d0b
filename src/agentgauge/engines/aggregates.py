"""Measures as SQL aggregates, and the values of an answer read back from them.

A measure is one or more aggregates ("parts"). What two measures share, a count or a list of percentiles, is the same
expression and is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any

import msgspec
from sqlglot import exp

from agentgauge.engines.columns import Column, attribute_key
from agentgauge.engines.dialect import Dialect, Expression, call, column, number
from agentgauge.engines.measures import Measure
from agentgauge.events import kinds
from agentgauge.events.event import from_micros
from agentgauge.events.fields import MONEY_STEP
from agentgauge.summaries import Summary

_SUCCESS = column("success")
_PRICED_KINDS = tuple(kind.name for kind in kinds.KINDS if kind.carries_usage and "model" in kind.required)
"""Calls of these kinds have a price, so one without a cost is unpriced. A tool's cost is only ever reported: without
one it is free."""

LONGEST_MS = 315_576_000_000
"""Ten years: a duration beyond it is some clock's error and must not end in another calendar."""


class Aggregate(msgspec.Struct, frozen=True):
    parts: tuple[Expression, ...]
    read: Callable[..., tuple[Any, ...]]
    """From the values of the parts to those of the measure's columns."""
    nothing: tuple[Any, ...]
    """Values of the measure's columns over no events."""
    sort: tuple[Expression, ...]
    """What each column is ordered by."""


def field_value(target: Column, dialect: Dialect) -> Expression:
    """A column as it is grouped and filtered by: an attribute as text."""
    if target.type == "attribute":
        return dialect.attribute(column("attributes"), attribute_key(target))
    return column(target.name)


def aggregate_of(measure: Measure, beside: Sequence[Measure], dialect: Dialect) -> Aggregate:
    """The aggregates of one measure; `beside` are the query's measures, whose percentiles are computed together."""
    if measure.percentile is not None:
        return _percentile(measure, beside, dialect)
    if measure.field:
        return _OF_FIELD[measure.statistic](measure, dialect)
    if measure.statistic == "began":
        return _began(measure, dialect)
    return _OF_EVENTS[measure.statistic](measure)


def among(aggregate: Expression, measure: Measure, *conditions: Expression) -> Expression:
    """An aggregate over the events that a measure counts, and that meet more conditions."""
    if measure.kinds is not None:
        conditions = (column("kind").isin(*measure.kinds), *conditions)
    if not conditions:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=exp.and_(*conditions)))


def single(part: Expression, nothing: Any, read: Callable[[Any], Any] = lambda value: value) -> Aggregate:
    """A measure of one part and one column."""
    return Aggregate(parts=(part,), read=lambda value: (read(value),), nothing=(nothing,), sort=(part,))


def whole_number(value: Any) -> int:
    """A sum of whole numbers, 0 of none."""
    return 0 if value is None else int(value)


def _count_of_all(measure: Measure, *conditions: Expression) -> Expression:
    return among(exp.Count(this=exp.Star()), measure, *conditions)


def _count(measure: Measure) -> Aggregate:
    return single(_count_of_all(measure), 0)


def _successes(measure: Measure) -> Aggregate:
    return single(_count_of_all(measure, _SUCCESS), 0)


def _failures(measure: Measure) -> Aggregate:
    return single(_count_of_all(measure, exp.not_(_SUCCESS)), 0)


def _outside(measure: Measure) -> Aggregate:
    return single(_count_of_all(measure, column("parent_id").is_(exp.null())), 0)


def _success_rate(measure: Measure) -> Aggregate:
    successes, outcomes = _count_of_all(measure, _SUCCESS), among(exp.Count(this=_SUCCESS), measure)
    return Aggregate(
        parts=(successes, outcomes),
        read=lambda won, of: (won / of if of else None,),
        nothing=(None,),
        sort=(
            exp.Div(this=double(successes), expression=exp.Nullif(this=outcomes, expression=number(0)), typed=False),
        ),
    )


def _last_success(measure: Measure) -> Aggregate:
    """Of the latest, and of those at one time the last in its segment."""
    latest = call("row", column("time"), column("segment"), column("n"))
    known = exp.not_(_SUCCESS.is_(exp.null()))
    return single(among(exp.ArgMax(this=_SUCCESS, expression=latest), measure, known), None)


def _tokens(measure: Measure) -> Aggregate:
    both = exp.Add(this=or_zero(column("input_tokens")), expression=or_zero(column("output_tokens")))
    return single(or_zero(among(exp.Sum(this=both), measure)), 0, whole_number)


def _cost(measure: Measure) -> Aggregate:
    cost = column("cost_usd")
    unmet = exp.or_(column("kind").isin(*_PRICED_KINDS), column("cost_source").eq("unpriced"))
    priced = among(exp.Sum(this=cost), measure)
    unpriced = _count_of_all(measure, cost.is_(exp.null()), unmet)
    return Aggregate(
        parts=(priced, unpriced),
        read=lambda total, missing: (Decimal(0) if total is None and not missing else total, missing),
        nothing=(Decimal(0), 0),
        sort=(exp.Case().when(unpriced.eq(0), or_zero(priced)).else_(priced), unpriced),
    )


_OF_EVENTS: dict[str, Callable[[Measure], Aggregate]] = {
    "count": _count,
    "successes": _successes,
    "failures": _failures,
    "outside": _outside,
    "success_rate": _success_rate,
    "last_success": _last_success,
    "tokens": _tokens,
    "cost": _cost,
}


def _numeric(measure: Measure, dialect: Dialect) -> Expression:
    value = field_value(measure.target, dialect)
    return dialect.number(value) if measure.target.type == "attribute" else value


def double(value: Expression) -> Expression:
    return exp.cast(value, "DOUBLE")


def or_zero(value: Expression) -> Expression:
    return exp.Coalesce(this=value, expressions=[number(0)])


def _values(measure: Measure, dialect: Dialect) -> Aggregate:
    return single(among(exp.Count(this=_numeric(measure, dialect)), measure), 0)


def _sum(measure: Measure, dialect: Dialect) -> Aggregate:
    whole = measure.target.type == "whole"
    return single(
        or_zero(among(exp.Sum(this=_numeric(measure, dialect)), measure)),
        0 if whole else 0.0,
        whole_number if whole else float,
    )


def _extreme(measure: Measure, dialect: Dialect) -> Aggregate:
    function = exp.Min if measure.statistic == "min" else exp.Max
    if measure.target.type == "time":
        return _moment(among(function(this=dialect.micros(column(measure.field))), measure))
    return single(among(function(this=_numeric(measure, dialect)), measure), None)


def _began(measure: Measure, dialect: Dialect) -> Aggregate:
    took = exp.Least(this=or_zero(column("duration_ms")), expressions=[number(LONGEST_MS)])
    micros = exp.cast(exp.Round(this=took * number(1000)), "BIGINT")
    return _moment(among(exp.Min(this=dialect.micros(column("time")) - micros), measure))


def _moment(micros: Expression) -> Aggregate:
    return single(micros, None, lambda value: None if value is None else from_micros(value))


def _mean(measure: Measure, dialect: Dialect) -> Aggregate:
    value = _numeric(measure, dialect)
    mean = among(exp.Avg(this=value), measure)
    if measure.target.type != "money":
        return single(mean, None)
    return Aggregate(
        parts=(among(exp.Sum(this=value), measure), among(exp.Count(this=value), measure)),
        read=lambda total, count: (divided_money(total, count) if count else None,),
        nothing=(None,),
        sort=(mean,),
    )


def divided_money(total: Decimal, count: int) -> Decimal:
    """A mean of money, rounded to its 12 places."""
    with localcontext(prec=60):
        return (total / count).quantize(MONEY_STEP)


def _std_dev(measure: Measure, dialect: Dialect) -> Aggregate:
    """Sample standard deviation, 0 of one value; of money in DOUBLE, then rounded to money's 12 places."""
    value = double(_numeric(measure, dialect))
    deviation, count = among(exp.StddevSamp(this=value), measure), among(exp.Count(this=value), measure)
    part = exp.Case().when(count.eq(1), number(0.0)).else_(deviation)
    if measure.target.type == "money":
        return single(part, None, lambda deviation: None if deviation is None else rounded_money(deviation))
    return single(part, None)


def rounded_money(value: float) -> Decimal:
    """An amount that was computed in DOUBLE, to money's 12 places."""
    with localcontext(prec=60):
        return Decimal(value).quantize(MONEY_STEP)


def _distinct(measure: Measure, dialect: Dialect) -> Aggregate:
    value = field_value(measure.target, dialect)
    return single(among(exp.Count(this=exp.Distinct(expressions=[value])), measure), 0)


def _percentile(measure: Measure, beside: Sequence[Measure], dialect: Dialect) -> Aggregate:
    asked = {other.percentile for other in beside if (other.field, other.over) == (measure.field, measure.over)}
    listed = sorted(percentile for percentile in asked if percentile is not None)
    at = listed.index(measure.percentile)  # type: ignore[arg-type]
    part = among(dialect.percentiles(_numeric(measure, dialect), listed), measure)
    return Aggregate(
        parts=(part,),
        read=lambda values: (None if values is None else values[at],),
        nothing=(None,),
        sort=(dialect.element(part, at),),
    )


def _summary(measure: Measure, dialect: Dialect) -> Aggregate:
    value = double(_numeric(measure, dialect))
    known = exp.not_(value.is_(exp.null()))
    return Aggregate(
        parts=(
            among(exp.Count(this=value), measure),
            _count_of_all(measure, known, exp.not_(_SUCCESS)),
            among(exp.Sum(this=value), measure),
            among(call("var_pop", value), measure),
            among(exp.Min(this=value), measure),
            among(exp.Max(this=value), measure),
            among(dialect.histogram(value), measure, known),
        ),
        read=lambda *parts: (_read_summary(*parts),),
        nothing=(Summary.EMPTY,),
        sort=(exp.null(),),
    )


def _histogram(measure: Measure, dialect: Dialect) -> Aggregate:
    value = double(_numeric(measure, dialect))
    part = among(dialect.histogram(value), measure, exp.not_(value.is_(exp.null())))
    return Aggregate(
        parts=(part,), read=lambda counts: (tuple(sorted((counts or {}).items())),), nothing=((),), sort=(exp.null(),)
    )


def _read_summary(
    count: int, failures: int, total: float, variance: float, low: float, high: float, histogram: dict[int, int]
) -> Summary:
    if not count:
        return Summary.EMPTY
    return Summary(
        count=count,
        failures=failures,
        sum=total,
        m2=variance * count,
        min=low,
        max=high,
        histogram=tuple(sorted(histogram.items())),
    )


_OF_FIELD: dict[str, Callable[[Measure, Dialect], Aggregate]] = {
    "values": _values,
    "sum": _sum,
    "mean": _mean,
    "min": _extreme,
    "max": _extreme,
    "std_dev": _std_dev,
    "distinct": _distinct,
    "summary": _summary,
    "histogram": _histogram,
}
