"""Reports: each question about the events, named once. Doors render the answers and compute nothing.

    overview     what everything together used and cost, and how well it went
    breakdown    the same per value of one or more columns or attributes
    over_time    the same per bucket of time; the buckets sum to the window
    tools        how often each tool was called, failed, and how long it took
    latency      how long tasks, model calls and tool calls took

What `agentgauge.service.cache_savings` answers needs the price book and is a file of its own.

Of nothing, counts and sums are 0, money too, and rates and durations are NaN. Rates are ratios 0-1, durations
milliseconds, money exact. An unpriced call is counted in `unpriced_calls` and in no sum of money; what unpriced calls
alone cost is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.engines.time_buckets import WIDTHS, Width
from agentgauge.errors import QueryError
from agentgauge.events import kinds
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.service.window import Window

MOST_BUCKETS = 10_000
_SHORTEST: dict[str, timedelta] = {
    "15min": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=23),
    "week": timedelta(days=7) - timedelta(hours=1),
    "month": timedelta(days=28) - timedelta(hours=1),
}
_LEGIBLE_BUCKETS = 32
_WORK = ("task", "llm_call", "tool_call")
"""What is counted and timed, the whole before its parts."""
_ADDED_UP = ("cost_usd", *TOKEN_NAMES)
DIMENSIONS = tuple(column.name for column in COLUMNS.values() if column.type in ("text", "flag"))
"""Columns by which events can be broken down."""
USUAL = ("model", "provider", "agent", "role", "tool", "project", "issue", "ticket", "session", "run", "user", "team")
"""Dimensions that are named where one was mistyped."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of events adds up to. Tokens as in `agentgauge.events.Usage`: totals with their parts beside them."""

    calls: int
    """Model calls."""
    failed_calls: int
    tool_calls: int
    failed_tool_calls: int
    tasks: int
    success_rate: float
    """Of the tasks that have an outcome."""
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    cached_share: float
    """Cache reads as a share of all input tokens."""
    cost_usd: Decimal | None
    """Of the priced calls; None where there are calls and none is priced."""
    unpriced_calls: int


class Overview(Totals, frozen=True, kw_only=True):
    events: int
    calls_outside_tasks: int
    """Model calls that name no parent: they belong to no task."""
    first: datetime | None
    """Time of the first event, None where there are none."""
    last: datetime | None


class Durations(msgspec.Struct, frozen=True):
    """Milliseconds; NaN where nothing has a duration."""

    mean_ms: float
    median_ms: float
    p95_ms: float


class Group(Totals, frozen=True, kw_only=True):
    key: dict[str, Any]
    """The group's value of each dimension; None where the events have none."""
    events: int
    """Of all kinds that can have the dimensions, those that are neither calls nor tasks included."""
    task_duration: Durations
    call_duration: Durations


class Bucket(Totals, frozen=True, kw_only=True):
    start: datetime
    """Its first moment, aware, in the zone asked for."""
    label: str
    """The same by the zone's clocks, as precise as the width needs: 2026-03 of a month, 2026-03-02 of a day or a week
    (its Monday), 2026-03-02T14:00+05:45 of what is shorter."""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None
    calls: int
    failures: int
    failure_rate: float
    median_ms: float
    p95_ms: float


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    of: str
    """task, llm_call or tool_call."""
    count: int
    mean_ms: float
    median_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


_TOTALS = (
    Measure("count", over="llm_call", name="calls"),
    Measure("failures", over="llm_call", name="failed_calls"),
    Measure("count", over="tool_call", name="tool_calls"),
    Measure("failures", over="tool_call", name="failed_tool_calls"),
    Measure("count", over="tasks", name="tasks"),
    Measure("success_rate", over="tasks", name="success_rate"),
    *(Measure("sum", name, name=name) for name in TOKEN_NAMES),
    Measure("cost"),
)


