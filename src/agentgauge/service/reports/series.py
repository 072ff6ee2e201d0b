"""A metric's values, read from the events: one by one, or one figure per bucket of local time.

A bucket's figure is the mean of its values, or the share over all of its events together, never a mean of means. Cost
and tokens are those of all calls in the bucket, over the operations that ended in it (over the calls, where it is a
metric per call), or their total.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from agentgauge.analysis.metrics import ALIASES, NAMED, Metric, Per, named
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.engines.query import Relation
from agentgauge.engines.time_buckets import next_bucket, zone_named
from agentgauge.errors import QueryError
from agentgauge.service.reports.over_time import bucket_width, check_number_of_buckets
from agentgauge.service.window import Window

_OF_CALLS = ("model", "provider")

Figure = Literal["typical", "total"]
"""`typical`: the mean or the share; `total`: what was used in all, of a metric that is usage."""


class Value(msgspec.Struct, frozen=True):
    """One value of a metric, and the event that has it."""

    id: int | None
    """None where the event has not landed in the lake yet."""
    segment: str
    n: int
    time: datetime
    agent: str | None
    operation: str | None
    """The operation, else what the event is called."""
    value: float


class Point(msgspec.Struct, frozen=True):
    """A metric in one bucket of time."""

    start: datetime
    """Its first moment, by the clocks of the zone."""
    n: int
    """How many values, events or operations the figure is of."""
    value: float
    """NaN where there are none; of a total 0."""
    unpriced_calls: int
    """Calls in the bucket whose cost is not known: it is in no figure."""
    complete: bool
    """Whether all of the bucket is in the window and past."""


class Series(msgspec.Struct, frozen=True):
    points: tuple[Point, ...]
    """In order of time, buckets without events included."""
    way: Way


def metric_in(engine: Engine, name: str, *, per: Per = "operation", lower_is_better: bool | None = None) -> Metric:
    """The metric of a name, as `agentgauge.analysis.metrics` has it, with the unit of a measurement.

    Raises `QueryError` where nothing recorded is called so.
    """
    metric = named(name, per=per, lower_is_better=lower_is_better)
    if metric.over != "measurement":
        return metric
    query = Query(filters=(Filter("kind", "=", "measurement"),), group=("name", "unit"), order=("-count",))
    units: dict[str, str] = {}
    for row in engine.aggregate(query).records():
        units.setdefault(row["name"], row["unit"] or "")
    if name not in units:
        near = get_close_matches(name, [*NAMED, *ALIASES, *units], n=1)
        raise QueryError(
            f"no measurement is called {name!r}{f': did you mean {near[0]}?' if near else '.'} There are "
            f"{', '.join(NAMED)}, every numeric column, attributes.<key> and the measurements recorded"
            f"{': ' + ', '.join(list(units)[:10]) if units else ', of which there are none'}"
        )
    return named(name, unit=units[name], lower_is_better=lower_is_better)


def values(engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter] = ()) -> Iterator[Value]:
    """The values in a window that meet `filters`, in order of time. Of a share they are 1 and 0."""
    query = Query(start=window.start, end=window.end, filters=(*filters, *metric.conditions), relation=metric.relation)
    columns = ("id", "segment", "n", "time", "agent", "operation", "name", metric.field)
    for id_, segment, n, time, agent, operation, name, value in engine.scan(query, columns):
        number = _number(value, metric)
        if number is not None:
            yield Value(id_, segment, n, time, agent, operation or name, number)


def _number(value: Any, metric: Metric) -> float | None:
    """A column's value as a number; None of an attribute that reads as none."""
    if metric.share is not None:
        return float(value is (metric.share == "success"))
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def series(
    engine: Engine,
    metric: Metric,
    window: Window,
    width: str,
    zone: str,
    now: datetime,
    *,
    figure: Figure = "typical",
    filters: Sequence[Filter] = (),
) -> Series:
    """The metric in each bucket of a window, from its start, else the first event, to its end, else `now`.

    Raises `QueryError` for more than 10,000 buckets, and for the total of what is not usage.
    """
    if figure == "total" and not metric.is_usage:
        raise QueryError(f"{metric.name} does not add up to a total: cost and tokens do")
    bucket = bucket_width(width)
    relation = _relation(metric, figure, filters)
    start = window.start or _first(engine, metric, window, filters)
    if start is None:
        return Series((), "raw")
    end = window.end or now
    if end <= start:
        return Series((), "raw")
    check_number_of_buckets(start, end, bucket)
    query = Query(
        start=start,
        end=end,
        filters=(*filters, *_row_conditions(metric, relation)),
        group=(TimeBucket(bucket, zone, fill=True, name="start"),),
        measures=_measures(metric, figure, relation),
        relation=relation,
    )
    answer = engine.aggregate(query)
    rows = answer.records()
    ends = [row["start"] for row in rows[1:]]
    if rows:
        ends.append(next_bucket(bucket, zone_named(zone), rows[-1]["start"]))
    points = tuple(
        _point(metric, figure, row, complete=start <= row["start"] and bucket_end <= min(end, now))
        for row, bucket_end in zip(rows, ends, strict=True)
    )
    return Series(points, answer.way)


def _relation(metric: Metric, figure: Figure, filters: Sequence[Filter]) -> Relation:
    """Operations as rows only where they are chosen by what their calls have: that costs joins, and adds up the same
    calls.
    """
    of_calls = any(condition.field in _OF_CALLS for condition in filters)
    return metric.relation if figure == "typical" and of_calls else "events"


def _first(engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter]) -> datetime | None:
    query = Query(
        end=window.end,
        filters=(*filters, *_row_conditions(metric, "events")),
        measures=(Measure("min", "time", name="first"),),
    )
    first: datetime | None = engine.aggregate(query).rows[0][0]
    return first


def _row_conditions(metric: Metric, relation: Relation) -> tuple[Filter, ...]:
    """Of the rows that figures are made of; usage is counted over calls and operations together."""
    if not metric.is_usage:
        return metric.conditions
    return () if relation == "operations" else (Filter("kind", "in", ("task", "llm_call", "tool_call")),)


def _measures(metric: Metric, figure: Figure, relation: Relation) -> tuple[Measure, ...]:
    if metric.is_usage:
        of = "all" if relation == "operations" else "tasks"
        if metric.relation == "events" or figure == "total":
            of = "llm_call"
        tokens = Measure("sum", "tokens", name="tokens")
        return (Measure("count", over=of, name="n"), Measure("cost", name="usd"), tokens)
    if metric.share is not None:
        return (Measure("count", name="n"), Measure("success_rate", name="value"))
    return (Measure("count", name="n"), Measure("mean", metric.field, name="value"))


def _point(metric: Metric, figure: Figure, row: dict[str, Any], *, complete: bool) -> Point:
    n, unpriced = row["n"], row.get("usd_unpriced_calls", 0)
    if metric.is_usage:
        used = float((row["usd"] if metric.name == "cost" else row["tokens"]) or 0)
        value = used if figure == "total" else used / n if n else math.nan
    else:
        value = math.nan if row["value"] is None else float(row["value"])
        if metric.share == "failure":
            value = 1 - value
    return Point(row["start"], n, value, unpriced if metric.name == "cost" else 0, complete)
