"""What every store promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agentgauge.errors import StateError
from agentgauge.state.changes import changed
from agentgauge.state.identifiers import last_id, next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Store

Opened = Callable[[], Store]


def _count_and_break(store: Store) -> None:
    with store.transaction() as connection:
        next_id(connection, "thing")
        changed(connection, "budgets")
        raise ZeroDivisionError


def test_asking_about_what_was_never_written_writes_nothing(store: Store, opened: Opened) -> None:
    assert not store.exists
    assert not opened().exists


def test_what_one_wrote_another_reads(store: Store, opened: Opened) -> None:
    with store.transaction() as connection:
        assert [next_id(connection, "thing") for _ in range(3)] == [1, 2, 3]
    other = opened()
    assert other.exists
    with other.reading() as connection:
        assert last_id(connection, "thing") == 3
        assert last_id(connection, "nothing") == 0


def test_a_block_that_raises_changes_nothing(store: Store) -> None:
    with store.transaction() as connection:
        next_id(connection, "thing")
    with pytest.raises(ZeroDivisionError):
        _count_and_break(store)
    with store.reading() as connection:
        assert last_id(connection, "thing") == 1


def test_what_breaks_a_rule_of_the_tables_is_a_state_error_that_repeats_no_values(store: Store) -> None:
    with store.transaction() as connection:
        insert(connection, "changes", topic="secret", count=1)
    with pytest.raises(StateError, match=r"(?i)unique") as raised, store.transaction() as connection:
        insert(connection, "changes", topic="secret", count=2)
    assert "INSERT" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_reader_sees_one_state_while_another_writes(store: Store, opened: Opened) -> None:
    with store.transaction() as connection:
        next_id(connection, "thing")
    with store.reading() as reading:
        before = last_id(reading, "thing")
        with opened().transaction() as connection:
            next_id(connection, "thing")
        assert last_id(reading, "thing") == before == 1
    with store.reading() as reading:
        assert last_id(reading, "thing") == 2


def test_values_come_back_as_they_were(store: Store) -> None:
    """Marks of parameters inside of texts, signs of formats, figures, large numbers and NULL."""
    where = Where().equal(topic="100 % of 'what?'").also("topic LIKE '%?%' AND topic <> '%s'")
    with store.transaction() as connection:
        insert(connection, "changes", topic="100 % of 'what?'", count=2**53)
        assert select(connection, "topic, count", "changes", where, "topic") == [("100 % of 'what?'", 2**53)]
        assert update(connection, "changes", where, count=1) == 1
        assert update(connection, "changes", Where().equal(topic="another"), count=1) == 0


def test_what_one_database_cannot_hold_is_kept_alike_on_all(store: Store) -> None:
    with store.transaction() as connection:
        insert(connection, "changes", topic="a\0b", count=1)
        assert select(connection, "topic", "changes", Where().equal(topic="a\0b"), "topic") == [("a\ufffdb",)]


def test_changes_count_by_topic_and_only_when_they_are_kept(store: Store, opened: Opened) -> None:
    assert store.changes("alerts", "budgets") == (0, 0)
    with store.transaction() as connection:
        changed(connection, "alerts")
        changed(connection, "alerts")
    with pytest.raises(ZeroDivisionError):
        _count_and_break(store)
    assert opened().changes("budgets", "alerts") == (0, 2)


def test_the_clock_is_near_ours(store: Store) -> None:
    with store.transaction() as connection:
        assert abs(store.time(connection) - datetime.now(UTC)) < timedelta(minutes=1)
