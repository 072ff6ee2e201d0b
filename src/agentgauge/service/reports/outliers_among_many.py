"""Outliers among more values than are read one by one: the engine says where they begin, and only they are read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal, get_args

import msgspec

from agentgauge.analysis.metrics import Metric
from agentgauge.analysis.outliers import (
    Baseline,
    Method,
    Quantiles,
    robust_baseline_of_quantiles,
    z_baseline,
)
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.columns import column
from agentgauge.engines.conditions import Operand, Operator
from agentgauge.events.fields import MONEY_STEP
from agentgauge.service.readings.keys import key_columns, key_conditions, key_of
from agentgauge.service.readings.series import Value, values
from agentgauge.service.window import Window

_KNOWN = (0.1, 0.5, 1.0, *(step * 2.5 for step in range(1, 40)), 99.0, 99.5, 99.9)
_PERCENTILES = tuple(f"p{percent:g}" for percent in _KNOWN)
_SHARES = (0.0, *(percent / 100 for percent in _KNOWN), 1.0)
_Side = Literal["<", ">"]
_SIDES: tuple[_Side, ...] = get_args(_Side)
_ROUNDING = 1e-9
"""Limits are asked for so much nearer, and what they give is scored again: no rounding loses a value."""


class Found(msgspec.Struct, frozen=True):
    baselines: dict[str | None, Baseline]
    counts: dict[str | None, int]
    """Outliers per key."""
    beyond: list[Value]
    """Those of them that may be listed."""
    exact: bool


class _Group(msgspec.Struct, frozen=True):
    """The values of the key's columns, and where they lie."""

    values: tuple[Any, ...]
    n: int
    mean: float
    std_dev: float
    low: float
    high: float
    quantiles: tuple[float, ...]

    @property
    def key(self) -> str | None:
        return key_of(self.values)


class _Question(msgspec.Struct, frozen=True):
    engine: Engine
    metric: Metric
    window: Window
    filters: tuple[Filter, ...]
    columns: tuple[str, ...]
    by: str | None

    def ask(self, measures: Sequence[Measure], filters: Sequence[Filter] = (), *, grouped: bool = True) -> list[Any]:
        query = Query(
            start=self.window.start,
            end=self.window.end,
            filters=(*self.filters, *filters, *self.metric.events),
            group=self.columns if grouped else (),
            measures=tuple(measures),
            relation=self.metric.relation,
        )
        return self.engine.aggregate(query).records()

    def condition(self, op: Operator, limit: float) -> Filter:
        """The field beyond a limit, in the field's type."""
        target = column(self.metric.field)
        operand: Operand = limit
        if target.type == "whole":
            operand = math.ceil(limit) if op.startswith("<") else math.floor(limit)
        elif target.type == "money":
            operand = Decimal(limit).quantize(MONEY_STEP, ROUND_CEILING if op.startswith("<") else ROUND_FLOOR)
        return Filter(self.metric.field, op, operand)


def found_among_many(
    engine: Engine,
    metric: Metric,
    window: Window,
    filters: Sequence[Filter],
    by: str | None,
    method: Method,
    threshold: float,
    limit: int,
    read_at_once: int,
) -> Found:
    """The values beyond the threshold, of each key the farthest `limit` at least, and how many there are.

    What lies beyond the nearest limit of any key is read together where it is at most `read_at_once` values: of many
    keys that is far less than two questions each. Of more only the farthest of each key leave the engine.
    """
    question = _Question(engine, metric, window, tuple(filters), key_columns(by), by)
    log = method == "robust" and metric.is_long_tailed
    positive = (question.condition(">", 0.0),) if log else ()
    groups = _groups(question, positive, quantiles=method == "robust")
    zeros = _zeros(question) if log else {}
    of_key: dict[str | None, list[_Group]] = {}
    for group in groups:
        of_key.setdefault(group.key, []).append(group)
    baselines = {
        key: _z_baseline(own) if method == "z" else _robust_baseline(own, zeros.pop(key, 0), log=log)
        for key, own in of_key.items()
    }
    baselines |= {key: _robust_baseline([], count, log=log) for key, count in zeros.items() if count}
    counts: dict[str | None, int] = {}
    beyond: list[Value] = []
    for op in _SIDES:
        edges = {group.values: edge for group in groups if (edge := _edge(group, baselines, op, threshold)) is not None}
        if not edges:
            continue
        nearest = (*positive, _beyond(question, op, max(edges.values()) if op == "<" else min(edges.values())))
        measures = (Measure("values", metric.field, name="n"),)
        if question.ask(measures, nearest, grouped=False)[0]["n"] <= read_at_once:
            found = list(_scored(question, nearest, baselines, threshold))
            counted = Counter(value.key for value in found)
        else:
            found, counted = [], Counter()
            for key, edge in edges.items():
                side = (*key_conditions(question.columns, key), *positive, _beyond(question, op, edge))
                count, farthest = _farthest(question, side, op, baselines, threshold, limit)
                counted[key_of(key)] += count
                found += farthest
        beyond += found
        for of, count in counted.items():
            counts[of] = counts.get(of, 0) + count
    return Found(baselines, counts, beyond, exact=method == "z")


