"""Guards on a clock of the test's, and what the state file says of their budgets."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import agentgauge
from agentgauge.meter import Meter
from agentgauge.policies.budgets import opening
from agentgauge.policies.budgets.accounts import Accounts
from agentgauge.policies.budgets.keeper import Keeper
from agentgauge.policies.budgets.local import WAIT_S, LocalAccounts
from agentgauge.service.budgets import uses
from agentgauge.service.recounting import recount
from agentgauge.settings import get_settings
from agentgauge.state.budget_account import Account
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of
from agentgauge.state.kept import KeptDatabase


class Hands:
    """A clock that a test turns, and a keeper's thread that it is itself."""

    def __init__(self) -> None:
        self.now = time.time()
        self.paused: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None
        """What others do while a guard waits."""
        self.aside: list[Callable[[], object]] = []
        """What was to be done beside the program."""

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += seconds
        self.meanwhile()

    def start(self, work: Callable[[], object]) -> None:
        self.aside.append(work)


@contextmanager
def kept_by(gauge: agentgauge.Gauge, accounts: Callable[[], Accounts], hands: Hands) -> Iterator[Keeper]:
    """The gauge's budgets, minded by the test."""
    settings = gauge.settings
    keeper = Keeper(accounts, clock=hands.clock, pause=hands.pause, start=hands.start)
    opening._keepers[settings] = keeper  # else it is the one of the process, with its clock
    try:
        yield keeper
    finally:
        keeper.settle()
        del opening._keepers[settings]


class _Clocked(KeptDatabase):
    """The state file of a machine that has the test's clock."""

    def __init__(self, home: Path, hands: Hands) -> None:
        super().__init__(home / "state.db", wait_s=WAIT_S)
        self._hands = hands

    def time(self, connection: sqlite3.Connection) -> datetime:
        return datetime.fromtimestamp(self._hands.now, UTC)


def local(home: Path, hands: Hands) -> Callable[[], LocalAccounts]:
    """Accounts as a program has them, which count in this process."""

    def count(budget_id: int) -> None:
        recount(Meter(get_settings(home)), _Clocked(home, hands), [budget_id])

    return lambda: LocalAccounts(_Clocked(home, hands), count)


def account(home: Path, budget_id: int = 1, at: datetime | None = None) -> Account:
    return BudgetAccounts(state_of(get_settings(home).home)).account(budget_id, at)


def counted(home: Path, budget_id: int = 1) -> Account:
    """How it stands after a count."""
    recount(Meter(get_settings(home)), KeptDatabase(home / "state.db"), [budget_id])
    return account(home, budget_id)


def used(home: Path, budget_id: int = 1) -> Decimal:
    """What the events say."""
    store = state_of(get_settings(home).home)
    budget = BudgetBook(store).get(budget_id)
    with Meter(get_settings(home)).engine() as engine:
        return uses(engine, store, [budget], datetime.now(UTC))[budget_id].cost_usd
