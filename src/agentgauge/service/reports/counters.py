"""Everything there ever was, by a few labels: what a monitoring system polls, and takes differences of itself.

Labels are dimensions that rollups tell apart, so an answer costs the same however long events have been kept, and
counts what has expired too. A label set beyond the first `MOST_SERIES` that ever occurred counts as `OTHER`: which
these are does not change as others grow, so no figure moves from one series to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events.fields import TOKEN_NAMES

LABELS = ("project", "agent", "role", "operation", "model", "provider")
"""What series may be told apart by. Sessions, runs, tickets and users have no end."""
_OF_MODELS = ("model", "provider")
MOST_SERIES = 1000
OTHER = "_other"
"""The value of every label of a series that holds all that came late."""

Labels = tuple[str, ...]
"""Values of the labels, in their order; an absent one is an empty text, as Prometheus has it."""


class Work(msgspec.Struct, frozen=True):
    """Operations of one label set."""

    labels: Labels
    successes: int
    failures: int
    unstated: int
    """Operations without an outcome."""
    quality_count: int
    quality_sum: float
    """Of scores on 0-100."""


class Calls(msgspec.Struct, frozen=True):
    """Model and tool calls of one label set."""

    labels: Labels
    model_calls: int
    failed_model_calls: int
    tool_calls: int
    failed_tool_calls: int
    tokens: dict[str, int]
    """By the names of `agentgauge.events.Usage`."""
    cost_usd: Decimal
    unpriced_calls: int


class Durations(msgspec.Struct, frozen=True):
    """How long things took, by one label."""

    label: str
    """Its value."""
    count: int
    sum_ms: float
    histogram: tuple[tuple[int, int], ...]
    """See `agentgauge.summaries.buckets`."""


class Counters(msgspec.Struct, frozen=True):
    work_labels: tuple[str, ...]
    work: tuple[Work, ...]
    call_labels: tuple[str, ...]
    calls: tuple[Calls, ...]
    operation_durations: tuple[Durations, ...]
    """By agent, where agents are told apart."""
    call_durations: tuple[Durations, ...]
    """By model, where models are told apart."""
    series_left_out: int
    """Label sets that count as `OTHER`."""


def counters(engine: Engine, labels: Sequence[str]) -> Counters:
    """Told apart by some of `LABELS`; others are left out."""
    call_labels = tuple(label for label in LABELS if label in labels)
    work_labels = tuple(label for label in call_labels if label not in _OF_MODELS)
    work, late_work = _series(engine, work_labels, _WORK, ("task",))
    calls, late_calls = _series(engine, call_labels, _CALLS, ("llm_call", "tool_call"))
    return Counters(
        work_labels=work_labels,
        work=tuple(_work(names, rows) for names, rows in work.items()),
        call_labels=call_labels,
        calls=tuple(_calls(names, rows) for names, rows in calls.items()),
        operation_durations=_durations(engine, "agent" if "agent" in labels else None, "tasks"),
        call_durations=_durations(engine, "model" if "model" in labels else None, "llm_call"),
        series_left_out=late_work + late_calls,
    )


_Row = dict[str, Any]
_FIRST = Measure("min", "time", name="first")
_WORK = (
    Measure("count", over="tasks", name="operations"),
    Measure("successes", over="tasks", name="successes"),
    Measure("failures", over="tasks", name="failures"),
    Measure("values", "quality_score", over="tasks", name="quality_count"),
    Measure("sum", "quality_score", over="tasks", name="quality_sum"),
)
_CALLS = (
    Measure("count", over="llm_call", name="model_calls"),
    Measure("failures", over="llm_call", name="failed_model_calls"),
    Measure("count", over="tool_call", name="tool_calls"),
    Measure("failures", over="tool_call", name="failed_tool_calls"),
    *(Measure("sum", name, name=name) for name in TOKEN_NAMES),
    Measure("cost"),
)


def _series(
    engine: Engine, labels: tuple[str, ...], measures: tuple[Measure, ...], kinds: tuple[str, ...]
) -> tuple[dict[Labels, list[_Row]], int]:
    """Rows by label set, with how many sets were put together as `OTHER`."""
    query = Query(filters=(Filter("kind", "in", kinds),), group=labels, measures=(_FIRST, *measures))
    answer = engine.aggregate(query)
    found: dict[Labels, list[_Row]] = {}
    rows = [row for row in answer.records() if row["first"] is not None]
    rows.sort(key=lambda row: (row["first"], _names(row, labels)))
    for row in rows:
        names = _names(row, labels)
        if names not in found and len(found) >= MOST_SERIES:
            names = (OTHER,) * len(labels)
        found.setdefault(names, []).append(row)
    return found, max(0, len(rows) - MOST_SERIES)


def _names(row: _Row, labels: Iterable[str]) -> Labels:
    return tuple(row[label] or "" for label in labels)


def _total(rows: Iterable[_Row], name: str) -> Any:
    return sum((row[name] for row in rows if row[name] is not None), 0)


def _work(labels: Labels, rows: Sequence[_Row]) -> Work:
    successes, failures = _total(rows, "successes"), _total(rows, "failures")
    return Work(
        labels=labels,
        successes=successes,
        failures=failures,
        unstated=_total(rows, "operations") - successes - failures,
        quality_count=_total(rows, "quality_count"),
        quality_sum=float(_total(rows, "quality_sum")),
    )


def _calls(labels: Labels, rows: Sequence[_Row]) -> Calls:
    return Calls(
        labels=labels,
        **{
            name: _total(rows, name)
            for name in ("model_calls", "failed_model_calls", "tool_calls", "failed_tool_calls")
        },
        tokens={name: _total(rows, name) for name in TOKEN_NAMES},
        cost_usd=Decimal(_total(rows, "cost_usd")),
        unpriced_calls=_total(rows, "unpriced_calls"),
    )


def _durations(engine: Engine, label: str | None, over: str) -> tuple[Durations, ...]:
    measures = (
        _FIRST,
        Measure("values", "duration_ms", over=over, name="count"),
        Measure("sum", "duration_ms", over=over, name="sum_ms"),
        Measure("histogram", "duration_ms", over=over, name="histogram"),
    )
    answer = engine.aggregate(Query(group=(label,) if label else (), measures=measures, exact=False))
    named = [((row[label] or "") if label else "", row) for row in answer.records() if row["count"]]
    found: dict[str, list[_Row]] = {}
    for name, row in sorted(named, key=lambda one: (one[1]["first"], one[0])):
        found.setdefault(name if name in found or len(found) < MOST_SERIES else OTHER, []).append(row)
    return tuple(
        Durations(name, _total(members, "count"), float(_total(members, "sum_ms")), _merged(members))
        for name, members in found.items()
    )


def _merged(rows: Sequence[_Row]) -> tuple[tuple[int, int], ...]:
    counts: dict[int, int] = {}
    for row in rows:
        for bucket, count in row["histogram"]:
            counts[bucket] = counts.get(bucket, 0) + count
    return tuple(sorted(counts.items()))
