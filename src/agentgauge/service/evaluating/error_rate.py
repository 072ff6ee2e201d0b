"""`error_rate`: a share of operations that did not succeed which is above the threshold, and not by chance.

The lower end of its 95 % interval (Wilson) is compared: 5 failures of 20 are 25 %, and may be those of an agent that
fails in 11 % of cases. An agent whose true rate is the threshold alarms in 2.5 % of hours, one below it in fewer.
"""

from __future__ import annotations

import numpy as np

from agentgauge.analysis.proportions import wilson
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found, detected, deviation, told_apart
from agentgauge.service.evaluating.evidence import allowed, range_of, selecting_key, window_of
from agentgauge.service.evaluating.wording import when, whose
from agentgauge.state.alerts import Evidence

_CONFIDENCE = 0.95


def error_rates(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.window_hours is not None
    assert rule.threshold is not None
    assert rule.min_samples is not None
    read = evaluation.hourly(rule, rule.window_hours)
    first = read.hours - rule.window_hours
    failures = read.table("failures", first).sum(axis=1)
    ended = failures + read.table("successes", first).sum(axis=1)
    holds, between = [], set()
    for row in told_apart(rule, read.keys):
        project, key = read.keys[row]
        n, failed = int(ended[row]), int(failures[row])
        if n < rule.min_samples:
            continue
        low, high = (100 * end for end in wilson(failed, n, _CONFIDENCE))
        condition, judgement = rule.condition(project, key), rule.judge(low)
        if judgement == "between":
            between.add(condition)
        if judgement != "holds":
            continue
        rate = float(np.round(100 * failed / n, 4))
        message = (
            f"{rate:.1f} % of {n:,} operations of {whose(rule, project, key)} failed "
            f"{when(evaluation.end, rule.window_hours)} (95 % interval {low:.1f} to {high:.1f} %); "
            f"up to {rule.threshold:g} % is accepted"
        )
        holds.append(
            detected(
                rule, condition, metric="error_rate", key=key, project=project, message=message, current_value=rate,
                expected_value=rule.threshold, threshold_value=rule.threshold,
                deviation_percent=deviation(rate, rule.threshold),
                evidence=Evidence(
                    window=window_of(evaluation, rule), value=rate, unit="percent", samples=n, expected=allowed(rule),
                    interval=range_of(low, high), filters=selecting_key(rule, project, key),
                ),
            )
        )  # fmt: skip
    return Found(tuple(holds), frozenset(between))