def overview(engine: Engine, window: Window) -> Overview:
    """Everything in the window, together."""
    measures = (
        *_TOTALS,
        Measure("count", name="events"),
        Measure("min", "time", name="first"),
        Measure("max", "time", name="last"),
    )
    row = engine.aggregate(Query(start=window.start, end=window.end, measures=measures)).records()[0]
    alone = (Filter("kind", "=", "llm_call"), Filter("parent_id", "is null"))
    outside = engine.aggregate(Query(start=window.start, end=window.end, filters=alone)).rows[0][0]
    return Overview(
        **_totals(row), events=row["events"], calls_outside_tasks=outside, first=row["first"], last=row["last"]
    )


def breakdown(engine: Engine, window: Window, by: Sequence[str]) -> tuple[Group, ...]:
    """One group per combination of values of the dimensions `by`, the dearest first.

    A dimension is a column of `events`, or the key of an attribute, with or without the prefix `attributes.`. Groups
    are of tasks, model calls and tool calls; of every kind where a dimension is `kind`, `feature` or an attribute, and
    where none of these has a value of the dimensions. Raises `QueryError`.
    """
    dimensions = [dimension(name) for name in by]
    durations = [
        Measure(statistic, "duration_ms", over=over, name=f"{over}_{statistic}")
        for over in ("tasks", "llm_call")
        for statistic in ("mean", "p50", "p95")
    ]
    rows: list[dict[str, Any]] = []
    for kinds_asked in _kinds_with(dimensions):
        query = Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "in", kinds_asked),),
            group=tuple(dimensions),
            measures=(*_TOTALS, Measure("count", name="events"), *durations),
            order=("-cost_usd", "-calls", "-tasks", "-tool_calls"),
        )
        rows = engine.aggregate(query).records()
        if any(row[column] is not None for row in rows for column in dimensions):
            break
    for name, column in zip(by, dimensions, strict=True):
        if column not in COLUMNS and rows and all(row[column] is None for row in rows):
            near = get_close_matches(name.lower(), {*DIMENSIONS, *USUAL}, n=1)
            raise QueryError(
                f"no column is called {name!r} and no event of the window has an attribute of that name"
                f"{f': did you mean {near[0]}?' if near else '.'} Usual are {', '.join(USUAL)}; "
                "agentgauge sql 'DESCRIBE events' lists all columns"
            )
    return tuple(
        Group(
            **_totals(row),
            key={name: row[column] for name, column in zip(by, dimensions, strict=True)},
            events=row["events"],
            task_duration=_durations(row, "tasks"),
            call_duration=_durations(row, "llm_call"),
        )
        for row in rows
    )


def dimension(name: str) -> str:
    """The column that a dimension's name means: an event's own column, else the attribute of that key.

    Raises `QueryError` for a column that is added up, and for time.
    """
    if name == "time":
        raise QueryError(f"time is shown as a course: use --bucket, with one of {', '.join(WIDTHS)}")
    if name in _ADDED_UP:
        raise QueryError(f"{name} is added up in every group: break down by another, of {', '.join(DIMENSIONS)}")
    return name if name in COLUMNS or name.startswith("attributes.") else f"attributes.{name}"


