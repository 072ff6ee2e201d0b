"""Rules in force: the defaults, changed by a file, changed by what was made over HTTP."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentgauge.errors import Conflict, NotFound, SettingsError
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.policies.alerts.rules import DEFAULTS
from agentgauge.service.alert_rule_file import file_rules
from agentgauge.service.alerting import Alerting, RuleInForce
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.alert_rules import RuleBook

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FILE = """
[[rule]]
name = "error_rate"
threshold = 30

[[rule]]
name = "checkout-errors"
type = "error_rate"
project = "shop"
by = ""
threshold = 2
clear_threshold = 1

[[channel]]
name = "on-call"
"""


@pytest.fixture
def alerting(tmp_path: Path) -> Alerting:
    home = resolve_home(tmp_path)
    return Alerting(state_of(home), home)


def _by_name(alerting: Alerting) -> dict[str, RuleInForce]:
    return {rule.name: rule for rule in alerting.rules().rules}


def _write(home: Path, text: str, at: int = 0) -> None:
    """`at` tells versions of the file apart, however fast they follow each other."""
    (home / "alerts.toml").write_text(text)
    os.utime(home / "alerts.toml", (1_700_000_000 + at, 1_700_000_000 + at))


def test_where_nobody_decided_anything_the_defaults_hold_and_nothing_is_made(
    alerting: Alerting, tmp_path: Path
) -> None:
    found = alerting.rules()
    assert [(rule.name, rule.source, rule.version) for rule in found.rules] == [
        (name, "default", 0) for name in sorted(rule.name for rule in DEFAULTS)
    ]
    assert found.problems == ()
    assert not list(tmp_path.iterdir())


def test_a_file_changes_defaults_in_what_it_says_and_adds_rules(alerting: Alerting, tmp_path: Path) -> None:
    _write(tmp_path, FILE)
    rules = _by_name(alerting)
    changed, added = rules["error_rate"], rules["checkout-errors"]
    assert (changed.threshold, changed.by, changed.source, changed.instead_of) == (30, "agent", "file", "default")
    assert (added.threshold, added.by, added.source, added.instead_of) == (2, None, "file", None)
    assert added.unit == "% of operations"
    assert len(rules) == len(DEFAULTS) + 1


def test_what_is_made_over_http_takes_the_place_of_a_default_and_goes_again(alerting: Alerting) -> None:
    before = alerting.get("outlier")
    changed = alerting.replace(rule_from("outlier", {"enabled": False}, before), "ann", NOON, version=0)
    assert (changed.source, changed.instead_of, changed.version, changed.updated_by) == ("http", "default", 1, "ann")
    assert "outlier" not in {rule.name for rule in alerting.rules().enabled}
    alerting.delete("outlier", "ann", NOON)
    assert alerting.get("outlier") == before
    with pytest.raises(Conflict, match="is a default, and cannot be deleted"):
        alerting.delete("outlier", "ann", NOON)


def test_a_rule_of_the_file_is_changed_there_alone(alerting: Alerting, tmp_path: Path) -> None:
    _write(tmp_path, FILE)
    for rule in (alerting.get("error_rate"), alerting.get("checkout-errors")):
        with pytest.raises(Conflict, match=r"one of alerts\.toml in the server's home: change it there"):
            alerting.replace(rule, "ann", NOON)
        with pytest.raises(Conflict, match="change it there"):
            alerting.delete(rule.name, "ann", NOON)
        with pytest.raises(Conflict, match=r"in alerts\.toml already"):
            alerting.create({"name": rule.name, "type": "error_rate"}, "ann", NOON)


def test_what_was_made_over_http_holds_where_the_file_names_it_later(alerting: Alerting, tmp_path: Path) -> None:
    alerting.create({"name": "checkout-errors", "type": "error_rate", "threshold": 50}, "ann", NOON)
    _write(tmp_path, FILE)
    rule = alerting.get("checkout-errors")
    assert (rule.source, rule.instead_of, rule.threshold) == ("http", "file", 50)
    alerting.delete("checkout-errors", "ann", NOON)
    assert alerting.get("checkout-errors").source == "file"


def test_a_file_that_breaks_leaves_the_rules_before_it_and_says_so_once(
    alerting: Alerting, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _write(tmp_path, FILE)
    good = _by_name(alerting)
    with caplog.at_level(logging.ERROR):
        _write(tmp_path, FILE.replace("30", '"much"'), at=1)
        for _ in range(3):
            assert _by_name(alerting) == good
    (problem,) = alerting.rules().problems
    assert problem.startswith(f"{tmp_path}/alerts.toml:4: rule 'error_rate', threshold: expected float")
    assert [record.getMessage() for record in caplog.records] == [
        f"{problem}; until then 2 rules of it as it was before hold"
    ]
    _write(tmp_path, FILE.replace("30", "40"), at=2)
    assert (alerting.get("error_rate").threshold, alerting.rules().problems) == (40, ())
    (tmp_path / "alerts.toml").unlink()
    assert alerting.get("error_rate").source == "default"


def test_a_process_that_meets_a_broken_file_works_by_the_other_rules(alerting: Alerting, tmp_path: Path) -> None:
    _write(tmp_path, "[[rule")
    assert {rule.source for rule in alerting.rules().rules} == {"default"}
    assert alerting.rules().problems[0].startswith(f"{tmp_path}/alerts.toml is not valid TOML: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", ":1: this file has no 'x', only tables"),
        ("\n[rules.a]\n", ":2: this file has no 'rules', only"),
        ('[rule]\nname = "a"\n', "begin each with [[rule]]"),
        ('[[rule]]\ntype = "no_data"\n', ":1: a rule needs a name"),
        ("[[rule]]\nname = 3\n", ":2: a rule's name is a text, not 3"),
        ('[[rule]]\nname = "A"\n', ":2: rule 'A': a name has"),
        ('[[rule]]\nname = "a"\n', ":1: rule 'a', type: it has to be said"),
        (
            '[[rule]]\nname = "outlier"\ntype = "anomaly"\n',
            ":3: rule 'outlier', type: it is of type outlier: give one of",
        ),
        ('[[rule]]\nname = "outlier"\n[[channel]]\n[[rule]]\nname = "anomaly"\nby = "x"\n', ":6: rule 'anomaly', by"),
        ('[[rule]]\nname = "outlier"\n[[rule]]\nname = "outlier"\n', ":4: two rules are called 'outlier'"),
        ('rule = [{name = "outlier", threshold = -1}]\n', ":1: rule 'outlier', threshold: it is 0 to"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    _write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        file_rules(tmp_path / "alerts.toml")
    assert said in str(caught.value)
    assert str(tmp_path / "alerts.toml") in str(caught.value)


def test_a_file_that_cannot_be_read_is_a_problem_and_none_is_none(tmp_path: Path) -> None:
    assert file_rules(tmp_path / "alerts.toml") == {}
    (tmp_path / "alerts.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be read"):
        file_rules(tmp_path / "alerts.toml")


def test_who_is_of_some_projects_sees_rules_of_these_and_of_all(alerting: Alerting) -> None:
    for project in ("shop", "blog"):
        alerting.create({"name": project, "type": "error_rate", "project": project}, "ann", NOON)
    seen = alerting.rules({"shop"})
    assert {rule.name for rule in seen.rules} == {"shop"} | {rule.name for rule in DEFAULTS}
    with pytest.raises(NotFound, match="no rule 'blog'"):
        alerting.get("blog", {"shop"})


def test_a_rule_for_all_that_was_changed_is_seen_without_who_changed_it(alerting: Alerting) -> None:
    alerting.replace(rule_from("error_rate", {"threshold": 40}, alerting.get("error_rate")), "ann", NOON)
    seen = alerting.get("error_rate", {"shop"})
    assert (seen.threshold, seen.updated_by) == (40, None)


def test_a_rule_that_another_version_wrote_does_not_hold_and_is_told_of(tmp_path: Path, alerting: Alerting) -> None:
    RuleBook(state_of(resolve_home(tmp_path))).put("new", {"type": "weather"}, "ann", NOON)
    found = alerting.rules()
    assert "new" not in {rule.name for rule in found.rules}
    assert "rule 'new', type: 'weather' is none" in found.problems[0]
    alerting.delete("new", "ann", NOON)
    assert alerting.rules().problems == ()
