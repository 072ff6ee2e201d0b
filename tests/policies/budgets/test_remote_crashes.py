"""Accounts over the network while servers and agents are killed: what was spent is charged once, no dollar twice."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TypeVar

import pytest

import agentgauge
from agentgauge.errors import ServerUnreachable, StateError
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.server_client import ServerClient
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted
from tests.forwarding.shipping import forward
from tests.servers.ports import free_port
from tests.servers.serving import Served, served

RACERS = 8
KILLS, BETWEEN = 3, 25
CALL, COST = Decimal("0.1"), Decimal("0.07")
TICKET = "PROJ-456"
NOTHING = Decimal(0)

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A server that is always found at the same address."""

    home: Path
    port: int
    workers: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def served(self) -> Iterator[Served]:
        options = ("--port", str(self.port), "--workers", str(self.workers), "--no-jobs")
        with (
            (self.home / "log").open("a") as log,
            served(self.home, *options, environment=self.environment, errors=log) as server,
        ):
            yield server


@pytest.fixture(params=["SQLite, 1 worker", "SQLite, 2 workers", "PostgreSQL, 2 workers"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    database, workers = request.param.split(", ")
    environment = (
        {"AGENTGAUGE_DATABASE_URL": request.getfixturevalue("postgres_url")} if database == "PostgreSQL" else {}
    )
    home = tmp_path / "server"
    home.mkdir()
    return Place(home, free_port(), int(workers[0]), environment)


def of(url: str) -> RemoteAccounts:
    return RemoteAccounts(ServerClient(url))


def answered(ask: Callable[[], T]) -> T:
    """Of a server that is away for a while."""
    pause = threading.Event()
    while True:
        try:
            return ask()
        except (ServerUnreachable, StateError):
            pause.wait(0.02)


def asked(accounts: RemoteAccounts, account: Account, id_: str, ttl_s: float = 600) -> Reservation | Refusal:
    return accounts.reserve(account.budget_id, id_, CALL, at_least=CALL, holder=f"process {os.getpid()}", ttl_s=ttl_s)


def charge_of(event: agentgauge.Event | None) -> Charge:
    assert event is not None
    assert event.segment is not None
    assert event.n is not None
    assert event.cost_usd is not None
    return Charge(segment=event.segment, n=event.n, time=event.time, usd=event.cost_usd)


def call(gauge: agentgauge.Gauge) -> Charge:
    values = {"model": "m", "input_tokens": 1, "output_tokens": 1, "cost_usd": COST, "cost_source": "reported"}
    return charge_of(gauge.event("llm_call", values, ticket=TICKET))


def _race(home: Path, url: str, account: Account, number: int, tell: Pipe) -> None:
    """Calls that cost less than was reserved for them, until one is refused."""
    os.environ["AGENTGAUGE_ENDPOINT"] = url
    accounts, calls = of(url), 0
    with agentgauge.open(home) as gauge:
        while True:
            id_ = f"{number}-{calls}"
            if isinstance(answered(lambda: asked(accounts, account, id_)), Refusal):  # noqa: B023 - called at once
                break
            charge = call(gauge)
            answered(lambda: accounts.settle(account.budget_id, id_, [charge], NOTHING))  # noqa: B023
            calls += 1
            tell.send(charge.usd)
    tell.send(None)


@contextmanager
def racing(place: Place, account: Account, homes: list[Path]) -> Iterator[Iterator[Decimal]]:
    """What processes spend that race on one budget, as they do."""
    context = multiprocessing.get_context("spawn")
    racers: list[tuple[SpawnProcess, Pipe]] = []
    for number, home in enumerate(homes):
        hear, tell = context.Pipe(duplex=False)
        racer = context.Process(target=_race, args=(home, place.url, account, number, tell))
        racer.start()
        tell.close()
        racers.append((racer, hear))

    def told() -> Iterator[Decimal]:
        running = [hear for _, hear in racers]
        while running:
            ready = wait(running, 120)
            assert ready, "nobody gets on"
            for hear in ready:
                assert isinstance(hear, Pipe)
                spent = hear.recv()
                if spent is None:
                    running.remove(hear)
                else:
                    yield spent

    try:
        yield told()
    finally:
        for racer, hear in racers:
            racer.join(60)
            hear.close()
    assert [racer.exitcode for racer, _ in racers] == [0] * len(homes)


def test_servers_that_are_killed_leak_nothing_and_charge_nothing_twice(place: Place, tmp_path: Path) -> None:
    """Eight programs race on one budget, and ship what they record; the server dies three times meanwhile."""
    homes = [tmp_path / f"agent-{number}" for number in range(RACERS)]
    spent, limit = NOTHING, CALL * BETWEEN * (KILLS + 1)
    with place.served():
        account = of(place.url).open(Wanted(scope="ticket", name=TICKET, usd=limit), "a program")
    with racing(place, account, homes) as told:
        for _ in range(KILLS):
            with place.served() as server:
                for _, cost in zip(range(BETWEEN), told, strict=False):
                    spent += cost
                server.kill()
        with place.served():
            spent += sum(told)
    with place.served():
        final = answered(lambda: of(place.url).account(account.budget_id))
        assert limit - RACERS * CALL < spent <= limit
        assert (final.spent_usd, final.reserved_usd) == (spent, 0)
        for home in homes:
            forward(home, place.url)
        answered(lambda: of(place.url).recount(account.budget_id))
        counted = of(place.url).account(account.budget_id)
        assert (counted.counted_usd, counted.charged_usd, counted.reserved_usd) == (spent, 0, 0)


def _die(home: Path, url: str, account: Account, tell: Pipe) -> None:
    os.environ["AGENTGAUGE_ENDPOINT"] = "http://127.0.0.1:9"  # nothing listens there: nothing is shipped yet
    assert isinstance(asked(of(url), account, "of-the-dead", ttl_s=0.001), Reservation)
    tell.send(call(agentgauge.open(home)).usd)
    threading.Event().wait()


def test_what_a_killed_agent_had_reserved_is_free_once_its_spending_was_counted(place: Place, tmp_path: Path) -> None:
    """Until then nobody knows how much of it was spent, and nobody else gets it."""
    context = multiprocessing.get_context("spawn")
    with place.served():
        accounts = of(place.url)
        account = accounts.open(Wanted(scope="ticket", name=TICKET, usd=CALL), "a program")
        hear, tell = context.Pipe(duplex=False)
        agent = context.Process(target=_die, args=(tmp_path / "agent", place.url, account, tell))
        agent.start()
        tell.close()
        assert hear.poll(60)
        assert hear.recv() == COST
        agent.kill()
        agent.join(60)
        hear.close()
        refused = asked(accounts, account, "r-1")
        assert isinstance(refused, Refusal)
        assert (refused.orphaned_usd, refused.account.spent_usd) == (CALL, 0)
        forward(tmp_path / "agent", place.url)
        accounts.recount(account.budget_id)
        after = accounts.account(account.budget_id)
        assert (after.counted_usd, after.reserved_usd, after.remaining_usd) == (COST, 0, CALL - COST)
