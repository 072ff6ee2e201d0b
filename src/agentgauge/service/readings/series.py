"""A metric's values, read from the events: one by one, or one figure per bucket of local time.

A bucket's figure is the mean of its values, or the share over all of its events together, never a mean of means. Cost
and tokens are those of all calls in the bucket, over the operations that ended in it (over the calls, where it is a
metric per call), or their total. Where operations are chosen or told apart by what their calls need not have (their
name, their outcome, an attribute), they are those of the calls inside these operations, and an operation with an
unpriced call has no cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from agentgauge.analysis.metrics import ALIASES, NAMED, Metric, Per, named
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.engines.query import Relation
from agentgauge.engines.time_buckets import Width, bucket_numbers, bucket_time, next_bucket, zone_named
from agentgauge.errors import QueryError
from agentgauge.events.fields import ID_NAMES, SCOPE_NAMES
from agentgauge.service.bucket_widths import bucket_width, check_number_of_buckets
from agentgauge.service.readings.keys import key_columns, key_of
from agentgauge.service.window import Window

_SHARED = {"time", *SCOPE_NAMES} - {"operation", "feature", *ID_NAMES}
"""What a task and the calls inside it have in common, however they were recorded."""

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
    key: str | None = None
    """What it is told apart by, where that was asked for."""


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
    """Whether all of the bucket is in the window and past, and none of its events have expired."""


class Series(msgspec.Struct, frozen=True):
    points: tuple[Point, ...]
    """In order of time, buckets without events included."""
    way: Way
    missing_before: datetime | None = None
    """Where events of the window have expired, since when it is whole."""


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


def values(
    engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter] = (), *, by: str | None = None
) -> Iterator[Value]:
    """The values in a window that meet `filters`, in order of time. Of a share they are 1 and 0."""
    query = Query(start=window.start, end=window.end, filters=(*filters, *metric.conditions), relation=metric.relation)
    columns = ("id", "segment", "n", "time", "agent", "operation", "name", metric.field)
    for row in engine.scan(query, (*columns, *key_columns(by))):
        id_, segment, n, time, agent, operation, name, value, *key = row
        number = _number(value, metric)
        if number is not None:
            yield Value(id_, segment, n, time, agent, operation or name, number, key_of(key))


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
    return series_by(engine, metric, None, window, width, zone, now, figure=figure, filters=filters).get(None, _NOTHING)


def series_by(
    engine: Engine,
    metric: Metric,
    by: str | None,
    window: Window,
    width: str,
    zone: str,
    now: datetime,
    *,
    figure: Figure = "typical",
    filters: Sequence[Filter] = (),
) -> dict[str | None, Series]:
    """The same for each key of a dimension that has any values, in order of the keys, in one question.

    All are of the same buckets. Without a dimension there is one, of the key None. Raises as `series`.
    """
    if figure == "total" and not metric.is_usage:
        raise QueryError(f"{metric.name} does not add up to a total: cost and tokens do")
    bucket, columns = bucket_width(width), key_columns(by)
    relation = _relation(metric, figure, (*columns, *(condition.field for condition in filters)))
    start = window.start or _first(engine, metric, window, filters)
    end = window.end or now
    if start is None or end <= start:
        return {}
    check_number_of_buckets(start, end, bucket)
    query = Query(
        start=start,
        end=end,
        filters=(*filters, *_row_conditions(metric, figure, relation)),
        group=(*columns, TimeBucket(bucket, zone, name="start")),
        measures=_measures(metric, figure, relation),
        relation=relation,
    )
    answer = engine.aggregate(query)
    found: dict[str | None, dict[datetime, _Tally]] = {} if columns else {None: {}}
    for row in answer.records():
        of_key = found.setdefault(key_of([row[column] for column in columns]), {})
        of_key[row["start"]] = of_key.get(row["start"], _NO_TALLY).with_row(metric, row)
    buckets = _buckets(bucket, zone, max(start, answer.missing_before or start), start, end, now)
    return {
        key: Series(
            tuple(tallies.get(b[0], _NO_TALLY).point(figure, *b) for b in buckets), answer.way, answer.missing_before
        )
        for key, tallies in sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))
        if not columns or any(tally != _NO_TALLY for tally in tallies.values())
    }


class _Tally(msgspec.Struct, frozen=True):
    """What the rows of one key in one bucket add up to."""

    n: int
    total: float
    unpriced_calls: int

    def with_row(self, metric: Metric, row: dict[str, Any]) -> _Tally:
        """And those of another row of the answer."""
        n = row["n"] if metric.share is None else row["successes"] + row["failures"]
        unpriced = row.get("usd_unpriced_calls", 0) if metric.name == "cost" else 0
        if metric.is_usage:
            total = float((row["usd"] if metric.name == "cost" else row["tokens"]) or 0)
        elif metric.share is not None:
            total = row["successes" if metric.share == "success" else "failures"]
        else:
            total = 0.0 if row["mean"] is None else float(row["mean"]) * n
        return _Tally(self.n + n, self.total + total, self.unpriced_calls + unpriced)

    def point(self, figure: Figure, start: datetime, complete: bool) -> Point:
        value = self.total if figure == "total" else self.total / self.n if self.n else math.nan
        return Point(start, self.n, value, self.unpriced_calls, complete)


_NO_TALLY = _Tally(0, 0.0, 0)
_NOTHING = Series((), "raw")


def _buckets(
    width: Width, zone: str, whole: datetime, start: datetime, end: datetime, now: datetime
) -> list[tuple[datetime, bool]]:
    """The start of each bucket from `start` to `end`, and whether it begins after `whole` and ends by `end` and now."""
    clocks = zone_named(zone)
    numbers = bucket_numbers(width, clocks, start, end - timedelta(microseconds=1))
    starts = [bucket_time(width, clocks, number) for number in numbers]
    ends = [*starts[1:], next_bucket(width, clocks, starts[-1])]
    return [(first, whole <= first and after <= min(end, now)) for first, after in zip(starts, ends, strict=True)]


def _relation(metric: Metric, figure: Figure, fields: Sequence[str]) -> Relation:
    """Operations as rows only where calls need not have the fields that are asked about: that costs joins, and adds up
    the same calls.
    """
    return metric.relation if figure == "typical" and not _SHARED.issuperset(fields) else "events"


def _first(engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter]) -> datetime | None:
    query = Query(
        end=window.end,
        filters=(*filters, *_row_conditions(metric, "typical", "events")),
        measures=(Measure("min", "time", name="first"),),
    )
    first: datetime | None = engine.aggregate(query).rows[0][0]
    return first


def _row_conditions(metric: Metric, figure: Figure, relation: Relation) -> tuple[Filter, ...]:
    """Of the rows that figures are made of; the usage of operations is counted over their calls and them together."""
    if not metric.is_usage:
        return (
            metric.events
        )  # rollups cannot choose rows by whether they have a value; measures leave out what has none
    if relation == "operations":
        return ()
    per_call = metric.relation == "events" and figure == "typical"
    return (Filter("kind", "in", ("llm_call",) if per_call else ("task", "llm_call", "tool_call")),)


def _measures(metric: Metric, figure: Figure, relation: Relation) -> tuple[Measure, ...]:
    if metric.is_usage:
        over = "llm_call" if metric.relation == "events" or figure == "total" else "tasks"
        # An operation that no call is inside has no usage that is known: it is none of them.
        known = relation == "operations"
        n = Measure("values", metric.field, name="n") if known else Measure("count", over=over, name="n")
        return (n, Measure("cost", name="usd"), Measure("sum", "tokens", name="tokens"))
    if metric.share is not None:
        return (Measure("successes", name="successes"), Measure("failures", name="failures"))
    return (Measure("values", metric.field, name="n"), Measure("mean", metric.field, name="mean"))
