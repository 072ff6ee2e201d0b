"""Anomalies: hours or days of a metric that are not as their season lets expect.

Cost and tokens are totals of a bucket, `operations` are counted, and every other metric is the bucket's mean or share.
Each is compared with the same hour or day of the week before (`agentgauge.analysis.anomalies`): 22 weeks of hours, or
36 of days, are read for it, up to a year where alpha is small. A bucket in which nothing that was used has a price has
no cost that is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from agentgauge.analysis.anomalies import ALPHA, MEMORY, Anomaly, Bucket, detect
from agentgauge.analysis.anomalies_scores import Kind
from agentgauge.analysis.metrics import Metric
from agentgauge.analysis.seasonality import FEWEST_WEEKS, MEMORY_WEEKS, SEASONS, Width
from agentgauge.engines import Engine, Filter
from agentgauge.engines.answer import Way
from agentgauge.engines.time_buckets import bucket_numbers, bucket_time, zone_named
from agentgauge.errors import QueryError
from agentgauge.service.asked import Asked
from agentgauge.service.readings.amounts import AMOUNTS, OPERATIONS, amounts_by
from agentgauge.service.readings.series import Point, Series, metric_in, series_by
from agentgauge.service.window import Window

METRICS = ("cost", "tokens", OPERATIONS, "execution_time", "error_rate")
"""Looked at where none is named."""
_WIDTHS: dict[str, Width] = {"hour": "hour", "day": "day"}
_MOST_WEEKS = 52
LEAST_ALPHA = 1e-6
"""Far below what a year of hours can show."""
_QUARTER = timedelta(minutes=15)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Before it there is no room for the weeks that come before a window."""
"""Windows that begin and end at whole quarters can be answered from rollups."""
_HOURS, _DAYS = timedelta(days=7), 28
"""Looked at where no start is asked for."""
_SPREAD_BY_FACTORS = ("ms", "USD", "token")


class Found(Anomaly, frozen=True, kw_only=True):
    metric: str
    unit: str
    key: str | None
    """The agent, ...; None of all together, and of events that name none."""
    unpriced_calls: int
    """Calls in the bucket whose cost is not known and in no figure."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One series that was looked at."""

    metric: str
    unit: str
    key: str | None
    lower_is_better: bool
    anomalies: int
    tested: int
    """Buckets of the window that have enough before them."""
    in_window: int
    """Complete buckets of the window, from the first that has anything: those beyond `tested` were not judged."""
    history: int
    """Complete buckets there are, from the first that has anything."""
    needed: int
    """Buckets before the first that can be tested."""
    least_alpha: float
    """The rarest false alarm that the history allows to ask for."""
    whole_alpha: float
    """The rarest one at which all of `in_window` could be tested; NaN where they cannot be."""
    unpriced_calls: int


class Anomalies(msgspec.Struct, frozen=True, kw_only=True):
    bucket: Width
    time_zone: str
    since: datetime
    until: datetime
    by: str | None
    alpha: float
    anomalies: tuple[Found, ...]
    """The newest first."""
    series: tuple[Watched, ...]
    expected_false: float
    """Anomalies that chance would find among so many quiet buckets, at most."""
    way: Way


