"""`outlier`: single operations far above those of 30 days of the same operation in the same project.

Distance is counted in robust spreads of logarithms (`agentgauge.analysis.outliers`), so that neither a long tail nor
the outliers themselves widen what they are measured by. Medians are exact.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from agentgauge.analysis.outliers import Baseline, robust_baseline_of
from agentgauge.engines.unusual_operations import Done, Key, operation_spreads
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found, deviation, filters_of
from agentgauge.service.evaluating.evidence import range_of, selecting, window_of
from agentgauge.service.evaluating.wording import figure, when
from agentgauge.state.alert_evidence import Comparison, Evidence, Unit
from agentgauge.state.alerts import Detected

_HISTORY = timedelta(days=30)
_UNITS: Mapping[str, Unit] = {"execution_time": "ms", "cost": "USD", "tokens": "tokens"}
_SERIOUS = 1.5
"""Times the threshold beyond which an outlier is an error, not a warning."""


class _Outlier(NamedTuple):
    score: float
    done: Done
    baseline: Baseline


def outliers(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.min_samples is not None
    assert rule.threshold is not None
    window = evaluation.window(rule)
    assert window.start is not None
    read = operation_spreads(
        evaluation.connection,
        evaluation.end - _HISTORY,
        window.start,
        evaluation.end,
        rule.metrics,
        filters_of(rule),
    )
    baselines = {
        key: robust_baseline_of(spread.n, spread.zeros, spread.median, spread.mad, spread.mean_deviation, log=True)
        for key, spread in read.spreads.items()
        if spread.n >= rule.min_samples
    }
    looked_at = Counter((done.key, done.agent) for done in read.newest)
    found: dict[tuple[Key, str | None], list[_Outlier]] = {}
    for done in read.newest:
        baseline = baselines.get(done.key)
        if baseline is not None and (score := baseline.score(done.value)) > rule.threshold:
            found.setdefault((done.key, done.agent), []).append(_Outlier(score, done, baseline))
    return Found(tuple(_detected(evaluation, rule, members, looked_at[of]) for of, members in found.items()))


def _detected(evaluation: Evaluation, rule: Rule, members: list[_Outlier], looked_at: int) -> Detected:
    assert rule.threshold is not None
    assert rule.window_hours is not None
    score, done, baseline = max(members, key=lambda each: each.score)
    metric, project, operation = done.key
    unit = _UNITS[metric]
    where = "" if project is None else f" in project {project}"
    others = f", and {len(members) - 1} more" if len(members) > 1 else ""
    limit = baseline.limits(rule.threshold)[1]
    serious = score > _SERIOUS * rule.threshold
    return Detected(
        condition=rule.condition(metric, project, done.agent, operation),
        type=rule.type,
        severity=rule.severity or ("error" if serious else "warning"),
        metric=metric,
        project=project,
        agent_name=done.agent,
        rule=rule.name,
        current_value=done.value,
        expected_value=baseline.median,
        threshold_value=limit,
        deviation_percent=deviation(done.value, baseline.median),
        evidence=Evidence(
            window=window_of(evaluation, rule),
            value=done.value,
            unit=unit,
            samples=looked_at,
            expected=range_of(-math.inf, limit),  # one that is quick or cheap is no outlier
            baseline=Comparison(start=evaluation.end - _HISTORY, end=evaluation.end, count=baseline.n, of="operations"),
            filters=selecting(rule, project, agent=done.agent, **_called(done)),
        ),
        message=(
            f"{metric} of {done.agent or 'an agent without a name'} at {operation or 'an operation'}{where} was "
            f"{figure(done.value, unit)} {when(evaluation.end, rule.window_hours)}, {score:.0f} spreads above the "
            f"median of {figure(baseline.median, unit)} ({baseline.n:,} operations in 30 days; "
            f"up to {figure(limit, unit)} is accepted){others}"
        ),
    )


def _called(done: Done) -> dict[str, str | None]:
    """The columns of tasks that say which operation it is of."""
    operation = done.key[2]
    return {"operation": None, "name": operation} if done.goes_by_name else {"operation": operation}
