"""Leases: one holder at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentgauge.state.leases import LeaseBook
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self, _connection: object) -> datetime:
        return self.now


def test_a_lease_is_had_by_one_until_it_runs_out(store: Store) -> None:
    clock = Clock()
    book = LeaseBook(store, clock)
    lease = book.take("jobs", "a", 30)
    assert lease is not None
    assert (lease.term, lease.until) == (1, NOON + timedelta(seconds=30))
    assert book.take("jobs", "b", 30) is None
    assert book.held("jobs") == lease
    clock.now += timedelta(seconds=30)
    assert book.held("jobs") is None
    second = book.take("jobs", "b", 30)
    assert second is not None
    assert second.term == 2
    assert book.renew(lease, 30) is None
    book.release(lease)
    assert book.held("jobs") == second


def test_a_lease_by_a_clock_that_was_years_ahead_keeps_nobody_away(store: Store) -> None:
    clock = Clock()
    book = LeaseBook(store, clock)
    clock.now += timedelta(days=2000)
    assert book.take("jobs", "a process that died", 30) is not None
    clock.now = NOON
    second = book.take("jobs", "b", 30)
    assert second is not None
    assert (second.term, second.until) == (2, NOON + timedelta(seconds=30))
    clock.now -= timedelta(seconds=5)  # as clocks are set
    assert book.take("jobs", "c", 30) is None


def test_renewing_keeps_the_term_also_late_where_nobody_took_it(store: Store) -> None:
    clock = Clock()
    book = LeaseBook(store, clock)
    lease = book.take("jobs", "a", 30)
    assert lease is not None
    clock.now += timedelta(seconds=50)
    renewed = book.renew(lease, 30)
    assert renewed is not None
    assert (renewed.term, renewed.until) == (1, clock.now + timedelta(seconds=30))
    assert book.take("jobs", "b", 30) is None
    again = book.take("jobs", "a", 60)
    assert again is not None
    assert again.term == 1


def test_a_released_lease_is_free_at_once_and_others_are_not_touched(store: Store) -> None:
    book = LeaseBook(store)
    lease, other = book.take("jobs", "a", 30), book.take("compaction", "a", 30)
    assert lease is not None
    book.release(lease)
    assert book.held("jobs") is None
    assert book.held("compaction") == other
    taken = book.take("jobs", "b", 30)
    assert taken is not None
    assert taken.term == 2


def test_nothing_is_held_where_nothing_was_written(store: Store) -> None:
    assert LeaseBook(store).held("jobs") is None
    assert not store.exists
