"""`no_data`: nothing was recorded for more hours than the threshold, where something usually is by now.

Of what recorded at least `min_samples` events in the window. An hour of the week is one in which something usually is
where at least half of up to eight weeks before the silence had something then: at a weekend that is always silent
nothing new is found, and what was found before it stays. With less than two weeks before it every hour is usual.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentgauge.analysis.seasonality import FEWEST_WEEKS, MEMORY_WEEKS, SEASONS
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import HOUR, Evaluation, Found, detected, deviation, told_apart
from agentgauge.service.evaluating.evidence import allowed, selecting_key, window_of
from agentgauge.service.evaluating.wording import whose
from agentgauge.service.wording import count_of
from agentgauge.state.alert_evidence import Comparison, Evidence

_WEEK = SEASONS["hour"]


def silences(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.window_hours is not None
    assert rule.min_samples is not None
    assert rule.threshold is not None
    read = evaluation.hourly(rule, max(rule.window_hours, (MEMORY_WEEKS + 1) * _WEEK))
    events = read.table("events")
    recent = events[:, -rule.window_hours :].sum(axis=1)
    holds, between = [], set()
    for row in told_apart(rule, read.keys):
        project, key = read.keys[row]
        active = events[row] > 0
        if recent[row] < rule.min_samples or not active.any():
            continue
        silent = int(active[::-1].argmax())
        if rule.judge(silent) != "holds":
            continue
        condition = rule.condition(project, key)
        weeks = _weeks_before(active, silent)
        if not _is_usual(active, weeks):
            between.add(condition)
            continue
        last = evaluation.end - silent * HOUR
        message = (
            f"nothing was recorded of {whose(rule, project, key)} since {last:%Y-%m-%d %H:%M} UTC, "
            f"{count_of(silent, 'hour')} ago; up to {rule.threshold:g} are accepted "
            f"({count_of(int(recent[row]), 'event')} in the {rule.window_hours} hours before)"
        )
        holds.append(
            detected(
                rule, condition, metric="hours_without_events", key=key, project=project, message=message,
                current_value=float(silent), expected_value=rule.threshold, threshold_value=rule.threshold,
                deviation_percent=deviation(silent, rule.threshold),
                evidence=Evidence(
                    window=window_of(evaluation, rule), value=float(silent), unit="hours", samples=int(recent[row]),
                    expected=allowed(rule), baseline=_baseline(evaluation, active, weeks),
                    filters=selecting_key(rule, project, key),
                ),
            )
        )  # fmt: skip
    return Found(tuple(holds), frozenset(between))


def _weeks_before(active: NDArray[np.bool_], silent: int) -> list[int]:
    """The newest hour of the week in the weeks before the silence, the last of them first; none of too few weeks."""
    first = int(active.argmax())
    weeks = [at for at in range(active.size - 1 - _WEEK, first - 1, -_WEEK) if at < active.size - silent][:MEMORY_WEEKS]
    return weeks if len(weeks) >= FEWEST_WEEKS else []


def _is_usual(active: NDArray[np.bool_], weeks: list[int]) -> bool:
    """Whether that hour usually has something."""
    return not weeks or float(active[weeks].mean()) >= 0.5


def _baseline(evaluation: Evaluation, active: NDArray[np.bool_], weeks: list[int]) -> Comparison | None:
    if not weeks:
        return None
    start, end = (evaluation.end - (active.size - at) * HOUR for at in (weeks[-1], weeks[0] + 1))
    return Comparison(start=start, end=end, count=len(weeks), of="weeks")
