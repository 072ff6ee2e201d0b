"""Counts that agents ask for: one at a time, shared by all who wait, and none where it would change nothing."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from agentgauge.errors import NotFound, StateError
from agentgauge.meter import Meter
from agentgauge.service.shared_counts import SharedCounts
from agentgauge.settings import get_settings
from agentgauge.state.budget_account import Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.kept import KeptDatabase

SECONDS = 30


class Counter:
    """Counts nothing; each count ends when the test says so."""

    def __init__(self) -> None:
        self.counted: list[set[int]] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.missing: set[int] = set()

    def __call__(self, ids: Collection[int]) -> None:
        self.counted.append(set(ids))
        self.begun.release()
        assert self.may_end.acquire(timeout=SECONDS)
        if self.missing & set(ids):
            raise NotFound("no budget")


@pytest.fixture
def store(tmp_path: Path) -> KeptDatabase:
    return KeptDatabase(tmp_path / "state.db")


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def counts(tmp_path: Path, store: KeptDatabase, counter: Counter) -> Iterator[SharedCounts]:
    counts = SharedCounts(Meter(get_settings(tmp_path)), store, counter, fresh=timedelta(hours=1))
    yield counts
    for _ in range(9):
        counter.may_end.release()
    counts.close()


def made(store: KeptDatabase, name: str, since: datetime | None = None) -> int:
    wanted = Wanted(scope="ticket", name=name, usd=Decimal(1), since=since)
    return BudgetAccounts(store).open(wanted, "a program").budget_id


def test_who_asks_while_a_count_runs_shares_the_next(counts: SharedCounts, counter: Counter) -> None:
    first = counts.counted(1)
    assert counter.begun.acquire(timeout=SECONDS)
    later = [counts.counted(id_) for id_ in (1, 2, 1, 3)]
    counter.may_end.release()
    first.result(SECONDS)
    assert not any(one.done() for one in later), "the first may not have seen what they ask about"
    counter.may_end.release()
    for one in later:
        one.result(SECONDS)
    assert counter.counted == [{1}, {1, 2, 3}]


def test_a_budget_that_is_gone_keeps_no_other_from_being_counted(
    counts: SharedCounts, counter: Counter, store: KeptDatabase
) -> None:
    counter.missing = {77}
    there = made(store, "PROJ-1")
    running = counts.counted(5)
    assert counter.begun.acquire(timeout=SECONDS)
    both = [counts.counted(there), counts.counted(77)]
    for _ in range(3):
        counter.may_end.release()
    running.result(SECONDS)
    for one in both:
        one.result(SECONDS)
    assert counter.counted == [{5}, {there, 77}, {there}]


def test_what_goes_wrong_is_told_to_all_who_wait_and_the_next_count_is_another(
    tmp_path: Path, store: KeptDatabase
) -> None:
    troubles = [StateError("no state"), None]

    def count(ids: Collection[int]) -> None:
        if (trouble := troubles.pop(0)) is not None:
            raise trouble

    counts = SharedCounts(Meter(get_settings(tmp_path)), store, count)
    with pytest.raises(StateError, match="no state"):
        counts.counted(1).result(SECONDS)
    counts.counted(1).result(SECONDS)
    counts.close()


def test_a_budget_that_was_just_counted_is_fresh(counts: SharedCounts, store: KeptDatabase) -> None:
    assert counts.is_fresh(made(store, "begins now, so there is nothing to count"))
    assert not counts.is_fresh(made(store, "was never counted", datetime.now(UTC) - timedelta(days=1)))


def test_it_is_not_fresh_once_a_reservation_has_expired_that_a_count_would_free(
    counts: SharedCounts, store: KeptDatabase
) -> None:
    budget_id, half = made(store, "PROJ-1"), Decimal("0.5")
    accounts = BudgetAccounts(store)
    accounts.reserve(budget_id, "a", half, at_least=half, holder="a", ttl_s=60)
    assert counts.is_fresh(budget_id)
    accounts.reserve(budget_id, "b", half, at_least=half, holder="b", ttl_s=0.000_001)
    while counts.is_fresh(budget_id):
        pass  # until the clock has turned by a microsecond
    assert not counts.is_fresh(budget_id)
