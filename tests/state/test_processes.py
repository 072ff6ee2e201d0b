"""Several processes with one database: nothing is lost, no id is given twice, one holds a lease."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest

from agentgauge.errors import Conflict, Outdated
from agentgauge.state.agents import AgentBook, AgentName
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.alerts import Terms as AlertTerms
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.changes import changed
from agentgauge.state.database import Database
from agentgauge.state.identifiers import last_id, next_id
from agentgauge.state.leases import LeaseBook
from agentgauge.state.sql import SqlStore
from agentgauge.state.store import Store

PROCESSES, TIMES = 4, 20
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TWO_HOURS = AlertTerms(clear_after=2)
TERMS = Terms(scope="agent", name="coder", total_usd=Decimal(10), start=NOON)


@pytest.fixture(params=["plain", "sqlite", "postgresql", "plain and sqlite"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """How each process opens the same database: a path for the plain file, a URL for SQLAlchemy."""
    path = str(tmp_path / "state.db")
    match request.param:
        case "plain":
            return [path] * PROCESSES
        case "sqlite":
            return [f"sqlite:///{path}"] * PROCESSES
        case "postgresql":
            return [request.getfixturevalue("postgres_url")] * PROCESSES
    return [path, f"sqlite:///{path}"] * (PROCESSES // 2)


@contextmanager
def _opened(place: str) -> Iterator[Store]:
    if "://" not in place:
        yield Database(Path(place))
        return
    store = SqlStore(place)
    yield store
    store.close()


def _work(place: str, start: Pipe, answers: Pipe) -> None:
    start.recv()  # all begin together, with a database that is not there yet
    with _opened(place) as store:
        answers.send(Found(_count(store), _meet(store), _take(store), *_create_and_change(store), _alarm(store)))


@dataclass
class Found:
    """What one of the processes came by."""

    given: list[int]
    agents: dict[AgentName, int]
    has_lease: bool
    has_created: bool
    has_changed: bool
    alerts_opened: int


def _at_once(places: list[str]) -> list[Found]:
    """What several processes found that did the same at the same time."""
    context = multiprocessing.get_context("spawn")
    workers = []
    for place in places:
        (hear, start), (answer, tell) = context.Pipe(duplex=False), context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(place, hear, tell))
        worker.start()
        workers.append((worker, start, answer))
    for _, start, _ in workers:
        start.send("go")
    found = []
    for worker, start, answer in workers:
        assert answer.poll(120)
        found.append(answer.recv())
        worker.join(60)
        assert worker.exitcode == 0
        start.close()
        answer.close()
    return found


def _count(store: Store) -> list[int]:
    given = []
    for _ in range(TIMES):
        with store.transaction() as connection:
            before = last_id(connection, "thing")
            given.append(next_id(connection, "thing"))
            assert given[-1] == before + 1, "another changed what this block had read"
            changed(connection, "things")
    return given


def _meet(store: Store) -> dict[AgentName, int]:
    book = AgentBook(store)
    for number in range(TIMES):
        book.ids([AgentName(f"agent {(os.getpid() + number) % TIMES}")])
    return book.ids(AgentName(f"agent {number}") for number in range(TIMES))


def _take(store: Store) -> bool:
    return LeaseBook(store).take("jobs", f"process {os.getpid()}", 3600) is not None


def _create_and_change(store: Store) -> tuple[bool, bool]:
    book, actor = BudgetBook(store), str(os.getpid())
    created = changed_it = True
    try:
        book.create(TERMS, actor, NOON)
    except Conflict:
        created = False
    try:
        book.replace(1, TERMS, actor, NOON, version=1)
    except Outdated:
        changed_it = False
    return created, changed_it


def _alarm(store: Store) -> int:
    """Finds the same to be wrong, and then over, again and again for one hour, as two servers would whose lease has
    just changed hands."""
    book = AlertBook(store)
    found = Detected(condition="c", rule="r", type="anomaly", severity="info", metric="cost", message="odd")
    opened = sum(book.detect(found, NOON)[1] for _ in range(TIMES))
    opened += sum(book.evaluated("r", [found], NOON).get("opened", 0) for _ in range(TIMES))
    for _ in range(TIMES):
        book.evaluated("r", [], NOON, terms=TWO_HOURS)
    return opened


def test_processes_that_make_and_write_it_at_once_lose_nothing_and_agree(places: list[str]) -> None:
    """No update is lost, no id is given twice, an agent has one id for all, one has the lease, one makes the budget,
    of those who change the same version of it one succeeds, what all find wrong is one alert, and the hour in which all
    find it over is one hour."""
    found = _at_once(places)
    assert sorted(number for one in found for number in one.given) == list(range(1, PROCESSES * TIMES + 1))
    assert all(one.agents == found[0].agents for one in found)
    assert sorted(found[0].agents.values()) == list(range(1, TIMES + 1))
    assert sum(one.has_lease for one in found) == 1
    assert sum(one.has_created for one in found) == 1
    assert sum(one.has_changed for one in found) == 1
    assert sum(one.alerts_opened for one in found) == 1
    with _opened(places[0]) as store:
        assert store.changes("things") == (PROCESSES * TIMES,)
        assert BudgetBook(store).get(1).version == 2
        assert [step.kind for step in AlertBook(store).history(1)] == ["opened"]
        assert AlertBook(store).get(1).clear_count == 1


def test_a_forked_child_has_connections_of_its_own(opened: Callable[[], Store]) -> None:
    store = opened()
    with store.transaction() as connection:
        next_id(connection, "thing")
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_count, args=(store,))
    child.start()
    _count(store)
    child.join(60)
    assert child.exitcode == 0
    with store.reading() as connection:
        assert last_id(connection, "thing") == 1 + 2 * TIMES
