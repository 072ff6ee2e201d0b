"""Budgets as the command line asks for them, wherever they are kept: in a home, or by the server that it ships to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from agentgauge.cli.homes import check_writable, note_absent
from agentgauge.errors import LakeError, StateError
from agentgauge.forwarding.spool import read_spool
from agentgauge.meter import Meter
from agentgauge.service.budgets import BudgetState, states, unrecorded
from agentgauge.service.named_budgets import Asked, Named, set_budget, the_budget
from agentgauge.service.recounting import recount
from agentgauge.settings import get_settings
from agentgauge.settings.server import get_server_settings
from agentgauge.state.audit import Act, AuditLog
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_ledger import Held
from agentgauge.state.budget_terms import Budget, BudgetPeriod
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.opening import shared_state
from agentgauge.state.store import Store

_ACTOR = "command line"


class Changed(msgspec.Struct, frozen=True):
    state: BudgetState
    before: Named | None
    """As it was; None of a new one."""
    note: str | None
    """Where nothing was recorded yet of what it is of."""


class Shown(msgspec.Struct, frozen=True):
    state: BudgetState
    reservations: Sequence[Held] | None = None
    """None where only a sum is known."""
    last_change: Act | None = None


class KeptBudgets(Protocol):
    """Every one raises `QueryError` and `StateError`."""

    def set(self, asked: Asked, now: datetime) -> Changed: ...

    def all(self) -> Sequence[BudgetState]: ...

    def one(self, which: str, period: BudgetPeriod | None, project: str | None) -> Shown: ...

    def remove(self, which: str, period: BudgetPeriod | None, project: str | None) -> Named:
        """The budget that there is no more."""
        ...


def kept_budgets(home: str | None) -> KeptBudgets:
    """Of the server that the home ships to, else of the home. Raises `SettingsError`."""
    settings = get_settings(home)
    spool = read_spool(settings.home.root)
    if endpoint := settings.endpoint or (None if spool is None else spool.target.endpoint):
        from agentgauge.cli.server_budgets import ServerBudgets  # deferred: it is another's budgets that need it
        from agentgauge.server_client import ServerClient

        return ServerBudgets(ServerClient(endpoint, settings.api_key))
    of_server = get_server_settings(home)
    return HomeBudgets(Meter(of_server.recording), shared_state(of_server))


class HomeBudgets:
    """Implements `KeptBudgets`."""

    def __init__(self, meter: Meter, store: Store) -> None:
        self._meter = meter
        self._store = store
        self._book = BudgetBook(store)

    def set(self, asked: Asked, now: datetime) -> Changed:
        check_writable(self._meter.settings.home)
        done = set_budget(self._book, asked, _ACTOR, now)
        recount(self._meter, self._store, [done.budget.id])
        with self._meter.engine() as engine:
            state = states(engine, self._store, (done.budget,), now)[0]
            return Changed(state, done.before, unrecorded(engine, done.budget))

    def all(self) -> tuple[BudgetState, ...]:
        note_absent(self._meter.settings.home)
        return self._states(self._book.budgets())

    def one(self, which: str, period: BudgetPeriod | None, project: str | None) -> Shown:
        note_absent(self._meter.settings.home)
        (state,) = self._states((the_budget(self._book, which, period, project),))
        acts = AuditLog(self._store).acts(subject=f"budget {state.id}", limit=1)
        return Shown(state, BudgetAccounts(self._store).reservations(state.id), acts[0] if acts else None)

    def remove(self, which: str, period: BudgetPeriod | None, project: str | None) -> Budget:
        found = the_budget(self._book, which, period, project)
        self._book.delete(found.id, _ACTOR, datetime.now(UTC), version=found.version)
        return found

    def _states(self, chosen: Sequence[Budget]) -> tuple[BudgetState, ...]:
        """As they stand. What dead holders had reserved is freed first, where that is possible."""
        if not chosen:
            return ()
        accounts, now = BudgetAccounts(self._store), datetime.now(UTC)
        dead = [one.id for one in chosen if any(held.expires < now for held in accounts.reservations(one.id))]
        if dead:
            with suppress(LakeError, StateError, OSError):  # as in a home that may only be read: shown as reserved
                recount(self._meter, self._store, dead)
        with self._meter.engine() as engine:
            return states(engine, self._store, chosen, now)
