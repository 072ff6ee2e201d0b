"""How the values of a metric are distributed: percentiles, mean, spread and extremes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.analysis.metrics import Metric, Per
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError
from agentgauge.service.dimensions import dimension
from agentgauge.service.readings.series import metric_in
from agentgauge.service.reports.rows import found_by
from agentgauge.service.reports.totals import FEW
from agentgauge.service.window import Window


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Figures in the metric's unit; NaN of no values."""

    key: dict[str, Any]
    """The value of each dimension; without any, empty."""
    count: int
    """Values. Operations and calls whose value is not known are not among them."""
    p50: float
    p75: float
    p90: float
    p95: float
    p99: float
    """Interpolated between order statistics, as numpy's default does."""
    mean: float
    median: float
    """The same as p50."""
    std_dev: float
    """Of a sample; 0.0 of one value."""
    min: float
    max: float
    few: bool
    """Whether there are fewer than 20 values: p95 and p99 are then decided by the one or two largest, if any."""
    unpriced: int
    """Of cost: operations, or calls, that are in no figure because their cost is not known."""


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    per: Per
    window: Window
    by: tuple[str, ...]
    rows: tuple[Distribution, ...]
    """The most values first; one row where there are no dimensions."""
    nothing_recorded: bool
    """Whether no event at all is in the window and meets the filters: then there cannot be values either."""
    way: Way
    exact: bool
    """Else percentiles are within 1 % of their value; everything else is exact in any case."""
    missing_before: datetime | None
    """Where not None, events before it have expired and are not among the values."""


_STATISTICS = ("p50", "p75", "p90", "p95", "p99", "mean", "std_dev", "min", "max")


def percentiles(
    engine: Engine,
    name: str,
    window: Window,
    filters: Sequence[Filter] = (),
    *,
    by: Sequence[str] = (),
    per: Per = "operation",
    exact: bool = False,
) -> Percentiles:
    """The distribution of a metric's values, of all together or per value of dimensions.

    `name` is as `agentgauge.analysis.metrics` has them. Cost and tokens are those of whole operations, or `per` model
    call. Raises `QueryError`, also for a share such as the success rate, whose values are 1 and 0 alone.
    """
    metric = metric_in(engine, name, per=per)
    if metric.share is not None:
        raise QueryError(
            f"{metric.name} is a share and has no percentiles (an overview shows it): take execution_time, "
            "cost, tokens, quality_score, latency, satisfaction, a numeric column or attribute, or a measurement"
        )
    dimensions = tuple(dimension(key) for key in by)
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*_conditions(metric), *filters),
        group=dimensions,
        measures=(
            Measure("values", metric.field, name="count"),
            *(Measure(statistic, metric.field, name=statistic) for statistic in _STATISTICS),
            *((Measure("cost"),) if metric.name == "cost" else ()),
        ),
        order=("-count",) if dimensions else (),
        relation=metric.relation,
        exact=exact,
    )
    answer = engine.aggregate(query)
    rows = [
        _distribution(row, {name: row[column] for name, column in zip(by, dimensions, strict=True)})
        for row in answer.records()
    ]
    return Percentiles(
        metric=metric.name,
        unit=metric.unit,
        per=per if metric.is_usage else "operation",
        window=window,
        by=tuple(by),
        rows=tuple(rows),
        nothing_recorded=not any(row.count or row.unpriced for row in rows) and not _events(engine, window, filters),
        **found_by(answer),
    )


def _events(engine: Engine, window: Window, filters: Sequence[Filter]) -> int:
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=(Measure("count", name="n"),))
    count: int = engine.aggregate(query).rows[0][0]
    return count


def _distribution(row: Mapping[str, Any], key: dict[str, Any]) -> Distribution:
    figures = {name: math.nan if row[name] is None else float(row[name]) for name in _STATISTICS}
    return Distribution(
        key=key,
        count=row["count"],
        **figures,
        median=figures["p50"],
        few=row["count"] < FEW,
        unpriced=row.get("unpriced_calls", 0),
    )


def _conditions(metric: Metric) -> tuple[Filter, ...]:
    """What rows meet that have a value; of cost those too whose value is not known, to be counted."""
    if metric.name != "cost":
        return metric.conditions
    return tuple(condition for condition in metric.conditions if condition.field != metric.field)
