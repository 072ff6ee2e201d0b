"""Outliers: single operations, calls or measurements whose value is far from the others'.

The documented form measures all values of an agent against their mean (`method="z"`, no `by`). Told apart by operation,
each is measured against its own kind, and a slow operation is no outlier among fast ones; the robust method is not
misled by the outliers themselves (`agentgauge.analysis.outliers`).

Up to 100,000 values are read whole and the answer is exact. Of more, the engine finds the figures of each key, and only
values beyond its limits are read: for `z` that is exact too, for the robust method the median deviation is found from
45 percentiles, and `exact` says that it is not. That costs some four questions; where over 100,000 values are beyond
the limits too, two for each key that has any, and only the farthest are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import get_args

import msgspec

from agentgauge.analysis.metrics import Metric, Per
from agentgauge.analysis.outliers import FEWEST, THRESHOLDS, Baseline, Method, robust_baseline, z_baseline
from agentgauge.engines import Answer, Engine, Filter, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.service.readings.series import Value, metric_in, values
from agentgauge.service.reports.outliers_among_many import Found, found_among_many
from agentgauge.service.window import Window

LIMIT = 50
READ_WHOLE = 100_000
"""Values up to which they are all read: a third of a second, and exact."""


class Outlier(msgspec.Struct, frozen=True, kw_only=True):
    id: int | None
    """None until the event has landed in the lake; `segment` and `n` name it from the first."""
    segment: str
    n: int
    time: datetime
    agent: str | None
    operation: str | None
    """The operation, else what the event is called."""
    key: str | None
    """What it was told apart by."""
    value: float
    score: float
    """How many spreads from the centre: above it where positive."""
    deviation: float
    """Value less the mean (z) or the median (robust), in the metric's unit."""


class KeyBaseline(msgspec.Struct, frozen=True):
    key: str | None
    """None of all together, and of events that name none."""
    baseline: Baseline
    low: float
    high: float
    """Values below and above these are outliers; NaN where nothing can be one."""
    count: int
    """Outliers found."""
    too_few: bool
    """No value of so few can have such a score (z), or chance has one too often (robust, under ten values)."""


class Outliers(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    method: Method
    threshold: float
    by: str | None
    count: int
    """All that were found, those beyond the limit of the list included."""
    outliers: tuple[Outlier, ...]
    """The farthest first, by the size of their scores; at most as many as were asked for."""
    baselines: tuple[KeyBaseline, ...]
    """By key; of no values there is none."""
    way: str
    """Outliers are read from the events themselves: raw."""
    exact: bool
    missing_before: datetime | None
    """Events before it have expired, and are not among the values."""


def outliers(
    engine: Engine,
    metric_name: str,
    window: Window,
    *,
    method: Method = "z",
    threshold: float | None = None,
    by: str | None = None,
    agent: str | None = None,
    role: str | None = None,
    filters: Sequence[Filter] = (),
    limit: int = LIMIT,
    per: Per = "operation",
    read_whole: int = READ_WHOLE,
) -> Outliers:
    """The values whose score is beyond the threshold, 3.0 for `z` and 3.5 for `robust` where none is given.

    `read_whole` is how many values are still read one by one.
    Raises `QueryError` for a metric that there is none of or that is a share, and for another method, threshold or
    limit than there can be.
    """
    if method not in get_args(Method):
        raise QueryError(f"outliers are found by z or robust, not by {method!r}")
    reach = THRESHOLDS[method] if threshold is None else threshold
    if not 0 < reach < math.inf:
        raise QueryError(f"a threshold is a number above 0, got {threshold!r}")
    if limit < 1:
        raise QueryError(f"limit is a whole number of at least 1, got {limit!r}")
    metric = metric_in(engine, metric_name, per=per)
    if metric.share is not None:
        raise QueryError(f"{metric.name} is a share, and its values are yes and no: ask for one of numbers")
    chosen = (*filters, *(Filter(name, "=", value) for name, value in (("agent", agent), ("role", role)) if value))
    asked = _number_of_values(engine, metric, window, chosen)
    if asked.rows[0][0] <= read_whole:
        found = _found_among(values(engine, metric, window, chosen, by=by), metric, method, reach)
    else:
        found = found_among_many(engine, metric, window, chosen, by, method, reach, limit, read_whole)
    rows = [_outlier(value, found.baselines[value.key]) for value in found.beyond]
    rows.sort(key=lambda row: (-abs(row.score), row.time, row.segment, row.n))
    return Outliers(
        metric=metric.name,
        unit=metric.unit,
        method=method,
        threshold=reach,
        by=by,
        count=sum(found.counts.values()),
        outliers=tuple(rows[:limit]),
        baselines=tuple(
            KeyBaseline(key, baseline, *baseline.limits(reach), found.counts.get(key, 0), _too_few(baseline, reach))
            for key, baseline in sorted(found.baselines.items(), key=lambda item: (item[0] is None, item[0] or ""))
        ),
        way="raw",
        exact=found.exact,
        missing_before=asked.missing_before,
    )


def outliers_within(
    engine: Engine, answer: Outliers, window: Window, filters: Sequence[Filter] = ()
) -> tuple[Outlier, ...]:
    """All values of another window, such as the last hour, that are outliers by the baselines of an answer about
    operations; none of a key that has too few. The farthest first, however many the answer itself has beyond its limit.

    Reads the window's values one by one.
    """
    metric = metric_in(engine, answer.metric)
    baselines = {each.key: each.baseline for each in answer.baselines if not each.too_few}
    rows = [
        _outlier(value, baselines[value.key])
        for value in values(engine, metric, window, filters, by=answer.by)
        if value.key in baselines and baselines[value.key].is_beyond(value.value, answer.threshold)
    ]
    return tuple(sorted(rows, key=lambda row: (-abs(row.score), row.time, row.segment, row.n)))


def _number_of_values(engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter]) -> Answer:
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*filters, *metric.events),
        measures=(Measure("values", metric.field, name="n"),),
        relation=metric.relation,
    )
    return engine.aggregate(query)


def _found_among(every: Iterable[Value], metric: Metric, method: Method, threshold: float) -> Found:
    by_key: dict[str | None, list[Value]] = {}
    for value in every:
        by_key.setdefault(value.key, []).append(value)
    baselines = {key: _baseline([value.value for value in own], metric, method) for key, own in by_key.items()}
    beyond = [
        value for own in by_key.values() for value in own if baselines[value.key].is_beyond(value.value, threshold)
    ]
    counts: dict[str | None, int] = {}
    for value in beyond:
        counts[value.key] = counts.get(value.key, 0) + 1
    return Found(baselines, counts, beyond, exact=True)


def _baseline(numbers: Sequence[float], metric: Metric, method: Method) -> Baseline:
    import numpy as np

    if method == "robust":
        return robust_baseline(numbers, log=metric.is_long_tailed)
    every = np.asarray(numbers, dtype=np.float64)
    return z_baseline(every.size, float(every.mean()), float(every.std(ddof=1)) if every.size > 1 else 0.0)


def _outlier(value: Value, baseline: Baseline) -> Outlier:
    return Outlier(
        id=value.id,
        segment=value.segment,
        n=value.n,
        time=value.time,
        agent=value.agent,
        operation=value.operation,
        key=value.key,
        value=value.value,
        score=baseline.score(value.value),
        deviation=value.value - baseline.centre,
    )


def _too_few(baseline: Baseline, threshold: float) -> bool:
    return baseline.largest_possible <= threshold if baseline.method == "z" else baseline.n < FEWEST
