"""Which metrics rise and fall together, over units of work or over buckets of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from agentgauge.analysis.correlation import Correlation, correlations
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError
from agentgauge.service.asked import Asked
from agentgauge.service.dimensions import dimension
from agentgauge.service.readings.series import metric_in, series
from agentgauge.service.readings.unit_metrics import UnitMetric, unit_metric
from agentgauge.service.readings.units import UNIT_ALIASES
from agentgauge.service.window import Window

MOST_METRICS = 12
"""More have so many pairs that none is shown after adjusting for their number unless it is blatant."""

_Key = tuple[object, ...]


class Correlations(msgspec.Struct, frozen=True, kw_only=True):
    metrics: tuple[str, ...]
    over: str
    """What one value is of: issue, run, day, ..."""
    pairs: tuple[Correlation, ...]
    """Each pair of the metrics, in the order in which they were named."""
    without: tuple[int, ...]
    """Per metric, units or buckets where it is not known, though another is."""
    confidence: float
    way: Way
    exact: bool = True


def correlate(
    engine: Engine,
    window: Window,
    metrics: Sequence[str],
    *,
    unit: str | None = None,
    bucket: str | None = None,
    zone: str = "UTC",
    now: datetime | None = None,
    filters: Sequence[Filter] = (),
    confidence: float = 0.95,
) -> Correlations:
    """Over units, issues by default, or over the whole buckets of a width up to the aware time `now`.

    A unit's value of a metric is as in `agentgauge.service.readings.unit_metrics`, a bucket's as in
    `agentgauge.service.readings.series`; neither is known where a call is unpriced. Raises `QueryError` for fewer than
    two metrics and more than twelve, and where both a unit and a bucket are named.
    """
    names = tuple(dict.fromkeys(metrics))
    if not 2 <= len(names) <= MOST_METRICS:
        raise QueryError(f"name 2 to {MOST_METRICS} metrics to relate to each other, got {len(names)}")
    if unit is not None and bucket is not None:
        raise QueryError("metrics are related over units or over buckets of time: leave out unit or bucket")
    asked = Asked(engine)
    if bucket is None:
        columns = [_by_unit(asked, unit_metric(asked, name), unit or "issue", window, filters) for name in names]
    elif now is None:
        raise ValueError("a course of time ends now: say when that is")
    else:
        columns = [_by_bucket(asked, name, window, bucket, zone, now, filters) for name in names]
    keys = sorted({key for column in columns for key in column}, key=lambda key: tuple(map(str, key)))
    values = {name: [column.get(key, math.nan) for key in keys] for name, column in zip(names, columns, strict=True)}
    return Correlations(
        metrics=names,
        over=bucket or unit or "issue",
        pairs=correlations(values, ordered=bucket is not None, confidence=confidence),
        without=tuple(sum(map(math.isnan, column)) for column in values.values()),
        confidence=confidence,
        way=asked.way,
    )


def _by_unit(
    engine: Engine, metric: UnitMetric, unit: str, window: Window, filters: Sequence[Filter]
) -> dict[_Key, float]:
    if len(metric.parts) > 1:
        raise QueryError(f"{metric.name} is of many units together: relate cost and success instead")
    (part,) = metric.parts
    column = dimension(UNIT_ALIASES.get(unit, unit))
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*part.filters, *filters, Filter(column, "is not null")),
        group=tuple(dict.fromkeys(("project", column))),
        measures=(*part.measures, Measure("count", name="events")),
    )
    found: dict[_Key, float] = {}
    for row in engine.aggregate(query).records():
        value = part.value(part.read(row))
        if value is not None:
            found[row["project"], row[column]] = value
    return found


def _by_bucket(
    engine: Engine, name: str, window: Window, bucket: str, zone: str, now: datetime, filters: Sequence[Filter]
) -> dict[_Key, float]:
    course = series(engine, metric_in(engine, name), window, bucket, zone, now, filters=filters)
    return {
        (point.start.astimezone(UTC).isoformat(),): point.value
        for point in course.points
        if point.complete and not math.isnan(point.value) and not point.unpriced_calls
    }
