"""Counts of changes are at hand for a file, and never older than what a store says."""

from __future__ import annotations

from pathlib import Path

from agentgauge.state.changes import changed
from agentgauge.state.changes_at_hand import ChangesAtHand
from agentgauge.state.sql import SqlStore


def test_they_are_what_the_store_says_after_each_change(tmp_path: Path) -> None:
    store = SqlStore.of_file(tmp_path / "50% of #1?.db")
    at_hand = ChangesAtHand(store.path)
    store.prepare()
    for _ in range(5):
        with store.transaction() as connection:
            changed(connection, "budgets")
            before = at_hand.counts(("budgets", "alerts"))  # of what is committed
        after = at_hand.counts(("budgets", "alerts"))
        assert after == store.changes("budgets", "alerts") != before
    at_hand.close()
    store.close()


def test_the_store_is_to_be_asked_where_they_are_not_at_hand(tmp_path: Path) -> None:
    assert ChangesAtHand(None).counts(("budgets",)) is None
    missing = ChangesAtHand(tmp_path / "state.db")
    assert missing.counts(("budgets",)) is None
    assert list(tmp_path.iterdir()) == []
    missing.close()
