"""`satisfaction`: a mean of people's scores that is below the threshold, and not by chance.

The upper end of its 95 % interval is compared. Scores are between 0 and 1, and vary by no more than yes and no of the
same mean do, so the interval of such a share (Wilson) is at least as wide as that of their mean.
"""

from __future__ import annotations

from agentgauge.analysis.proportions import wilson
from agentgauge.engines import Filter, Measure, Query
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found, detected, deviation, filters_of
from agentgauge.service.evaluating.evidence import allowed, range_of, selecting_key, window_of
from agentgauge.service.evaluating.wording import when, whose
from agentgauge.state.alerts import Evidence

_CONFIDENCE = 0.95


def satisfactions(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.window_hours is not None
    assert rule.threshold is not None
    assert rule.min_samples is not None
    window = evaluation.window(rule)
    by = () if rule.by is None else (rule.by,)
    rows = evaluation.engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "=", "satisfaction"), *filters_of(rule)),
            group=("project", *by),
            measures=(Measure("values", "value", name="n"), Measure("sum", "value", name="total")),
        )
    ).rows
    holds, between = [], set()
    for project, *key, n, total in rows:
        of = key[0] if key else None
        if n < rule.min_samples or (by and of is None):
            continue
        low, high = wilson(min(max(total, 0.0), n), n, _CONFIDENCE)
        condition, judgement = rule.condition(project, of), rule.judge(high)
        if judgement == "between":
            between.add(condition)
        if judgement != "holds":
            continue
        mean = total / n
        message = (
            f"satisfaction with {whose(rule, project, of)} was {mean:.2f} of 1 "
            f"{when(evaluation.end, rule.window_hours)} ({n:,} scores, 95 % interval {low:.2f} to {high:.2f}); "
            f"at least {rule.threshold:g} is expected"
        )
        holds.append(
            detected(
                rule, condition, metric="satisfaction", key=of, project=project, message=message, current_value=mean,
                expected_value=rule.threshold, threshold_value=rule.threshold,
                deviation_percent=deviation(mean, rule.threshold),
                evidence=Evidence(
                    window=window_of(evaluation, rule), value=mean, unit="0-1", samples=n, expected=allowed(rule),
                    interval=range_of(low, high), filters=selecting_key(rule, project, of, kind="satisfaction"),
                ),
            )
        )  # fmt: skip
    return Found(tuple(holds), frozenset(between))
