"""Accounts of every kind, on each of which holds what a guard relies on; and for its tests a home, a gauge, a clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

import agentgauge
from agentgauge.policies.budgets.accounts import Accounts
from agentgauge.policies.budgets.local import InMemoryAccounts, of_home
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.server_client import ServerClient
from agentgauge.settings import get_settings
from agentgauge.state.budget_account import Account, Charge, Wanted
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.sql import SqlStore
from agentgauge.state.store import Store
from tests.policies.budgets.guarding import Hands
from tests.servers.serving import served

SHARED = ("file", "http, SQLite", "http, PostgreSQL")
"""Kinds that several programs have in common."""
KINDS = (*SHARED, "memory")
SEGMENT = "5be0ad1c9f27-000003"


class Readable(Accounts, Protocol):
    """Accounts that also say how one stands."""

    def account(self, budget_id: int) -> Account: ...


@dataclass(frozen=True)
class Place:
    """Where accounts are kept: how any process gets at them, and at what is behind them."""

    home: Path
    """Whose events count."""
    url: str | None = None
    database: str | None = None
    memory: InMemoryAccounts | None = None

    def accounts(self) -> Readable:
        """As a program of its own has them."""
        if self.memory is not None:
            return self.memory
        return of_home(get_settings(self.home)) if self.url is None else RemoteAccounts(ServerClient(self.url))

    def store(self) -> Store:
        """What is behind them; not of memory."""
        if self.database is not None:
            return SqlStore(self.database, keep_open=False)
        return KeptDatabase(self.home / "state.db")


@dataclass(frozen=True)
class Shelf:
    """Accounts, and budgets in them that no other test has."""

    place: Place
    accounts: Readable
    name: str

    def made(self, usd: str = "10", name: str = "", **wanted: object) -> Account:
        """A budget that a program makes."""
        return self.accounts.open(self.wanted(usd, name, **wanted), "a program")

    def wanted(self, usd: str | None, name: str = "", **wanted: object) -> Wanted:
        limit = None if usd is None else Decimal(usd)
        return Wanted(scope="ticket", name=f"{self.name}{name}", usd=limit, **wanted)  # type: ignore[arg-type]

    def set_by_a_person(self, usd: str) -> None:
        terms = Terms(scope="ticket", name=self.name, total_usd=Decimal(usd), start=datetime(2026, 1, 1, tzinfo=UTC))
        BudgetBook(self.place.store()).create(terms, "a person", datetime.now(UTC))


def a_charge(n: int, usd: str, time: datetime | None = None) -> Charge:
    return Charge(segment=SEGMENT, n=n, time=time or datetime.now(UTC), usd=Decimal(usd))


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("accounts")
    match request.param:
        case "memory":
            yield Place(home, memory=InMemoryAccounts())
        case "file":
            yield Place(home)
        case "http, SQLite":
            with _server(home) as url:
                yield Place(home, url)
        case _:
            server: str = request.getfixturevalue("_postgres")
            name = f"agentgauge_accounts_{os.getpid()}"
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
                database = f"{server.rpartition('/')[0]}/{name}"
                with _server(home, database) as url:
                    yield Place(home, url, database)
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _server(home: Path, database: str | None = None) -> Iterator[str]:
    environment = {} if database is None else {"AGENTGAUGE_DATABASE_URL": database}
    with (home / "log").open("w") as log, served(home, "--no-jobs", environment=environment, errors=log) as server:
        yield server.url


@pytest.fixture
def shelf(place: Place, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(place, place.accounts(), request.node.name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home) as gauge:
        yield gauge


@pytest.fixture
def hands() -> Hands:
    return Hands()
