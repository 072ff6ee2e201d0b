"""Guards of programs on several machines, as users run them: a budget of a server, which may be killed."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import BudgetExceeded
from agentgauge.settings.recording import BudgetPolicy
from agentgauge.state.budget_account import Account, Wanted
from tests.policies.budgets.races import Site, answered, of, racing, ship, site_of

PROGRAMS = 4
LIMIT, CALL, COST = Decimal(3), Decimal("0.1"), Decimal("0.07")
NOTHING = Decimal(0)
LONGEST = 4000
"""Calls of one program, which is an agent that never ends by itself."""


@pytest.fixture(params=["SQLite, 1 worker", "PostgreSQL, 2 workers"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return site_of(request.param, request, tmp_path)


def _agent(home: Path, url: str, policy: BudgetPolicy, tell: Pipe) -> None:
    """Calls until the budget says no, and says why."""
    os.environ["AGENTGAUGE_ENDPOINT"] = url
    pause = threading.Event()
    with agentgauge.open(home) as gauge:
        try:
            with gauge.budget("ticket:PROJ-456", usd=LIMIT, policy=policy) as budget:
                for _ in range(LONGEST):
                    with budget.call(max_usd=CALL):
                        gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd=COST)
                    tell.send(COST)
                    pause.wait(0.01)
            said = "went on"
        except BudgetExceeded as exceeded:
            said = "exceeded" if exceeded.limit_usd is not None else "could not be checked"
    tell.send(said)


def open_counted(site: Site) -> None:
    """The budget, counted before programs enter it: who waits five seconds in vain for a first count stops at once."""
    wanted = Wanted(scope="ticket", name="PROJ-456", usd=LIMIT)
    id_ = answered(site.url, lambda accounts: accounts.open(wanted, "a test").budget_id)
    answered(site.url, lambda accounts: accounts.recount(id_))


def counted(site: Site, homes: list[Path]) -> Account:
    """The account once everything that the programs recorded was shipped and counted."""
    ship(homes, site.url)
    shipped = datetime.now(UTC)
    wanted = Wanted(scope="ticket", name="PROJ-456")
    id_ = of(site.url).open(wanted, "a test").budget_id
    pause = threading.Event()
    while True:
        answered(site.url, lambda accounts: accounts.recount(id_))
        account = answered(site.url, lambda accounts: accounts.account(id_))
        if account.counted_at is not None and account.counted_at >= shipped:
            return account
        pause.wait(0.05)  # a server does not count twice within a second


def test_programs_on_several_machines_spend_what_there_is_and_not_a_dollar_more(site: Site, tmp_path: Path) -> None:
    homes = [tmp_path / f"machine-{number}" for number in range(PROGRAMS)]
    with site.served():
        open_counted(site)
        with racing(_agent, homes, site.url, "fail_closed") as said:
            words = list(said)
        assert words.count("exceeded") == PROGRAMS
        spent = sum((word for word in words if isinstance(word, Decimal)), NOTHING)
        assert LIMIT - PROGRAMS * CALL < spent <= LIMIT
        account = counted(site, homes)
        assert (account.counted_usd, account.charged_usd, account.reserved_usd) == (spent, 0, 0)


def test_with_fail_closed_no_program_goes_on_without_the_server(site: Site, tmp_path: Path) -> None:
    homes = [tmp_path / f"machine-{number}" for number in range(PROGRAMS)]
    with site.served() as server:
        open_counted(site)
        with racing(_agent, homes, site.url, "fail_closed") as said:
            words = [next(said) for _ in range(PROGRAMS)]
            server.kill()
            words += said
    assert set(words) - {COST} <= {"exceeded", "could not be checked"}
    spent = sum((word for word in words if isinstance(word, Decimal)), NOTHING)
    assert spent <= LIMIT
    with site.served():
        account = counted(site, homes)
        assert (account.counted_usd, account.charged_usd) == (spent, 0)


def test_with_fail_open_it_goes_on_and_stops_once_the_server_is_back(site: Site, tmp_path: Path) -> None:
    home = tmp_path / "machine"
    with ExitStack() as stack:
        server = stack.enter_context(site.served())
        open_counted(site)
        said = stack.enter_context(racing(_agent, [home], site.url, "fail_open"))
        words = [next(said) for _ in range(10)]
        server.kill()
        words += [next(said) for _ in range(60)]
        assert sum(words, NOTHING) > LIMIT, "nobody could say that this was too much"
        stack.enter_context(site.served())
        words += said
        assert words.pop() == "exceeded"
        account = counted(site, [home])
        untold = account.counted_usd - sum(words, NOTHING)
        assert untold in (NOTHING, COST), "the call that ended it may have been recorded before it was said"
        assert account.charged_usd == 0
