"""`anomaly`: the last hour of a metric is not as its hour of the week lets expect.

One alert by chance in as many quiet hours of one series as the threshold says, 672 by default: four weeks. The figures
are those of `agentgauge anomalies`: cost, tokens and operations of the hour in all, execution time and error rate on
average. An hour of which nothing has a price has no cost that is known. An hour that is better than expected is told of
by a rule of the severity `info` alone: nobody is to be called because agents were quick.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentgauge.analysis.anomalies import MEMORY, Anomaly
from agentgauge.analysis.anomalies_latest import latest_anomalies
from agentgauge.analysis.anomalies_scores import Kind
from agentgauge.analysis.seasonality import FEWEST_WEEKS, MEMORY_WEEKS, SEASONS
from agentgauge.engines.hourly import Hourly
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import HOUR, Evaluation, Found, detected, told_apart
from agentgauge.service.evaluating.evidence import known, last_hour, range_of, selecting_key
from agentgauge.service.evaluating.wording import figure, when, whose
from agentgauge.service.wording import count_of
from agentgauge.state.alert_evidence import Comparison, Evidence, Unit
from agentgauge.state.alerts import Detected

Table = NDArray[np.float64]
_WEEK = SEASONS["hour"]
_MOST_WEEKS = 52


class _Metric(NamedTuple):
    unit: Unit
    lower_is_better: bool
    of: Callable[[Hourly], list[tuple[Kind, Table, Table]]]
    """What is compared as which kind, values and the events that they are of; NaN where a series is of another kind."""


def anomalous_hours(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.threshold is not None
    alpha = 1 / rule.threshold
    weeks = FEWEST_WEEKS + MEMORY_WEEKS + max(MEMORY["hour"], math.ceil(rule.threshold)) // _WEEK + 1
    hours = min(weeks, _MOST_WEEKS) * _WEEK
    read = evaluation.hourly(rule, hours)
    starts = [read.start + n * HOUR for n in range(read.hours)]
    ours = set(told_apart(rule, read.keys))
    holds = []
    for name in rule.metrics:
        metric = _METRICS[name]
        for kind, values, counts in metric.of(read):
            found = latest_anomalies(
                starts, values, counts, kind=kind, alpha=alpha, lower_is_better=metric.lower_is_better,
                worse_only=rule.severity != "info",
            )  # fmt: skip
            holds += [
                _detected(
                    evaluation, rule, name, metric, read, row, each,
                    _before(evaluation, hours, (counts[row] > 0) | (values[row] > 0)),
                )
                for row, each in found.items()
                if row in ours
            ]  # fmt: skip
    return Found(tuple(holds))


def _before(evaluation: Evaluation, hours: int, has_any: NDArray[np.bool_]) -> Comparison:
    """The hours that the last one is compared with: from the first that has any, and not before those asked for."""
    count = min(has_any.size - int(has_any.argmax()), hours) - 1
    end = evaluation.end - HOUR
    return Comparison(start=end - count * HOUR, end=end, count=count, of="hours")


def _detected(
    evaluation: Evaluation,
    rule: Rule,
    name: str,
    metric: _Metric,
    read: Hourly,
    row: int,
    found: Anomaly,
    before: Comparison,
) -> Detected:
    project, key = read.keys[row]
    missing = int(read.cells["unpriced"][row][read.cells["hour"][row] == read.hours - 1].sum())
    unpriced = f"; {count_of(missing, 'call')} without a price in no figure" if name == "cost" and missing else ""
    value = figure(found.value, metric.unit)
    usual = "nothing was expected"
    if found.cause == "no data":
        usual = f"{figure(found.expected, metric.unit)} was expected" if found.expected else "some was expected"
    elif found.cause == "value":
        usual = f"{figure(found.low, metric.unit)} to {figure(found.high, metric.unit)} was expected"
    limit = found.high if found.direction == "high" else found.low
    return detected(
        rule,
        rule.condition(name, project, key),
        metric=name,
        key=key,
        project=project,
        severity=found.severity if rule.severity is None else rule.severity,
        message=(
            f"{name} of {whose(rule, project, key)} was {value} {when(evaluation.end, 1)}, {usual} "
            f"({count_of(int(found.n), 'event')}){unpriced}"
        ),
        current_value=known(found.value),
        expected_value=known(found.expected),
        threshold_value=known(limit),
        deviation_percent=known(found.deviation_percent),
        evidence=Evidence(
            window=last_hour(evaluation),
            value=known(found.value),
            unit=metric.unit,
            samples=int(found.n),
            expected=range_of(found.low, found.high),
            baseline=before,
            filters=selecting_key(rule, project, key),
        ),
    )


def _cost(read: Hourly) -> list[tuple[Kind, Table, Table]]:
    usd, unpriced = read.table("cost_usd"), read.table("unpriced")
    return [("total", np.where((unpriced > 0) & (usd == 0), math.nan, usd), read.table("calls"))]


def _tokens(read: Hourly) -> list[tuple[Kind, Table, Table]]:
    return [("total", read.table("tokens"), read.table("calls"))]


def _operations(read: Hourly) -> list[tuple[Kind, Table, Table]]:
    tasks = read.table("tasks")
    return [("count", tasks, tasks)]


def _execution_time(read: Hourly) -> list[tuple[Kind, Table, Table]]:
    n = read.table("durations")
    mean = _ratio(read.table("duration_ms"), n)
    zeros = (mean <= 0).any(axis=1, keepdims=True)  # of durations of 0 there are no logarithms
    return [
        ("positive", np.where(zeros, math.nan, mean), np.where(zeros, 0.0, n)),
        ("number", np.where(zeros, mean, math.nan), np.where(zeros, n, 0.0)),
    ]


def _error_rate(read: Hourly) -> list[tuple[Kind, Table, Table]]:
    failures = read.table("failures")
    n = failures + read.table("successes")
    return [("share", _ratio(failures, n), n)]


def _ratio(total: Table, n: Table) -> Table:
    return np.divide(total, n, out=np.full_like(total, math.nan), where=n > 0)


_METRICS = {
    "cost": _Metric("USD", True, _cost),
    "tokens": _Metric("tokens", True, _tokens),
    "operations": _Metric("operations", False, _operations),
    "execution_time": _Metric("ms", True, _execution_time),
    "error_rate": _Metric("1", True, _error_rate),
}
