"""Budgets of a home, in its state file; and of a process that keeps its events in memory."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from agentgauge.errors import StateError
from agentgauge.settings import Settings
from agentgauge.state.budget_account import Account, Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.schema import migrations
from agentgauge.state.store import Connection, Store

WAIT_S = 1.0
"""How long a guard waits for others who write to the state file."""
COUNT_S = 20.0
"""How long it waits for a count."""


class LocalAccounts(BudgetAccounts):
    """Implements `agentgauge.policies.budgets.accounts.Accounts`."""

    def __init__(self, store: Store, recount: Callable[[int], None]) -> None:
        super().__init__(store)
        self._recount = recount

    def recount(self, budget_id: int) -> None:
        self._recount(budget_id)


def of_home(settings: Settings) -> LocalAccounts:
    """Those of the settings' home."""
    store = KeptDatabase(settings.home.root / "state.db", wait_s=WAIT_S)
    return LocalAccounts(store, lambda budget_id: count_in_a_process(settings, budget_id))


def count_in_a_process(settings: Settings, budget_id: int) -> None:
    """Count a budget from the events, in a process of its own: DuckDB is not brought into an agent.

    A second or so, and `COUNT_S` at most. Raises `StateError` where it failed.
    """
    import subprocess  # deferred: most programs are counted by others
    import sys

    home = settings.home
    environment = {name: value for name, value in os.environ.items() if name != "AGENTGAUGE_ENDPOINT"}
    where = home.lake.removesuffix("/lake") if home.lake_is_remote else str(home.root)
    if settings.prices_file is not None:
        environment["AGENTGAUGE_PRICES"] = str(settings.prices_file)
    command = [sys.executable, "-m", "agentgauge.service.recounting", "--home", where, "--budget", str(budget_id)]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and a number
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COUNT_S
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise StateError(f"counting the budget's events failed: {error}") from error
    if done.returncode:
        raise StateError(f"counting the budget's events failed: {(done.stderr.strip() or 'no reason given')[-300:]}")


class InMemoryAccounts(BudgetAccounts):
    """Budgets of one process, gone with it. Nothing recorded before them is known, so they need no count."""

    def __init__(self) -> None:
        super().__init__(_MemoryStore())

    def open(self, wanted: Wanted, actor: str) -> Account:
        return msgspec.structs.replace(super().open(wanted, actor), counted_at=datetime.now(UTC))

    def recount(self, budget_id: int) -> None:
        return None


class _MemoryStore:
    """Implements `agentgauge.state.store.Store` on one connection, which threads take in turn."""

    exists = True

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        for migration in migrations():
            for statement in migration.statements:
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    reading = transaction

    def changes(self, *topics: str) -> tuple[int, ...]:
        return (0,) * len(topics)

    def time(self, connection: Connection) -> datetime:
        return datetime.now(UTC)
