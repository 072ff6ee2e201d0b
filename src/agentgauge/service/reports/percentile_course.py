"""How the distribution of a metric changes over time: median and high percentiles of each bucket of local time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import msgspec

from agentgauge.analysis.metrics import Per
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError
from agentgauge.service.bucket_widths import bucket_width
from agentgauge.service.readings.series import metric_in
from agentgauge.service.reports.rows import found_by
from agentgauge.service.reports.totals import FEW, or_nan
from agentgauge.service.window import Window


class BucketPercentiles(msgspec.Struct, frozen=True, kw_only=True):
    start: datetime
    count: int
    p50: float
    """NaN, as the others, of a bucket without values."""
    p95: float
    p99: float

    @property
    def few(self) -> bool:
        """Whether there are too few for a p95 or p99 that says much."""
        return self.count < FEW

    @property
    def shown_p95(self) -> float:
        """NaN where there are too few."""
        return math.nan if self.few else self.p95

    @property
    def shown_p99(self) -> float:
        return math.nan if self.few else self.p99


class PercentileCourse(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    buckets: tuple[BucketPercentiles, ...]
    """In order of time, those without values included."""
    few: int
    """Buckets that have values, but fewer than 20."""
    way: Way
    exact: bool
    missing_before: datetime | None


def percentile_course(
    engine: Engine,
    name: str,
    window: Window,
    width: str,
    zone: str,
    filters: Sequence[Filter] = (),
    *,
    per: Per = "operation",
    exact: bool = False,
) -> PercentileCourse:
    """Of the values in each bucket. Raises `QueryError`, also for a share, whose values are 1 and 0 alone."""
    metric = metric_in(engine, name, per=per)
    if metric.share is not None:
        raise QueryError(f"{metric.name} is a share and has no percentiles: ask for one of numbers")
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*metric.conditions, *filters),
        group=(TimeBucket(bucket_width(width), zone, fill=True, name="start"),),
        measures=(
            Measure("values", metric.field, name="count"),
            *(Measure(statistic, metric.field, name=statistic) for statistic in ("p50", "p95", "p99")),
        ),
        relation=metric.relation,
        exact=exact,
    )
    answer = engine.aggregate(query)
    buckets = tuple(
        BucketPercentiles(
            start=row["start"],
            count=row["count"],
            **{statistic: float(or_nan(row[statistic])) for statistic in ("p50", "p95", "p99")},
        )
        for row in answer.records()
    )
    return PercentileCourse(
        metric=metric.name,
        unit=metric.unit,
        buckets=buckets,
        few=sum(bucket.few and bucket.count > 0 for bucket in buckets),
        **found_by(answer),
    )
