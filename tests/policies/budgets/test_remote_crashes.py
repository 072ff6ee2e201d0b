"""Accounts over the network while servers and agents are killed: what was spent is charged once, no dollar twice."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
from contextlib import ExitStack
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest

import agentgauge
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted
from tests.forwarding.shipping import NOBODY, forward
from tests.policies.budgets.races import Site, answered, of, racing, ship, site_of

RACERS = 4
KILLS, BETWEEN = 2, 25
CALL, COST = Decimal("0.1"), Decimal("0.07")
TICKET = "PROJ-456"
NOTHING = Decimal(0)


@pytest.fixture(params=["SQLite, 2 workers", "PostgreSQL, 1 worker"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return site_of(request.param, request, tmp_path)


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


def _race(home: Path, url: str, account: Account, tell: Pipe) -> None:
    """Calls that cost less than was reserved for them, until one is refused."""
    os.environ["AGENTGAUGE_ENDPOINT"] = url
    accounts, calls = of(url), 0
    with agentgauge.open(home) as gauge:
        while True:
            id_ = f"{home.name}-{calls}"
            if isinstance(answered(url, lambda one: asked(one, account, id_), accounts), Refusal):  # noqa: B023 - called at once
                break
            charge = call(gauge)
            answered(url, lambda one: one.settle(account.budget_id, id_, [charge], NOTHING), accounts)  # noqa: B023
            calls += 1
            tell.send(charge.usd)
    tell.send("refused")


def test_servers_that_are_killed_leak_nothing_and_charge_nothing_twice(site: Site, tmp_path: Path) -> None:
    """Programs race on one budget, and ship what they record; the server dies twice meanwhile."""
    homes = [tmp_path / f"agent-{number}" for number in range(RACERS)]
    spent, limit = NOTHING, CALL * BETWEEN * (KILLS + 1)
    with ExitStack() as until_none_is_left:
        server = until_none_is_left.enter_context(site.served())
        account = of(site.url).open(Wanted(scope="ticket", name=TICKET, usd=limit), "a program")
        with racing(_race, homes, site.url, account) as said:
            costs = (word for word in said if isinstance(word, Decimal))
            for _ in range(KILLS):
                spent += sum(itertools.islice(costs, BETWEEN))
                server.kill()
                server = until_none_is_left.enter_context(site.served())
            spent += sum(costs)
        final = answered(site.url, lambda one: one.account(account.budget_id))
        assert limit - RACERS * CALL < spent <= limit
        assert (final.spent_usd, final.reserved_usd) == (spent, 0)
        ship(homes, site.url)
        answered(site.url, lambda one: one.recount(account.budget_id))
        counted = of(site.url).account(account.budget_id)
        assert (counted.counted_usd, counted.charged_usd, counted.reserved_usd) == (spent, 0, 0)


def _die(home: Path, url: str, account: Account, tell: Pipe) -> None:
    os.environ["AGENTGAUGE_ENDPOINT"] = NOBODY  # nothing is shipped yet
    assert isinstance(asked(of(url), account, "of-the-dead", ttl_s=0.001), Reservation)
    tell.send(call(agentgauge.open(home)).usd)
    threading.Event().wait()


def test_what_a_killed_agent_had_reserved_is_free_once_its_spending_was_counted(site: Site, tmp_path: Path) -> None:
    """Until then nobody knows how much of it was spent, and nobody else gets it."""
    context = multiprocessing.get_context("spawn")
    with site.served():
        accounts = of(site.url)
        account = accounts.open(Wanted(scope="ticket", name=TICKET, usd=CALL), "a program")
        hear, tell = context.Pipe(duplex=False)
        agent = context.Process(target=_die, args=(tmp_path / "agent", site.url, account, tell))
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
        forward(tmp_path / "agent", site.url)
        accounts.recount(account.budget_id)
        after = accounts.account(account.budget_id)
        assert (after.counted_usd, after.reserved_usd, after.remaining_usd) == (COST, 0, CALL - COST)
