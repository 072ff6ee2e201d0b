"""Measures: what a query counts, sums or describes, as data.

    count            events                                             whole
    successes        events whose outcome is success                    whole
    failures         events whose outcome is another                    whole
    outside          events that name no parent: outside any task       whole
    success_rate     successes / events with an outcome                 ratio 0-1
    last_success     whether the last event with an outcome succeeded   flag
    began            when the first of the events began, its duration before its time   time
    tokens           input_tokens + output_tokens                       whole
    cost             two columns: the money of the priced calls, and how many calls are unpriced
    values           events that have a value of a field                whole
    sum, mean, min, max, std_dev, p<N>, distinct, summary               of a field
    histogram        (bucket, values in it) pairs, see `agentgauge.summaries.buckets`, ascending; of a field

Tokens and money are taken only from events of kinds that carry usage, whatever is asked, so a parent that repeats its
children's totals never counts twice. Over no events counts and sums are 0, summaries and histograms are empty and
everything else is None.
"""

from __future__ import annotations

import re

import msgspec

from agentgauge.engines.columns import BY_NAME, NUMERIC, Column, ColumnType, column, usage_kinds
from agentgauge.errors import QueryError
from agentgauge.events import kinds

OF_EVENTS = ("count", "successes", "failures", "outside", "success_rate", "last_success", "began", "tokens", "cost")
OF_FIELD = ("values", "sum", "mean", "min", "max", "std_dev", "distinct", "summary", "histogram")
OVER = ("all", "tasks", "usage", *kinds.BY_NAME)

_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,3})?)")

TOKENS = Column("tokens", "whole", "token")
COST = Column("cost_usd", "money", "USD")
UNPRICED = Column("unpriced_calls", "whole", "1")


class Measure(msgspec.Struct, frozen=True):
    """One measure. `field` is a numeric column or `attributes.<key>`, of which those that read as numbers count."""

    statistic: str
    """One of OF_EVENTS, OF_FIELD or a percentile: p50, p95, p99.9; interpolated between order statistics and exact."""
    field: str = ""
    over: str = "all"
    """The events that count: all, tasks (operations), usage (what may cost), or one kind's name."""
    name: str = ""
    """Name of the column in the answer; by default statistic, field and over joined by underscores."""

    def __post_init__(self) -> None:
        if self.over not in OVER:
            raise QueryError(f"measure over {self.over!r}: use one of {', '.join(OVER)}")
        if self.statistic in OF_EVENTS:
            if self.field:
                raise QueryError(f"{self.statistic} is of events and takes no field, got {self.field!r}")
        elif self.statistic in OF_FIELD or self.percentile is not None:
            self._check_field()
        else:
            raise QueryError(
                f"no statistic {self.statistic!r}; there are {', '.join((*OF_EVENTS, *OF_FIELD))} and p1 to p99.9"
            )
        if self.kinds == ():
            raise QueryError(f"{self.over} events carry no {self.field or self.statistic}")

    def _check_field(self) -> None:
        if not self.field:
            raise QueryError(
                f"{self.statistic} is of a field: use one of {', '.join(_numeric_names())} or attributes.<key>"
            )
        target = column(self.field)
        if self.statistic == "distinct":
            if target.type == "json":
                raise QueryError("distinct attributes are counted per key: use attributes.<key>")
        elif self.field == "cost_usd" and self.statistic == "sum":
            raise QueryError("money is summed by the measure 'cost', which also says how many calls are unpriced")
        elif target.type not in NUMERIC and not (target.type == "time" and self.statistic in ("min", "max")):
            names = ", ".join(_numeric_names())
            raise QueryError(f"{self.field} is not a number; {self.statistic} is of {names} or attributes.<key>")

    @property
    def percentile(self) -> float | None:
        """The percentile asked for, above 0 and below 100; None for other statistics."""
        match = _PERCENTILE.fullmatch(self.statistic)
        return float(match[1]) if match and float(match[1]) > 0 else None

    @property
    def target(self) -> Column:
        """The column of a measure that has a field."""
        return column(self.field)

    @property
    def kinds(self) -> tuple[str, ...] | None:
        """Kinds of the events that count; None for all."""
        asked = {"all": None, "tasks": kinds.TASK_KINDS, "usage": kinds.USAGE_KINDS}.get(self.over, (self.over,))
        carrying = _carriers(self)
        if carrying is None or asked is None:
            return carrying if asked is None else asked
        return tuple(kind for kind in carrying if kind in asked)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the answer that this measure fills."""
        if self.statistic == "cost":
            suffix = "" if self.over == "all" else f"_{self.over}"
            first = self.name or f"{COST.name}{suffix}"
            second = f"{self.name}_{UNPRICED.name}" if self.name else f"{UNPRICED.name}{suffix}"
            return (Column(first, COST.type, COST.unit), Column(second, UNPRICED.type, UNPRICED.unit))
        parts = (self.statistic, self.field, "" if self.over == "all" else self.over)
        name = self.name or "_".join(part for part in parts if part)
        return (Column(name, *_type_and_unit(self)),)


class MeasureOfOperations(Measure, frozen=True):
    """A measure over the relation `operations`, whose rows carry the usage of the calls inside them."""

    @property
    def kinds(self) -> None:
        return None


def of_operations(measure: Measure) -> MeasureOfOperations:
    return MeasureOfOperations(measure.statistic, measure.field, "all", measure.columns[0].name)


def _carriers(measure: Measure) -> tuple[str, ...] | None:
    if measure.statistic == "tokens":
        return usage_kinds(BY_NAME["input_tokens"])
    if measure.statistic == "cost":
        return usage_kinds(BY_NAME["cost_usd"])
    return usage_kinds(measure.target) if measure.field else None


def _type_and_unit(measure: Measure) -> tuple[ColumnType, str]:
    if measure.statistic in ("count", "successes", "failures", "outside", "values", "distinct"):
        return "whole", "1"
    if measure.statistic == "success_rate":
        return "real", "1"
    if measure.statistic == "last_success":
        return "flag", ""
    if measure.statistic == "began":
        return "time", ""
    if measure.statistic == "tokens":
        return TOKENS.type, TOKENS.unit
    target = measure.target
    if measure.statistic == "histogram":
        return "histogram", "1"
    if measure.statistic == "summary":
        return "summary", target.unit
    if target.type == "attribute" or (target.type == "whole" and measure.statistic not in ("sum", "min", "max")):
        return "real", target.unit
    return target.type, target.unit


def _numeric_names() -> tuple[str, ...]:
    return tuple(name for name, column in BY_NAME.items() if column.type in NUMERIC)
