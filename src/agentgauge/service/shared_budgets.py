"""Accounts of budgets for agents on other machines: who reaches which, what may be asked, and who waits for whom.

A key of some projects knows budgets of these alone. One of a single project need not name it: what has no project is
of that. Budgets of all projects together are for keys of all projects.

On SQLite transactions take turns on one thread, with a connection that does not sync for each of them: they would only
wait for each other, and what they keep follows from events. Making or changing a budget syncs. On PostgreSQL a few run
at once, so that one that waits for the network keeps nobody from asking. Who waits, for a thread and for others who
write, is told so before the program that asks gives up: 503.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from agentgauge.errors import QueryError, ServerBusy
from agentgauge.events.fields import MONEY_STEP
from agentgauge.meter import Meter
from agentgauge.service.security.principal import Principal
from agentgauge.service.shared_counts import SharedCounts
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.sql import SqlStore
from agentgauge.state.store import Store

_log = logging.getLogger("agentgauge")
_THREADS = 4
"""Of transactions in PostgreSQL."""
_LONGEST_TURN_S, _LONGEST_LOCK_S = 2.0, 2.5
"""How long who asks waits for a thread, and then for others who write: a guard waits 5 s for its answer."""
_LONGEST_COUNT_S = 4.0
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOST_USD = Decimal(10**12)

T = TypeVar("T")


class SharedBudgets:
    """For all routes of a process."""

    def __init__(self, state: SqlStore, meter: Meter) -> None:
        self._counts = SharedCounts(meter, state)
        self._moves: Store
        self._terms: Store
        self._files: tuple[KeptDatabase, ...] = ()
        if state.path is None:
            self._moves = self._terms = state.waiting(_LONGEST_LOCK_S)
        else:
            moves = KeptDatabase(state.path, wait_s=_LONGEST_LOCK_S)
            terms = KeptDatabase(state.path, wait_s=_LONGEST_LOCK_S, syncs=True)
            self._moves, self._terms, self._files = moves, terms, (moves, terms)
        self._threads = ThreadPoolExecutor(1 if self._files else _THREADS, "agentgauge-budgets")

    async def in_turn(self, work: Callable[[], T]) -> T:
        """`work`, on one of the threads that transactions have to themselves. Raises `ServerBusy` instead where so many
        wait that whoever asked has gone.
        """
        asked = time.monotonic()

        def still_asked() -> T:
            if time.monotonic() - asked > _LONGEST_TURN_S:
                raise ServerBusy("too many programs ask about budgets: nothing was reserved or charged")
            return work()

        context = copy_context()  # the audit notes which request it was
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, still_asked)

    def open(self, principal: Principal, wanted: Wanted) -> Account:
        """The account of the budget that a program means; the principal is who makes or changes it.

        Raises `QueryError` for what there cannot be and for a project that is not the key's, `NotFound`, `StateError`.
        """
        meant = _of_own_project(wanted, principal)
        if meant.usd is not None:
            _check_usd(meant.usd, "usd")
        if meant.since is not None:
            _check_time(meant.since, "since")
        return BudgetAccounts(self._terms, principal.projects).open(meant, principal.name)

    def account(self, principal: Principal, budget_id: int) -> Account:
        """Raises `NotFound`, `StateError`."""
        return self._accounts(principal).account(budget_id)

    def reserve(
        self,
        principal: Principal,
        budget_id: int,
        reservation_id: str,
        usd: Decimal,
        *,
        at_least: Decimal,
        holder: str,
        ttl_s: float,
    ) -> Reservation | Refusal:
        """Raises as `BudgetAccounts.reserve`, and `QueryError`."""
        _check_usd(usd, "usd")
        _check_usd(at_least, "at_least_usd")
        if at_least > usd:
            raise QueryError(f"at_least_usd is {at_least} and usd {usd}: let it be no more", field="at_least_usd")
        return self._accounts(principal).reserve(
            budget_id, reservation_id, usd, at_least=at_least, holder=holder, ttl_s=ttl_s
        )

    def settle(
        self, principal: Principal, budget_id: int, reservation_id: str, charges: Sequence[Charge], keep_usd: Decimal
    ) -> Reservation:
        """Raises as `BudgetAccounts.settle`, and `QueryError`."""
        _check_charges(charges)
        _check_usd(keep_usd, "keep_usd")
        return self._accounts(principal).settle(budget_id, reservation_id, charges, keep_usd)

    def charge(self, principal: Principal, budget_id: int, charges: Sequence[Charge]) -> Account:
        """Raises as `BudgetAccounts.charge`, and `QueryError`."""
        _check_charges(charges)
        return self._accounts(principal).charge(budget_id, charges)

    async def recount(self, principal: Principal, budget_id: int) -> Account | None:
        """The account once it was counted from all events that were acknowledged; None where that takes longer than
        anybody waits: it goes on. Raises `NotFound`, `StateError`, `LakeError`.
        """
        await self.in_turn(lambda: self.account(principal, budget_id))
        if not await self.in_turn(lambda: self._counts.is_fresh(budget_id)):
            counted = asyncio.wrap_future(self._counts.counted(budget_id))
            try:
                await asyncio.wait_for(asyncio.shield(counted), _LONGEST_COUNT_S)
            except TimeoutError:
                counted.add_done_callback(_told)
                return None
        return await self.in_turn(lambda: self.account(principal, budget_id))

    def renew(self, principal: Principal, holder: str, reservation_ids: Sequence[str], ttl_s: float) -> None:
        """Raises `StateError`."""
        self._accounts(principal).renew(holder, ttl_s, reservation_ids)

    def close(self) -> None:
        """End what runs, and let its connection go."""
        self._counts.close()
        self._threads.shutdown()
        for file in self._files:
            file.close()

    def _accounts(self, principal: Principal) -> BudgetAccounts:
        return BudgetAccounts(self._moves, principal.projects)


def _told(counted: asyncio.Future[None]) -> None:
    """What went wrong with a count that nobody waits for any more."""
    if not counted.cancelled() and (error := counted.exception()) is not None:
        _log.warning("budgets were not counted: %s", error)


def _of_own_project(wanted: Wanted, principal: Principal) -> Wanted:
    project = wanted.project
    if wanted.scope == "project":
        if project not in (None, wanted.name):
            raise QueryError(
                f"the budget of project {wanted.name!r} cannot be in project {project!r}: leave that out",
                field="project",
            )
        project = wanted.name
    own = principal.projects
    if own is not None:
        if project is None and len(own) > 1:
            raise QueryError(
                "this key is for several projects, and none is named: a budget of all projects together needs a key "
                "of all projects",
                field="project",
                allowed=sorted(own),
            )
        project = project if project is not None else next(iter(own))
        if project not in own:
            raise QueryError("this key is for other projects", field="project", allowed=sorted(own))
    return msgspec.structs.replace(wanted, project=project)


def _check_charges(charges: Sequence[Charge]) -> None:
    for each in charges:
        _check_usd(each.usd, "usd")
        _check_time(each.time, "time")


def _check_usd(usd: Decimal, field: str) -> None:
    if not usd.is_finite() or not 0 <= usd <= _MOST_USD or usd != usd.quantize(MONEY_STEP):
        raise QueryError(f"{field} is an amount in dollars, from 0 on, with at most 12 decimals", field=field)


def _check_time(moment: datetime, field: str) -> None:
    if not _FIRST <= moment < _LAST:
        raise QueryError(f"{field} is of the years {_FIRST.year} to {_LAST.year - 1}", field=field)
