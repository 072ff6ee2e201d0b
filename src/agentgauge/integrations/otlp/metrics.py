"""Points of metrics to events, each a `measurement` that says what its instrument said. No tokens, money or calls are
ever counted from them: what the metrics of an instrumentation add up, its spans have said one by one.

    a point of                        value                 attributes beside those of the point
    gauge, sum that is no counter     its value
    counter, delta                    its increase
    counter, cumulative               its total             otel.start
    histogram, summary                mean = sum / count    otel.count, otel.sum, otel.min, otel.max; otel.start

A running total says nothing when it is averaged or added up, and this server keeps no series together to take
differences. So what is cumulative is kept under a name of its own, `<metric> (cumulative)`, and never mixed with
deltas, which exporters send when they are told to. Identity is the series with its start and its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from math import isfinite
from typing import Any, Final

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import fields
from agentgauge.events.checked import Checked
from agentgauge.events.event import from_micros
from agentgauge.events.source_ids import TIMED
from agentgauge.integrations.otlp.attributes import Pair, bounded, sort
from agentgauge.integrations.otlp.decoding import PairsOf, Request
from agentgauge.integrations.otlp.resources import Origin, origin_of
from agentgauge.integrations.otlp.table import Table

_DATA: Final = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
_CUMULATIVE, _NO_VALUE = 2, 1
_SCOPE: Final = frozenset(fields.SCOPE_NAMES)
_encode = msgspec.json.Encoder(order="deterministic").encode


class _Series(msgspec.Struct, gc=False):
    """What the points of one metric share."""

    name: str
    unit: str
    data: str
    is_cumulative: bool
    """Its points are running totals, which have to be told from others."""
    origin: Origin
    identity: bytes
    """Of the resource and the instrumentation, encoded."""


def measurements_of(
    request: Request, table: Table, projects: frozenset[str] | None = None
) -> Iterator[Checked | EventRefused | None]:
    """An event for each point, in order; the error that says why one cannot be one; None where it has no value.

    `projects` are those that the sender may record into, None for all.
    """
    pairs_of = request.pairs_of
    for group in request.groups:
        pairs = pairs_of(group.resource.attributes)
        origin = origin_of(pairs, table, projects)
        resource = dict(pairs)
        for scoped in group.scope_metrics:
            identity = _encode([resource, scoped.scope.name, scoped.scope.version])
            for metric in scoped.metrics:
                series = _series(metric, origin, identity)
                if series is not None:
                    for point in getattr(metric, series.data).data_points:
                        yield _event(series, point, table, pairs_of)


def _series(metric: Any, origin: Origin, identity: bytes) -> _Series | None:
    for data in _DATA:
        if metric.HasField(data):
            points = getattr(metric, data)
            # A sum that goes up and down is a level, like a gauge; a summary has no temporality and is cumulative.
            is_cumulative = data == "summary" or (
                data != "gauge"
                and points.aggregation_temporality == _CUMULATIVE
                and (data != "sum" or points.is_monotonic)
            )
            return _Series(metric.name, metric.unit, data, is_cumulative, origin, identity)
    return None


def _event(series: _Series, point: Any, table: Table, pairs_of: PairsOf) -> Checked | EventRefused | None:
    if point.flags & _NO_VALUE:
        return None
    if not series.name or not point.time_unix_nano:
        return EventRefused("missing field", "a point has the name of its metric and a time")
    is_level = series.data in ("gauge", "sum")
    if not is_level and not point.count:
        return None
    value = _level(point) if is_level else _mean(point, series.data)
    if value is None or not isfinite(value):
        return EventRefused("not finite", "the value of a point is a finite number; that of a histogram needs its sum")
    pairs = pairs_of(point.attributes)
    said = sort(pairs, table)
    scope = series.origin.scope | {name: stated for name, stated in said.stated.items() if name in _SCOPE}
    more = dict(series.origin.attributes)
    if not is_level:
        more |= _figures(point, series.data)
    if series.is_cumulative and point.start_time_unix_nano:
        more["otel.start"] = from_micros(point.start_time_unix_nano // 1000).isoformat()
    kept_pairs = [*said.others, *(pair for field, pair in said.of_fields.items() if field not in _SCOPE)]
    values: dict[str, Any] = {
        **scope,
        "name": f"{series.name} (cumulative)" if series.is_cumulative else series.name,
        "value": value,
        "source_id": _source_id(series, point, pairs),
    }
    if series.unit:
        values["unit"] = series.unit
    if kept := bounded(kept_pairs, more):
        values["attributes"] = kept
    return Checked("measurement", point.time_unix_nano // 1000, values)


def _level(point: Any) -> float | None:
    if point.HasField("as_int"):
        return float(point.as_int)
    return point.as_double if point.HasField("as_double") else None


def _mean(point: Any, data: str) -> float | None:
    if data != "summary" and not point.HasField("sum"):
        return None
    return None if point.sum is None else point.sum / point.count


def _figures(point: Any, data: str) -> dict[str, Any]:
    figures = {"otel.count": point.count, "otel.sum": point.sum}
    if data != "summary":
        figures |= {f"otel.{name}": getattr(point, name) for name in ("min", "max") if point.HasField(name)}
    return {name: value for name, value in figures.items() if value is not None and isfinite(value)}


def _source_id(series: _Series, point: Any, pairs: list[Pair]) -> str:
    own = [series.name, series.unit, series.data, dict(pairs)]
    digest = blake2b(
        series.identity + _encode([*own, point.start_time_unix_nano, point.time_unix_nano]), digest_size=16
    )
    return f"{TIMED}point:{digest.hexdigest()}"
