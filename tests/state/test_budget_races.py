"""Eight processes at one budget, on every store: no dollar is granted twice, and none is left over."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest

from agentgauge.state.budget_account import Charge, Reservation, Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_counts import BudgetCounts, Count
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.sql import SqlStore
from agentgauge.state.store import Store

PROCESSES, CALLS = 8, 20
CALL, COST = Decimal("0.02"), Decimal("0.0125")
"""What a call may cost, and does."""


@pytest.fixture(params=["kept", "postgresql", "kept and sqlite"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """How each process opens the same database."""
    path = str(tmp_path / "state.db")
    match request.param:
        case "kept":
            return [path] * PROCESSES
        case "postgresql":
            return [request.getfixturevalue("postgres_url")] * PROCESSES
    return [path, f"sqlite:///{path}"] * (PROCESSES // 2)


@contextmanager
def _opened(place: str) -> Iterator[Store]:
    store = SqlStore(place) if "://" in place else KeptDatabase(Path(place))
    yield store
    store.close()


def _spend(place: str, usd: str, start: Pipe, answers: Pipe, dies: bool) -> None:
    """Call until the budget refuses; each call is told twice, as where an answer was lost."""
    start.recv()
    with _opened(place) as store:
        accounts, name = BudgetAccounts(store), f"agent-{os.getpid()}"
        budget = accounts.open(Wanted(scope="ticket", name="PROJ-456", usd=Decimal(usd)), name).budget_id
        calls = 0
        for n in range(CALLS):
            id_ = f"{name}-{n}"
            answer = accounts.reserve(budget, id_, CALL, at_least=CALL, holder=name, ttl_s=0 if dies else 600)
            if not isinstance(answer, Reservation):
                break
            assert answer.account.spent_usd + answer.account.reserved_usd <= answer.account.limit_usd
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            charge = Charge(segment=name, n=n, time=datetime.now(UTC), usd=COST)
            for _ in range(2):
                accounts.settle(budget, id_, [charge], Decimal(0))
    answers.send(calls)


def _at_once(places: list[str], usd: str, dying: int = 0) -> int:
    """How many calls several processes made together, of which the first few die in their first one."""
    context = multiprocessing.get_context("spawn")
    workers = []
    for number, place in enumerate(places):
        (hear, start), (answer, tell) = context.Pipe(duplex=False), context.Pipe(duplex=False)
        worker = context.Process(target=_spend, args=(place, usd, hear, tell, number < dying))
        worker.start()
        tell.close()
        workers.append((worker, start, answer))
    for _, start, _ in workers:
        start.send("go")
    calls = 0
    for number, (worker, start, answer) in enumerate(workers):
        worker.join(120)
        assert worker.exitcode == (-signal.SIGKILL if number < dying else 0)
        calls += answer.recv() if number >= dying else 0
        start.close()
        answer.close()
    return calls


def test_processes_that_race_spend_no_more_than_there_is(places: list[str]) -> None:
    calls = _at_once(places, "1")
    with _opened(places[0]) as store:
        account = BudgetAccounts(store).account(1)
        assert account.charged_usd == calls * COST
        assert account.reserved_usd == 0
        # A call is refused where what is left is less than it may cost, what others had reserved then included.
        assert account.limit_usd - PROCESSES * CALL < account.spent_usd <= account.limit_usd
        assert BudgetBook(store).budgets()[0].id == 1
        assert len(BudgetBook(store).budgets()) == 1


def test_a_crash_leaks_nothing(places: list[str]) -> None:
    """What processes that were killed had reserved is free again once it was counted what they spent."""
    _at_once(places[-4:], "100", dying=2)
    with _opened(places[-1]) as store:
        accounts, counts = BudgetAccounts(store), BudgetCounts(store)
        before = accounts.account(1)
        assert before.reserved_usd == 2 * CALL
        budget, now = BudgetBook(store).get(1), counts.now()
        told = frozenset(one.identity for one in counts.unseen(1, before.period_start))
        found = Count(
            start=before.period_start, usd=before.charged_usd, began=now, opened=now, seen=told, missing=frozenset()
        )
        assert counts.keep(budget, found) == ()
        after = accounts.account(1)
        assert (after.spent_usd, after.reserved_usd) == (before.spent_usd, 0)