def anomalies(
    engine: Engine,
    window: Window,
    *,
    zone: str,
    now: datetime,
    metrics: Sequence[str] = METRICS,
    bucket: str = "hour",
    by: str | None = None,
    alpha: float | None = None,
    filters: Sequence[Filter] = (),
) -> Anomalies:
    """Of the complete buckets that begin in the window: without a start the last 7 days of hours, 28 of days.

    `alpha` is the share of quiet buckets that alarm, 1/672 of hours and 1/28 of days by default. More operations than
    expected are for information, fewer are a warning. Raises `QueryError` for another bucket, a metric that there is
    none of, and more than 10,000 buckets.
    """
    width = _WIDTHS.get(bucket)
    if width is None:
        raise QueryError(f"anomalies are of hours or days, not of {bucket!r}: say hour or day", field="bucket")
    if alpha is not None and not LEAST_ALPHA <= alpha < 1:
        raise QueryError(f"alpha is a share of buckets from {LEAST_ALPHA:g} to below 1, not {alpha:g}")
    until = min(window.end or now, _quarter(now))
    if min(until, window.start or until) < _EARLIEST:
        raise QueryError(f"anomalies are looked for from the year {_EARLIEST.year} on", field="since")
    since = window.start or _lookback(width, zone, until)
    level = ALPHA[width] if alpha is None else alpha
    weeks = FEWEST_WEEKS + MEMORY_WEEKS + max(MEMORY[width], math.ceil(1 / level)) // SEASONS[width] + 1
    asked = Asked(engine)
    read = Window(_quarter(since) - timedelta(weeks=min(weeks, _MOST_WEEKS)), until)
    found: list[Found] = []
    watched: list[Watched] = []
    for name in dict.fromkeys(metrics):
        metric = None if name == OPERATIONS else metric_in(asked, name)
        for key, series in _series(asked, metric, by, read, width, zone, now, filters).items():
            one, its_own = _look(metric, key, series, width, level, since)
            watched.append(one)
            found += its_own
    found.sort(key=lambda each: (each.start, -each.p_value), reverse=True)
    return Anomalies(
        bucket=width,
        time_zone=zone,
        since=since,
        until=until,
        by=by,
        alpha=level,
        anomalies=tuple(found),
        series=tuple(watched),
        expected_false=level * sum(each.tested for each in watched),
        way=asked.way,
    )


def _quarter(moment: datetime) -> datetime:
    """The quarter of an hour that a time is in."""
    return moment - (moment - datetime.min.replace(tzinfo=UTC)) % _QUARTER


def _lookback(width: Width, zone: str, until: datetime) -> datetime:
    """So long before the start of the bucket that `until` is in."""
    clocks = zone_named(zone)
    current = next(bucket_numbers(width, clocks, until, until))
    if width == "day":
        return bucket_time(width, clocks, current - _DAYS).astimezone(UTC)
    return bucket_time(width, clocks, current).astimezone(UTC) - _HOURS


def _series(
    engine: Engine,
    metric: Metric | None,
    by: str | None,
    window: Window,
    width: Width,
    zone: str,
    now: datetime,
    filters: Sequence[Filter],
) -> dict[str | None, Series]:
    if metric is None or metric.name in AMOUNTS:
        return amounts_by(engine, OPERATIONS if metric is None else metric.name, by, window, width, zone, now, filters)
    return series_by(engine, metric, by, window, width, zone, now, filters=filters)


def _look(
    metric: Metric | None, key: str | None, series: Series, width: Width, alpha: float, since: datetime
) -> tuple[Watched, list[Found]]:
    points = [point for point in series.points if point.complete]
    first = next((at for at, point in enumerate(points) if point.n or point.value > 0), len(points))
    points = points[first:]
    buckets = [Bucket(point.start, _known(point), point.n) for point in points]
    lower_is_better = metric is not None and metric.lower_is_better
    name, unit = (OPERATIONS, "operation") if metric is None else (metric.name, metric.unit)
    result = detect(
        buckets, width=width, kind=_kind(metric, buckets), alpha=alpha, lower_is_better=lower_is_better, since=since
    )
    unpriced = {point.start: point.unpriced_calls for point in points}
    found = [
        Found(**msgspec.structs.asdict(each), metric=name, unit=unit, key=key, unpriced_calls=unpriced[each.start])
        for each in result.anomalies
    ]
    in_window = sum(bucket.start >= since for bucket in buckets)
    ranked = len(buckets) - in_window - result.learning
    watched = Watched(
        metric=name,
        unit=unit,
        key=key,
        lower_is_better=lower_is_better,
        anomalies=len(found),
        tested=result.tested,
        in_window=in_window,
        history=result.history,
        needed=result.needed,
        least_alpha=result.least_alpha,
        whole_alpha=1 / (ranked + 1) if ranked > 0 else math.nan,
        unpriced_calls=sum(count for start, count in unpriced.items() if start >= since),
    )
    return watched, found


def _known(point: Point) -> float:
    return math.nan if point.unpriced_calls and not point.value else point.value


def _kind(metric: Metric | None, buckets: Sequence[Bucket]) -> Kind:
    """What a figure is, by which it is compared."""
    if metric is None:
        return "count"
    if metric.is_usage:
        return "total"
    if metric.share is not None:
        return "share"
    positive = all(math.isnan(bucket.value) or bucket.value > 0 for bucket in buckets)
    return "positive" if metric.unit in _SPREAD_BY_FACTORS and positive else "number"
