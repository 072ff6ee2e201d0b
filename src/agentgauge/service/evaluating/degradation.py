"""`performance_degradation`: a metric that is worse than it was, by more than chance and by more than is accepted.

The window is compared with the same hours of the days before, up to 28 of them (a window of more than a day with as
many windows of whole days before it), so what is usual at these hours is no degradation, and what days differ by is
known. Both have to hold: the figure is worse by more than the threshold, in percent of what was expected, and p,
adjusted for all series and metrics of the rule (Benjamini and Hochberg), is at most 1 %. So where nothing changes, all
agents of a rule together alarm in one evaluation of a hundred at most, and in fewer the higher the threshold is.

Execution time is compared twice, on average and by its 95th percentile: that one call in ten hangs is in no average
for long. Where both are worse one alert is opened, of the average.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentgauge.analysis.level_shift import Scale, Shift, newest_against_before
from agentgauge.analysis.multiplicity import benjamini_hochberg
from agentgauge.engines.duration_percentiles import p95_durations
from agentgauge.engines.hourly import Hourly, Key
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import (
    HOUR,
    Evaluation,
    Found,
    detected,
    deviation,
    filters_of,
    told_apart,
)
from agentgauge.service.evaluating.evidence import range_of, selecting_key, window_of
from agentgauge.service.evaluating.wording import figure, when, whose
from agentgauge.state.alert_evidence import Comparison, Evidence, Unit
from agentgauge.state.alerts import Detected

_WINDOWS = 28
"""Before the newest, that it is compared with."""
_ALPHA = 0.01
_LEAST_SHARE = 4
"""A window before counts from this part of the samples that the newest needs."""
_LONGEST_HOURS = 366 * 24
_DAY = 24


class _Metric(NamedTuple):
    ratio: tuple[str, str] | None
    """The figures of hours that it is the ratio of; None of a percentile, which no hours add up to."""
    unit: Unit
    scale: Scale
    lower_is_better: bool


_AVERAGE, _P95 = "execution_time", "execution_time_p95"
_METRICS = {
    _AVERAGE: _Metric(("duration_ms", "durations"), "ms", "log", True),
    _P95: _Metric(None, "ms", "log", True),
    "cost": _Metric(("cost_usd", "tasks"), "USD", "log", True),
    "tokens": _Metric(("tokens", "tasks"), "tokens", "log", True),
    "quality_score": _Metric(("quality_score", "scores"), "0-100", "linear", False),
    "success_rate": _Metric(("successes", "ended"), "1", "share", False),
}


class _Windows(NamedTuple):
    """Of each key a row, of each window a column, the newest first."""

    keys: Sequence[Key]
    values: NDArray[np.float64]
    n: NDArray[np.float64]


class _Judged(NamedTuple):
    name: str
    key: Key
    row: int
    value: float
    n: int
    shift: Shift

    @property
    def worse_percent(self) -> float:
        """By how much it is worse than expected; below 0 where it is better."""
        expected = float(self.shift.expected[self.row])
        change = 100 * (self.value - expected) / expected if expected else math.nan
        return change if _METRICS[self.name].lower_is_better else -change


def degradations(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.window_hours is not None
    assert rule.min_samples is not None
    hours, step = rule.window_hours, _step(rule)
    windows = min(_WINDOWS, (_LONGEST_HOURS - hours) // step)
    judged: list[_Judged] = []
    for name in rule.metrics:
        ratio = _METRICS[name].ratio
        if ratio is None:
            found = p95_durations(
                evaluation.connection, evaluation.end, hours=hours, step=step, windows=windows + 1, by=rule.by,
                filters=filters_of(rule),
            )  # fmt: skip
            judged += _judged(rule, name, _Windows(found.keys, found.values, found.counts))
        else:
            read = evaluation.hourly(rule, hours + windows * step)
            judged += _judged(rule, name, _ratios(rule, read, ratio, hours, step, windows))
    adjusted = benjamini_hochberg([float(each.shift.p_value[each.row]) for each in judged])
    holds, between, slow_on_average = [], set(), set[Key]()
    for each, p in zip(judged, adjusted, strict=True):
        worse = each.worse_percent
        if math.isnan(worse) or math.isnan(p):
            continue
        judgement = rule.judge(worse)
        said = each.name == _P95 and each.key in slow_on_average
        if judgement == "holds" and p <= _ALPHA and not said:
            holds.append(_detected(evaluation, rule, each, p))
            slow_on_average.update((each.key,) if each.name == _AVERAGE else ())
        elif judgement != "clear":
            between.add(rule.condition(each.name, *each.key))
    return Found(tuple(holds), frozenset(between))


def _step(rule: Rule) -> int:
    """Hours from the start of a window to that of the next."""
    assert rule.window_hours is not None
    return math.ceil(rule.window_hours / _DAY) * _DAY


def _ratios(rule: Rule, read: Hourly, ratio: tuple[str, str], hours: int, step: int, windows: int) -> _Windows:
    n = _of_windows(_table(read, ratio[1], rule.by), hours, step, windows)
    total = _of_windows(read.table(ratio[0]), hours, step, windows)
    return _Windows(read.keys, np.divide(total, n, out=np.full_like(total, math.nan), where=n > 0), n)


def _judged(rule: Rule, name: str, of: _Windows) -> list[_Judged]:
    assert rule.min_samples is not None
    metric, (keys, values, n) = _METRICS[name], of
    before = np.where(n[:, 1:] >= max(rule.min_samples / _LEAST_SHARE, 1), values[:, 1:], math.nan)
    shift = newest_against_before(
        values[:, 0], n[:, 0], before, n[:, 1:], scale=metric.scale, lower_is_better=metric.lower_is_better
    )
    return [
        _Judged(name, keys[row], row, float(values[row, 0]), int(n[row, 0]), shift)
        for row in told_apart(rule, keys)
        if n[row, 0] >= rule.min_samples and math.isfinite(shift.p_value[row])
    ]


def _table(read: Hourly, name: str, by: str | None) -> NDArray[np.float64]:
    if name == "ended":
        return read.table("successes") + read.table("failures")
    # A call has a model, and a task has none: by model, what is used is compared per call.
    return read.table("calls" if name == "tasks" and by == "model" else name)


def _of_windows(table: NDArray[np.float64], hours: int, step: int, windows: int) -> NDArray[np.float64]:
    """Sums over the newest window, and over the windows a step before it, two steps, ..."""
    ends = [table.shape[1] - number * step for number in range(windows + 1)]
    return np.stack([table[:, max(end - hours, 0) : max(end, 0)].sum(axis=1) for end in ends], axis=1)


def _detected(evaluation: Evaluation, rule: Rule, each: _Judged, p_adjusted: float) -> Detected:
    assert rule.window_hours is not None
    assert rule.threshold is not None
    metric, shift = _METRICS[each.name], each.shift
    project, key = each.key
    expected, low, high = (float(of[each.row]) for of in (shift.expected, shift.low, shift.high))
    sign = 1 if metric.lower_is_better else -1
    return detected(
        rule,
        rule.condition(each.name, project, key),
        metric=each.name,
        key=key,
        project=project,
        message=(
            f"{each.name} of {whose(rule, project, key)} was {figure(each.value, metric.unit)} "
            f"{when(evaluation.end, rule.window_hours)}, {each.worse_percent:.0f} % worse than before: "
            f"{figure(expected, metric.unit)}, {figure(low, metric.unit)} to {figure(high, metric.unit)}, was expected "
            f"({each.n:,} samples, compared with {int(shift.before[each.row])} windows; adjusted p {p_adjusted:.2g})"
        ),
        current_value=each.value,
        expected_value=expected,
        threshold_value=expected * (1 + sign * rule.threshold / 100),
        deviation_percent=deviation(each.value, expected),
        evidence=Evidence(
            window=window_of(evaluation, rule),
            value=each.value,
            unit=metric.unit,
            samples=each.n,
            expected=range_of(low, high),
            baseline=_before(evaluation, rule, each),
            filters=selecting_key(rule, project, key),
        ),
    )


def _before(evaluation: Evaluation, rule: Rule, each: _Judged) -> Comparison:
    """From the farthest window that it is compared with to the nearest."""
    nearest, farthest = (int(of[each.row]) + 1 for of in (each.shift.nearest, each.shift.farthest))
    step = _step(rule) * HOUR
    return Comparison(
        start=evaluation.end - rule.window - farthest * step,
        end=evaluation.end - nearest * step,
        count=int(each.shift.before[each.row]),
        of="windows",
    )
