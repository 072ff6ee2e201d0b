"""Counting budgets because agents ask for it: one count at a time in a process, which all share that wait for it.

Who asks while a count runs waits for the next, since that one may not see what they are asking about. However many ask,
a process reads the events once at a time, and a budget that was counted within the last second is not counted again
unless a reservation has expired since, which only a count can free.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from agentgauge.errors import NotFound
from agentgauge.meter import Meter
from agentgauge.service.recounting import recount
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_counts import BudgetCounts
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.store import Store

_FRESH = timedelta(seconds=1)


class _Batch:
    """Budgets that wait for one count."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.counted: Future[None]


class SharedCounts:
    """Safe for several threads."""

    def __init__(
        self,
        meter: Meter,
        store: Store,
        count: Callable[[Collection[int]], object] | None = None,
        *,
        fresh: timedelta = _FRESH,
    ) -> None:
        """`count` counts these budgets; left out, from the events. `fresh` is for how long that says all."""
        self._store = store
        self._fresh = fresh
        self._count = count or (lambda ids: recount(meter, store, ids))
        self._thread = ThreadPoolExecutor(1, "agentgauge-budget-counts")
        self._lock = threading.Lock()
        self._next: _Batch | None = None

    def counted(self, budget_id: int) -> Future[None]:
        """Done once a count has ended that began after this was asked. It raises as `recount`."""
        with self._lock:
            if self._next is None:
                self._next = _Batch()
                self._next.counted = self._thread.submit(self._run)
            self._next.ids.add(budget_id)
            return self._next.counted

    def is_fresh(self, budget_id: int) -> bool:
        """Whether counting now would change nothing that anybody waits for. Raises `NotFound`, `StateError`."""
        accounts = BudgetAccounts(self._store)
        counted_at, now = accounts.account(budget_id).counted_at, BudgetCounts(self._store).now()
        if counted_at is None or now - counted_at > self._fresh:
            return False
        return not any(counted_at <= held.expires < now for held in accounts.reservations(budget_id))

    def close(self) -> None:
        """End the count that runs; who waits for another is told that there is none."""
        self._thread.shutdown(cancel_futures=True)

    def _run(self) -> None:
        with self._lock:
            batch, self._next = self._next, None
        assert batch is not None, "one run for each batch"
        try:
            self._count(batch.ids)
        except NotFound:  # deleted meanwhile: the others are counted all the same
            known = {budget.id for budget in BudgetBook(self._store).budgets()}
            self._count(batch.ids & known)
