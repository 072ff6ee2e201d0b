"""`unpriced_models`: calls without a price, whose cost is in no figure, no budget and no other alert."""

from __future__ import annotations

from agentgauge.engines import Filter, Measure, Query
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found, detected, filters_of
from agentgauge.service.evaluating.evidence import allowed, selecting_key, window_of
from agentgauge.service.evaluating.wording import when, whose
from agentgauge.service.wording import count_of
from agentgauge.state.alerts import Evidence


def unpriced_models(evaluation: Evaluation, rule: Rule) -> Found:
    assert rule.window_hours is not None
    window = evaluation.window(rule)
    by = () if rule.by is None else (rule.by,)
    rows = evaluation.engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "=", "llm_call"), Filter("cost_usd", "is null"), *filters_of(rule)),
            group=("project", *by),
            measures=(Measure("count", name="calls"), Measure("tokens", name="tokens")),
        )
    ).rows
    holds = []
    for project, *key, calls, tokens in rows:
        if rule.judge(calls) != "holds":
            continue
        of = key[0] if key else None
        message = (
            f"{count_of(calls, 'call')} of {whose(rule, project, of)} {when(evaluation.end, rule.window_hours)} "
            f"{'has' if calls == 1 else 'have'} no price: {count_of(tokens, 'token')} are in no cost and no budget. "
            "'agentgauge prices' says which prices there are and how to add one"
        )
        holds.append(
            detected(
                rule, rule.condition(project, of), metric="unpriced_calls", key=of, project=project, message=message,
                current_value=float(calls), expected_value=0.0, threshold_value=rule.threshold,
                evidence=Evidence(
                    window=window_of(evaluation, rule), value=float(calls), unit="calls", samples=calls,
                    expected=allowed(rule), filters=selecting_key(rule, project, of, kind="llm_call", cost_usd=None),
                ),
            )
        )  # fmt: skip
    return Found(tuple(holds))
