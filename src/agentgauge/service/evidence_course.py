"""The course of what an alert is about: its metric over the time that the evidence was compared with, and the window.

    a rule with a window    windows of the same length, of the same hours, as far back as the rule looked
    anomaly                 hours, of the last week
    outlier                 single operations, the newest
    no_data                 events in each hour
    budget_overrun          what was used by each moment of its period

Figures are read again from the events as they are now: what came late, expired or was priced since is in them, so they
may differ from the evidence, which is what the rule saw. At most some thirty questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import dropwhile
from typing import Any, Literal

import msgspec

from agentgauge.analysis.metrics import named
from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.service.readings.series import values
from agentgauge.service.window import Window
from agentgauge.state.alert_evidence import Evidence
from agentgauge.state.alerts import Alert

_MOST_WINDOWS = 28
_MOST_OPERATIONS = 400
_HOURS_BEFORE = timedelta(days=7)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_BY_THE_HOUR = timedelta(days=4)


class Point(msgspec.Struct, frozen=True):
    start: datetime
    end: datetime
    value: float
    """In the unit of the evidence; of `no_data` a number of events."""
    samples: int


class Course(msgspec.Struct, frozen=True, kw_only=True):
    of: Literal["windows", "hours", "operations", "events", "used"]
    points: tuple[Point, ...]
    """In order of time. Windows without a figure are left out."""


def evidence_course(engine: Engine, alert: Alert, now: datetime) -> Course | None:
    """None of an alert without evidence, and of what has no course: an alert about a rule, or about accounts that could
    not be asked.
    """
    evidence = alert.evidence
    if evidence is None:
        return None
    match alert.type:
        case "budget_overrun":
            return Course(of="used", points=tuple(_used(engine, evidence, now)))
        case "outlier":
            return Course(of="operations", points=tuple(_operations(engine, alert, evidence)))
        case "no_data":
            hours = _by_time(engine, evidence, evidence.window.start, evidence.window.end or now, _EVENTS, "hour")
            return Course(of="events", points=tuple(hours))
        case "anomaly" if alert.metric in _IN_ALL:
            end = evidence.window.end or now
            start = evidence.window.start - _HOURS_BEFORE
            if evidence.baseline is not None:
                start = max(start, evidence.baseline.start)
            return Course(
                of="hours", points=tuple(_by_time(engine, evidence, start, end, _IN_ALL[alert.metric], "hour"))
            )
        case _ if alert.metric in _FIGURES and evidence.window.end is not None:
            return Course(of="windows", points=tuple(_since_any(_windows(engine, evidence, _FIGURES[alert.metric]))))
    return None


class _Figure(msgspec.Struct, frozen=True):
    """How a metric is had of a set of events."""

    measures: tuple[Measure, ...]
    of: Callable[[Mapping[str, Any]], float | None]
    samples: str
    """The measure that counts them."""


def _per(total: str, count: str, row: Mapping[str, Any]) -> float | None:
    return float(row[total]) / row[count] if row[total] is not None and row[count] else None


def _failed(row: Mapping[str, Any]) -> float | None:
    return row["failures"] / (row["failures"] + row["successes"]) if row["failures"] or row["successes"] else None


_TASKS = Measure("count", over="tasks", name="tasks")
_CALLS = Measure("count", over="llm_call", name="calls")
_OUTCOMES = (
    Measure("successes", over="tasks", name="successes"),
    Measure("failures", over="tasks", name="failures"),
    _TASKS,
)
_COST, _TOKENS = Measure("cost", name="usd"), Measure("tokens", name="tokens")
_MEAN = Measure("mean", "duration_ms", over="tasks", name="mean")
_EXECUTION_TIME = _Figure((_MEAN, _TASKS), lambda row: row["mean"], "tasks")
_EVENTS = _Figure((Measure("count", name="events"),), lambda row: row["events"], "events")
_FIGURES: Mapping[str, _Figure] = {
    "execution_time": _EXECUTION_TIME,
    "execution_time_p95": _Figure(
        (Measure("p95", "duration_ms", over="tasks", name="p95"), _TASKS), lambda row: row["p95"], "tasks"
    ),
    "cost": _Figure((_COST, _TASKS), lambda row: _per("usd", "tasks", row), "tasks"),
    "tokens": _Figure((_TOKENS, _TASKS), lambda row: _per("tokens", "tasks", row), "tasks"),
    "quality_score": _Figure(
        (Measure("mean", "quality_score", over="tasks", name="mean"), _TASKS), lambda row: row["mean"], "tasks"
    ),
    "success_rate": _Figure(_OUTCOMES, lambda row: None if (failed := _failed(row)) is None else 1 - failed, "tasks"),
    "error_rate": _Figure(_OUTCOMES, lambda row: None if (failed := _failed(row)) is None else 100 * failed, "tasks"),
    "satisfaction": _Figure(
        (Measure("mean", "value", name="mean"), Measure("values", "value", name="scores")),
        lambda row: row["mean"],
        "scores",
    ),
    "unpriced_calls": _Figure(_EVENTS.measures, _EVENTS.of, "events"),
}
"""Of a window: per operation where something is used."""
_PER_CALL: Mapping[str, _Figure] = {
    "cost": _Figure((_COST, _CALLS), lambda row: _per("usd", "calls", row), "calls"),
    "tokens": _Figure((_TOKENS, _CALLS), lambda row: _per("tokens", "calls", row), "calls"),
}
"""Of a model, which operations have not."""
_IN_ALL: Mapping[str, _Figure] = {
    "cost": _Figure((_COST, _CALLS), lambda row: None if row["usd"] is None else float(row["usd"]), "calls"),
    "tokens": _Figure((_TOKENS, _CALLS), lambda row: float(row["tokens"] or 0), "calls"),
    "operations": _Figure((_TASKS,), lambda row: row["tasks"], "tasks"),
    "execution_time": _EXECUTION_TIME,
    "error_rate": _Figure(_OUTCOMES, _failed, "tasks"),
}
"""Of an hour, as an anomaly is one."""


def _filters(evidence: Evidence, *without: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(name, "is null") if value is None else Filter(name, "=", value)
        for name, value in evidence.filters.items()
        if name not in without
    )


def _point(figure: _Figure, row: Mapping[str, Any], start: datetime, end: datetime) -> Iterator[Point]:
    value = figure.of(row)
    if value is not None and not math.isnan(value):
        yield Point(start, end, float(value), int(row[figure.samples] or 0))


def _since_any(points: Iterator[Point]) -> Iterator[Point]:
    """Without the windows before anything was recorded."""
    return dropwhile(lambda point: not point.samples, points)


def _windows(engine: Engine, evidence: Evidence, figure: _Figure) -> Iterator[Point]:
    if evidence.filters.get("model") is not None and figure is _FIGURES["cost"]:
        figure = _PER_CALL["cost"]
    elif evidence.filters.get("model") is not None and figure is _FIGURES["tokens"]:
        figure = _PER_CALL["tokens"]
    start, end = evidence.window.start, evidence.window.end
    assert end is not None
    length = end - start
    compared = evidence.baseline is not None and evidence.baseline.of == "windows"
    # Windows that a rule compares with are of the same hours of other days; else they follow each other.
    step = math.ceil(length / _DAY) * _DAY if compared else length
    first = evidence.baseline.start if compared and evidence.baseline is not None else start - _MOST_WINDOWS * step
    count = min(_MOST_WINDOWS, math.ceil((start - first) / step))
    for back in range(count, -1, -1):
        since, to = start - back * step, end - back * step
        query = Query(start=since, end=to, filters=_filters(evidence), measures=figure.measures, exact=False)
        yield from _point(figure, next(iter(engine.aggregate(query).records())), since, to)


def _by_time(
    engine: Engine, evidence: Evidence, start: datetime, end: datetime, figure: _Figure, width: Literal["hour", "day"]
) -> Iterator[Point]:
    if end <= start:
        return
    query = Query(
        start=start, end=end, filters=_filters(evidence), measures=figure.measures,
        group=(TimeBucket(width, "UTC", fill=True, name="start"),),
    )  # fmt: skip
    for row in engine.aggregate(query).records():
        yield from _point(figure, row, row["start"], row["start"] + (_HOUR if width == "hour" else _DAY))


def _operations(engine: Engine, alert: Alert, evidence: Evidence) -> Iterator[Point]:
    """The newest of those that the unusual one was compared with, whichever agent did them, and of the window."""
    if alert.metric not in ("execution_time", "cost", "tokens"):
        return
    start = evidence.window.start if evidence.baseline is None else evidence.baseline.start
    found = values(engine, named(alert.metric), Window(start, evidence.window.end), _filters(evidence, "agent"))
    for value in list(found)[-_MOST_OPERATIONS:]:
        yield Point(value.time, value.time, value.value, 1)


def _used(engine: Engine, evidence: Evidence, now: datetime) -> Iterator[Point]:
    """By the end of each hour or day, from nothing on."""
    start, end = evidence.window.start, min(evidence.window.end or now, now)
    width: Literal["hour", "day"] = "hour" if end - start <= _BY_THE_HOUR else "day"
    used = 0.0
    yield Point(start, start, used, 0)
    for point in _by_time(engine, evidence, start, end, _IN_ALL["cost"], width):
        used += point.value
        yield Point(start, min(point.end, end), used, point.samples)
