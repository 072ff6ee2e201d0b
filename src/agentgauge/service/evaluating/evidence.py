"""What rules share of saying what they found something from."""

from __future__ import annotations

import math

from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import HOUR, Evaluation
from agentgauge.state.alert_evidence import Range, Span


def window_of(evaluation: Evaluation, rule: Rule) -> Span:
    """That of a rule that has one."""
    return Span(start=evaluation.end - rule.window, end=evaluation.end)


def last_hour(evaluation: Evaluation) -> Span:
    return Span(start=evaluation.end - HOUR, end=evaluation.end)


def selecting(rule: Rule, project: str | None, **more: str | None) -> dict[str, str | None]:
    """The columns of events that a condition is of, with their values: those of the rule's filters, and more."""
    return {**rule.filters, "project": project, **more}


def selecting_key(rule: Rule, project: str | None, key: str | None, **more: str | None) -> dict[str, str | None]:
    """With what the rule is `by`."""
    return selecting(rule, project, **more) if rule.by is None else selecting(rule, project, **{rule.by: key}, **more)


def allowed(rule: Rule) -> Range:
    """What lies on the good side of the threshold."""
    return Range(high=rule.threshold) if rule.kind.worse == "above" else Range(low=rule.threshold)


def range_of(low: float, high: float) -> Range | None:
    """Ends that are no number are none."""
    found = Range(low=known(low), high=known(high))
    return None if found == Range() else found


def known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