def _edge(group: _Group, baselines: dict[str | None, Baseline], op: _Side, threshold: float) -> float | None:
    """The limit on one side of a group's values, where any is beyond it."""
    low, high = baselines[group.key].limits(threshold)
    if op == "<":
        return low if group.low < low else None
    return high if group.high > high else None


def _beyond(question: _Question, op: _Side, edge: float) -> Filter:
    return question.condition(op, edge + abs(edge) * (_ROUNDING if op == "<" else -_ROUNDING))


def _groups(question: _Question, filters: Sequence[Filter], *, quantiles: bool) -> list[_Group]:
    field = question.metric.field
    measures = [Measure(name, field, name=name) for name in ("values", "mean", "std_dev", "min", "max")]
    measures += [Measure(name, field, name=name) for name in _PERCENTILES if quantiles]
    groups = []
    for row in question.ask(measures, filters):
        if row["values"]:
            low, high = float(row["min"]), float(row["max"])
            between = tuple(float(row[name]) for name in _PERCENTILES) if quantiles else ()
            key = tuple(row[name] for name in question.columns)
            groups.append(
                _Group(key, row["values"], float(row["mean"]), float(row["std_dev"]), low, high, (low, *between, high))
            )
    return groups


def _zeros(question: _Question) -> dict[str | None, int]:
    """Values that have no logarithm, per key."""
    found: dict[str | None, int] = {}
    measures = (Measure("values", question.metric.field, name="zeros"),)
    for row in question.ask(measures, (question.condition("<=", 0.0),)):
        key = key_of([row[name] for name in question.columns])
        found[key] = found.get(key, 0) + row["zeros"]
    return found


def _z_baseline(groups: Sequence[_Group]) -> Baseline:
    """Of all groups together: their squares about the common mean are those about their own, and of these about it."""
    n = sum(group.n for group in groups)
    mean = math.fsum(group.n * group.mean for group in groups) / n
    squares = math.fsum((group.n - 1) * group.std_dev**2 + group.n * (group.mean - mean) ** 2 for group in groups)
    return z_baseline(n, mean, math.sqrt(squares / (n - 1)) if n > 1 else 0.0)


def _robust_baseline(groups: Sequence[_Group], zeros: int, *, log: bool) -> Baseline:
    parts = [Quantiles(group.n, _SHARES, group.quantiles) for group in groups]
    return robust_baseline_of_quantiles(parts, zeros, log=log)


def _farthest(
    question: _Question,
    side: tuple[Filter, ...],
    op: _Side,
    baselines: dict[str | None, Baseline],
    threshold: float,
    limit: int,
) -> tuple[int, list[Value]]:
    """How many values of a group are beyond one limit, and the farthest of them, as the engine has them in order."""
    field = question.metric.field
    count: int = question.ask((Measure("values", field, name="n"),), side, grouped=False)[0]["n"]
    if count <= limit:
        found = list(_scored(question, side, baselines, threshold))
        return len(found), found
    statistic, order = ("max", "-value") if op == ">" else ("min", "value")
    of_event = ("segment", "n", "id", "agent", "operation", "name")
    query = Query(
        start=question.window.start,
        end=question.window.end,
        filters=(*question.filters, *side, *question.metric.events),
        group=tuple(dict.fromkeys((*of_event, *question.columns))),
        measures=(Measure(statistic, field, name="value"), Measure("max", "time", name="time")),
        order=(order, "time"),
        limit=limit,
        relation=question.metric.relation,
    )
    return count, [_value(row, question.columns) for row in question.engine.aggregate(query).records()]


def _value(row: dict[str, Any], columns: Sequence[str]) -> Value:
    return Value(
        row["id"],
        row["segment"],
        row["n"],
        row["time"],
        row["agent"],
        row["operation"] or row["name"],
        float(row["value"]),
        key_of([row[name] for name in columns]),
    )


def _scored(
    question: _Question, side: Sequence[Filter], baselines: dict[str | None, Baseline], threshold: float
) -> Iterator[Value]:
    chosen = (*question.filters, *side)
    for value in values(question.engine, question.metric, question.window, chosen, by=question.by):
        if baselines[value.key].is_beyond(value.value, threshold):
            yield value