def _kinds_with(dimensions: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The kinds that can have the dimensions: by model, tasks and tool calls would all be under none.

    First those of work, to be followed by all where no work has any of the dimensions.
    """
    own = {name for kind in kinds.KINDS for field in kind.fields if (name := field.name) in dimensions}
    found = tuple(kind.name for kind in kinds.KINDS if own <= {field.name for field in kind.fields})
    if not found:
        raise QueryError(f"no kind of event has {' and '.join(sorted(own))} together: break down by one of them")
    work = tuple(kind for kind in found if kind in _WORK)
    of_all = not {"kind", "feature"}.isdisjoint(dimensions) or not all(name in COLUMNS for name in dimensions)
    return (found,) if of_all or not work or work == found else (work, found)


def over_time(engine: Engine, window: Window, width: str, zone: str, now: datetime) -> tuple[Bucket, ...]:
    """One row per bucket of local time in the IANA zone, those without events included, so that they sum to the window.

    An open start is the first event. An open end is the last event; but where a start was asked for it is `now`, or the
    last event if later. Raises `QueryError`, also beyond 10,000 buckets.
    """
    if width not in WIDTHS:
        raise QueryError(f"no bucket {width!r}: use one of {', '.join(WIDTHS)}")
    span = (Measure("min", "time", name="first"), Measure("max", "time", name="last"))
    first, last = engine.aggregate(Query(start=window.start, end=window.end, measures=span)).rows[0]
    if first is None and None in (window.start, window.end):
        return ()
    start = window.start or first
    after_last = last + timedelta(microseconds=1) if last else now
    end = window.end or (after_last if window.start is None else max(now, after_last))
    if (end - start) / _SHORTEST[width] > MOST_BUCKETS:
        raise QueryError(
            f"{start:%Y-%m-%d} to {end:%Y-%m-%d} has over {MOST_BUCKETS:,} buckets of a {width}: take wider ones"
        )
    query = Query(
        start=start, end=end, group=(TimeBucket(_width(width), zone, fill=True, name="start"),), measures=_TOTALS
    )
    return tuple(
        Bucket(**_totals(row), start=row["start"], label=_label(row["start"], width))
        for row in engine.aggregate(query).records()
    )


def _label(start: datetime, width: str) -> str:
    match width:
        case "month":
            return f"{start:%Y-%m}"
        case "week" | "day":
            return start.date().isoformat()
        case _:
            return start.isoformat(timespec="minutes")


def legible_width(first: datetime, last: datetime) -> Width:
    """The finest width that splits a span of time into few enough buckets to be looked at."""
    return next(
        (_width(width) for width in WIDTHS if (last - first) / _SHORTEST[width] <= _LEGIBLE_BUCKETS), _width(WIDTHS[-1])
    )


def tools(engine: Engine, window: Window) -> tuple[Tool, ...]:
    """Each tool by its name, the most called first."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "=", "tool_call"),),
        group=("name",),
        measures=(
            Measure("count", name="calls"),
            Measure("failures", name="failures"),
            Measure("p50", "duration_ms", name="median_ms"),
            Measure("p95", "duration_ms", name="p95_ms"),
        ),
        order=("-calls",),
    )
    return tuple(
        Tool(
            name=row["name"],
            calls=row["calls"],
            failures=row["failures"],
            failure_rate=_ratio(row["failures"], row["calls"]),
            median_ms=_or_nan(row["median_ms"]),
            p95_ms=_or_nan(row["p95_ms"]),
        )
        for row in engine.aggregate(query).records()
    )


def latency(engine: Engine, window: Window) -> tuple[Latency, ...]:
    """How long tasks, model calls and tool calls took, those of which there are any."""
    statistics = {"mean_ms": "mean", "median_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "max_ms": "max"}
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "in", _WORK), Filter("duration_ms", "is not null")),
        group=("kind",),
        measures=(
            Measure("count", name="count"),
            *(Measure(statistic, "duration_ms", name=name) for name, statistic in statistics.items()),
        ),
    )
    found = {row["kind"]: row for row in engine.aggregate(query).records()}
    return tuple(
        Latency(of=kind, count=found[kind]["count"], **{name: _or_nan(found[kind][name]) for name in statistics})
        for kind in _WORK
        if kind in found
    )


def _totals(row: Mapping[str, Any]) -> dict[str, Any]:
    counted = ("calls", "failed_calls", "tool_calls", "failed_tool_calls", "tasks", "unpriced_calls", *TOKEN_NAMES)
    return {
        **{name: row[name] or 0 for name in counted},
        "success_rate": _or_nan(row["success_rate"]),
        "cached_share": _ratio(row["cache_read_tokens"] or 0, row["input_tokens"] or 0),
        "cost_usd": row["cost_usd"],
    }


def _durations(row: Mapping[str, Any], over: str) -> Durations:
    return Durations(*(_or_nan(row[f"{over}_{statistic}"]) for statistic in ("mean", "p50", "p95")))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _width(name: str) -> Width:
    assert name in WIDTHS
    return name  # type: ignore[return-value]
