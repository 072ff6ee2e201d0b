"""Rules as they are kept: versions that are never given twice, and who changed what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentgauge.errors import Conflict, NotFound, Outdated
from agentgauge.state.alert_rules import RuleBook
from agentgauge.state.audit import AuditLog
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
TERMS = {"type": "error_rate", "threshold": 2.5, "agent": None}


def test_what_a_rule_says_is_kept_with_who_said_it(store: Store) -> None:
    book = RuleBook(store)
    assert book.all() == ()
    made = book.put("b", TERMS, "ann", NOON, project="shop")
    assert (made.name, made.terms, made.project, made.updated, made.updated_by) == ("b", TERMS, "shop", NOON, "ann")
    book.put("a", TERMS, "ann", NOON)
    assert [(rule.name, rule.project) for rule in book.all()] == [("a", None), ("b", "shop")]
    changed = book.put("b", {**TERMS, "threshold": 3.0}, "bob", LATER, version=made.version)
    assert (changed.terms["threshold"], changed.updated_by, changed.project) == (3.0, "bob", None)
    assert changed.version > made.version


def test_a_change_that_was_meant_for_an_earlier_version_is_refused(store: Store) -> None:
    book = RuleBook(store)
    first = book.put("a", TERMS, "ann", NOON, version=0)
    for version in (0, first.version + 1):
        with pytest.raises(Outdated, match=f"of version {first.version} by now, not of version {version}"):
            book.put("a", TERMS, "bob", NOON, version=version)
        with pytest.raises(Outdated):
            book.delete("a", "bob", NOON, version=version)
    with pytest.raises(Conflict, match="there is a rule 'a' already"):
        book.put("a", TERMS, "bob", NOON, is_new=True)
    book.delete("a", "bob", NOON, version=first.version)
    with pytest.raises(Outdated, match="is deleted by now"):
        book.put("a", TERMS, "ann", NOON, version=first.version)
    again = book.put("a", TERMS, "ann", NOON, is_new=True)
    assert again.version != first.version


def test_a_rule_that_there_is_not_cannot_be_deleted(store: Store) -> None:
    with pytest.raises(NotFound):
        RuleBook(store).delete("nothing", "bob", NOON)


def test_every_change_is_in_the_audit_log_and_one_for_caches(store: Store) -> None:
    book = RuleBook(store)
    book.put("a", TERMS, "ann", NOON, project="shop")
    before = store.changes("alert_rules")
    book.put("a", {**TERMS, "threshold": 3.0}, "bob", LATER, project="shop")
    assert store.changes("alert_rules") != before
    book.delete("a", "ann", LATER)
    acts = AuditLog(store).acts(subject="alert rule a")
    assert [(act.act, act.actor, act.project) for act in acts] == [
        ("alert_rule.deleted", "ann", "shop"), ("alert_rule.changed", "bob", "shop"),
        ("alert_rule.created", "ann", "shop"),
    ]  # fmt: skip
    assert acts[1].detail == {"threshold": {"from": 2.5, "to": 3.0}}
