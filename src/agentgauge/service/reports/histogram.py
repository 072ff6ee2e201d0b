"""How many values of a metric lie in each of some classes that are equally wide as ratios.

Times, money and tokens spread by factors: classes of equal width would have all values in the first of them. Edges are
those of `agentgauge.summaries.buckets`, several of which make a class, so that counts are exact however many values
there are. One question.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import msgspec

from agentgauge.analysis.metrics import Per
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError
from agentgauge.service.readings.series import metric_in
from agentgauge.service.reports.rows import found_by
from agentgauge.service.window import Window
from agentgauge.summaries.buckets import LOG_BASE, OFFSET

MOST_CLASSES = 32
_FEWEST_CLASSES = 8


class Class(msgspec.Struct, frozen=True):
    low: float
    """Values above it,"""
    high: float
    """up to this one."""
    count: int


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    count: int
    """All values, those without a class included."""
    classes: tuple[Class, ...]
    """In order, without gaps; the first and the last have values."""
    zeros: int
    """Values of 0, which are in no class."""
    negative: int
    """Values below 0, likewise."""
    way: Way
    exact: bool
    missing_before: datetime | None


def histogram(
    engine: Engine, name: str, window: Window, filters: Sequence[Filter] = (), *, per: Per = "operation"
) -> Histogram:
    """Of the metric's values in the window. Raises `QueryError`, also for a share, whose values are 1 and 0 alone."""
    metric = metric_in(engine, name, per=per)
    if metric.share is not None:
        raise QueryError(f"{metric.name} is a share, and its values are yes and no: ask for one of numbers")
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*metric.conditions, *filters),
        measures=(Measure("histogram", metric.field, name="buckets"),),
        relation=metric.relation,
    )
    answer = engine.aggregate(query)
    buckets: dict[int, int] = dict(answer.rows[0][0] or ())
    positive = {bucket: count for bucket, count in buckets.items() if bucket > 0}
    return Histogram(
        metric=metric.name,
        unit=metric.unit,
        count=sum(buckets.values()),
        classes=_classes(positive),
        zeros=buckets.get(0, 0),
        negative=sum(count for bucket, count in buckets.items() if bucket < 0),
        **found_by(answer),
    )


def _classes(buckets: dict[int, int]) -> tuple[Class, ...]:
    """As many as the root of the number of values, 8 to 32; each of as many buckets."""
    if not buckets:
        return ()
    wanted = min(max(math.ceil(math.sqrt(sum(buckets.values()))), _FEWEST_CLASSES), MOST_CLASSES)
    first, last = min(buckets), max(buckets)
    step = math.ceil((last - first + 1) / wanted)
    counts = [0] * ((last - first) // step + 1)
    for bucket, count in buckets.items():
        counts[(bucket - first) // step] += count
    # A bucket has the values above the edge before its own: bucket i ends at 1.02^(i - offset).
    edges = [_edge(first - 1 + step * at) for at in range(len(counts) + 1)]
    return tuple(Class(*limits, count) for limits, count in zip(pairwise(edges), counts, strict=True))


def _edge(bucket: int) -> float:
    return math.exp((bucket - OFFSET) * LOG_BASE)
