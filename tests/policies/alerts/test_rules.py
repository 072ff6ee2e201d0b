"""Rules: what their values mean, and what is said of wrong ones."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from agentgauge.errors import QueryError
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.policies.alerts.kinds import KINDS, RuleType
from agentgauge.policies.alerts.rules import DEFAULTS, Rule, default_of

ERRORS = {"type": "error_rate", "threshold": 20, "clear_threshold": 10}


def test_every_type_has_a_default_that_is_valid_and_called_as_it() -> None:
    assert tuple(KINDS) == get_args(RuleType)
    for type_ in KINDS:
        assert default_of(type_).name == type_
    for rule in DEFAULTS:
        assert rule_from(rule.name, {}, rule) == rule
        assert rule.enabled
        assert "{" not in rule.sentence
    assert len({rule.name for rule in DEFAULTS}) == len(DEFAULTS)


@pytest.mark.parametrize(
    ("fields", "value", "judgement"),
    [
        (ERRORS, 20.1, "holds"),
        (ERRORS, 20, "between"),
        (ERRORS, 10.1, "between"),
        (ERRORS, 10, "clear"),
        ({**ERRORS, "clear_threshold": None}, 20, "clear"),
        ({"type": "satisfaction", "threshold": 0.5, "clear_threshold": 0.6}, 0.49, "holds"),
        ({"type": "satisfaction", "threshold": 0.5, "clear_threshold": 0.6}, 0.5, "between"),
        ({"type": "satisfaction", "threshold": 0.5, "clear_threshold": 0.6}, 0.6, "clear"),
        ({"type": "unpriced_models", "threshold": 0}, 1, "holds"),
        ({"type": "unpriced_models", "threshold": 0}, 0, "clear"),
    ],
    ids=str,
)
def test_a_condition_holds_beyond_its_threshold_and_is_over_at_the_other(
    fields: dict[str, object], value: float, judgement: str
) -> None:
    assert rule_from("r", fields).judge(value) == judgement


def test_a_rule_says_what_it_asks_for() -> None:
    rule = rule_from("r", {"type": "performance_degradation", "agent": "coder", "project": "shop", "by": "operation"})
    assert rule.filters == {"project": "shop", "agent": "coder"}
    assert rule.metrics == KINDS["performance_degradation"].metrics
    assert (rule.window, rule.remind_after) == (timedelta(hours=24), timedelta(hours=24))
    assert rule.terms.clear_after == 3
    one = rule_from("r", {"metric": "cost", "remind_after_hours": 0}, rule)
    assert (one.metrics, one.remind_after, one.agent) == (("cost",), None, "coder")
    assert one.sentence == (
        "cost 25 % worse in 24 h than in the weeks before, over at 10, project shop, agent coder, per operation"
    )


def test_conditions_are_alike_for_the_same_parts_of_the_same_rule_alone() -> None:
    one, other = rule_from("one", ERRORS), rule_from("other", ERRORS)
    assert one.condition("shop", None, 3) == one.condition("shop", None, 3)
    alike = {
        one.condition("shop", None), one.condition(None, "shop"), one.condition("shop"), other.condition("shop", None),
        one.condition("shop", "null"),
    }  # fmt: skip
    assert len(alike) == 5


def test_a_rule_that_is_changed_stays_of_its_type() -> None:
    """Else its filters, its thresholds and whether it is on would go with the type."""
    with pytest.raises(QueryError, match="it is of type error_rate: give one of another type another name") as caught:
        rule_from("r", {"type": "no_data"}, rule_from("r", {**ERRORS, "agent": "checkout", "enabled": False}))
    assert caught.value.field == "type"


@pytest.mark.parametrize(
    ("fields", "clear"),
    [
        ({"type": "error_rate", "threshold": 1}, 0.5),
        ({"type": "error_rate", "threshold": 0}, 0),
        ({"type": "error_rate", "threshold": 40}, 10),
        ({"type": "satisfaction", "threshold": 0.7}, 0.84),
        ({"type": "satisfaction", "threshold": 0.9}, 1),
        ({"type": "satisfaction", "threshold": 0.4}, 0.6),
        ({"type": "outlier", "threshold": 3}, None),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_a_threshold_alone_makes_a_rule_and_takes_an_inherited_clear_threshold_along(
    fields: dict[str, object], clear: float | None
) -> None:
    assert rule_from("r", fields).clear_threshold == (None if clear is None else pytest.approx(clear))


def test_no_rule_is_called_as_the_alerts_about_rules_that_fail() -> None:
    """Those are over when all rules could be evaluated: its alerts would be over, and new, in every hour."""
    with pytest.raises(QueryError, match="take another name") as caught:
        rule_from("rule_failed", ERRORS)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("name", "fields", "field", "said"),
    [
        ("Errors", ERRORS, "name", "small letters"),
        ("a" * 65, ERRORS, "name", "1 to 64"),
        ("r", {}, "type", "it has to be said of a new rule; there are budget_overrun, "),
        ("r", {"type": "eror_rate"}, "type", "'eror_rate' is none: did you mean error_rate? There are "),
        ("r", {**ERRORS, "threshhold": 1}, "threshhold", "there is no such field: did you mean threshold?"),
        ("r", {**ERRORS, "name": "r"}, "name", "there is no such field"),
        ("r", {**ERRORS, "threshold": "20"}, "threshold", "expected float"),
        ("r", {**ERRORS, "threshold": 101}, "threshold", "0 to 100 (% of operations), not 101"),
        ("r", {**ERRORS, "threshold": float("nan")}, "threshold", "0 to 100"),
        ("r", {**ERRORS, "threshold": None}, "threshold", "needs one"),
        ("r", {**ERRORS, "clear_threshold": 30}, "clear_threshold", "at most the threshold of 20, not 30"),
        ("r", {"type": "satisfaction", "clear_threshold": 0.1}, "clear_threshold", "at least the threshold of 0.5"),
        ("r", {"type": "anomaly", "threshold": 1}, "threshold", "2 to 8,760"),
        ("r", {"type": "anomaly", "window_hours": 3}, "window_hours", "a rule of type anomaly has none"),
        ("r", {"type": "anomaly", "metric": "costs"}, "metric", "did you mean cost? There are cost, tokens"),
        ("r", {"type": "budget_overrun", "model": "m"}, "model", "a rule of type budget_overrun has none"),
        ("r", {"type": "outlier", "by": "agent"}, "by", "has none"),
        ("r", {**ERRORS, "by": "agents"}, "by", "there are agent, role"),
        ("r", {**ERRORS, "severity": "bad"}, "severity", "there are critical, error, warning, info"),
        ("r", {**ERRORS, "min_samples": 0}, "min_samples", "it is 1 to 1,000,000,000, not 0"),
        ("r", {**ERRORS, "clear_after": 0}, "clear_after", "it is 1 to 1,000, not 0"),
        ("r", {**ERRORS, "remind_after_hours": -1}, "remind_after_hours", "it is 0 to 8,760, not -1"),
        ("r", {**ERRORS, "agent": ""}, "agent", "1 to 500 characters"),
        ("r", {**ERRORS, "agent": "a\x00b"}, "agent", "none that no name has"),
        ("r", {**ERRORS, "agent": "\ud800"}, "agent", "none that no name has"),
        ("r", {**ERRORS, "window_hours": "\ud800"}, "window_hours", "none that no name has"),
        ("r", {"type": "x" * 501}, "type", "1 to 500 characters"),
    ],
)
def test_what_is_wrong_is_said_by_rule_field_and_what_it_could_be(
    name: str, fields: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(QueryError) as caught:
        rule_from(name, fields)
    assert caught.value.field == field
    assert f"rule {name!r}" in str(caught.value)
    assert said in str(caught.value)


def test_a_rule_written_whole_is_the_same_rule() -> None:
    for rule in DEFAULTS:
        whole = {name: getattr(rule, name) for name in Rule.__struct_fields__ if name != "name"}
        assert rule_from(rule.name, whole) == rule
