"""`budget_unchecked`: calls that went ahead although the accounts of their budget could not be reached.

A guard records a mark for each outage, with how many calls it was (`agentgauge.policies.budgets.outage`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from agentgauge.engines import Filter, Query
from agentgauge.events.marks import BUDGET_UNCHECKED
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found, detected, filters_of
from agentgauge.service.evaluating.evidence import allowed, selecting, window_of
from agentgauge.service.evaluating.wording import when
from agentgauge.service.wording import count_of
from agentgauge.state.alerts import Evidence


def unchecked_budgets(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.window_hours is not None
    window = evaluation.window(rule)
    marks = evaluation.engine.scan(
        Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "=", "mark"), Filter("name", "=", BUDGET_UNCHECKED), *filters_of(rule)),
        ),
        ("project", "attributes"),
    )
    calls: dict[tuple[str | None, str], int] = {}
    marked = Counter[tuple[str | None, str]]()
    reasons: dict[tuple[str | None, str], str] = {}
    for project, attributes in marks:
        said: dict[str, Any] = attributes or {}
        of = project, str(said.get("budget", "a budget"))
        calls[of] = calls.get(of, 0) + _whole(said.get("calls"))
        marked[of] += 1
        reasons[of] = str(said.get("reason", "unknown"))
    holds = []
    for (project, budget), number in calls.items():
        if rule.judge(number) != "holds":
            continue
        message = (
            f"{count_of(number, 'call')} went ahead {when(evaluation.end, rule.window_hours)} although budget {budget} "
            f"could not be checked: {reasons[project, budget]}"
        )
        holds.append(
            detected(
                rule, rule.condition(project, budget), metric="unchecked_calls", key=None, project=project,
                message=message, current_value=float(number), expected_value=0.0, threshold_value=rule.threshold,
                evidence=Evidence(
                    window=window_of(evaluation, rule), value=float(number), unit="calls",
                    samples=marked[project, budget], expected=allowed(rule), budget=budget,
                    filters=selecting(rule, project, kind="mark", name=BUDGET_UNCHECKED),
                ),
            )
        )  # fmt: skip
    return Found(tuple(holds))


def _whole(said: object) -> int:
    """A mark is of one call at least."""
    return max(int(said), 1) if isinstance(said, int | float) else 1
