"""What a process holds of all budgets of one home or server, and the thread that minds it.

The thread is there while something is held or is to be told, and some seconds longer. Five times a second it tells what
was spent, gives back what nobody uses, and every ten seconds says that this process is alive. A forked child begins
with nothing, and the process gives back what it can when it ends.
"""

from __future__ import annotations

import atexit
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet, WeakValueDictionary

from agentgauge.errors import AgentGaugeError
from agentgauge.interruption import is_interruption
from agentgauge.journal import lifetime
from agentgauge.journal.losses import warn
from agentgauge.policies.budgets.account_line import TTL_S
from agentgauge.policies.budgets.accounts import Accounts
from agentgauge.policies.budgets.amounts import exactly
from agentgauge.policies.budgets.holding import Holding
from agentgauge.state.budget_account import Wanted

TICK_S = 0.2
"""The longest that a charge waits to be told."""
RENEW_S = TTL_S / 3
LINGER_S = 2.0
"""How long the thread waits for more before it ends; starting one takes as long as asking an account."""
RECOUNT_S = 5.0
"""The least time between two counts of a budget that this process asks for."""


def start_thread(work: Callable[[], object]) -> None:
    threading.Thread(target=work, name="agentgauge-budgets", daemon=True).start()


class Keeper:
    def __init__(
        self,
        make_accounts: Callable[[], Accounts],
        *,
        is_of_process: bool = False,
        server: str | None = None,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
        start: Callable[[Callable[[], object]], None] = start_thread,
    ) -> None:
        """`is_of_process`: the accounts are in memory, and a forked child has others. `server`: where they are kept, if
        not here.

        `clock` is seconds since 1970, `pause` waits for some, and `start` runs something beside the program.
        """
        self.is_of_process = is_of_process
        self.server = server
        self.clock = clock
        self.pause = pause
        self.actor = f"program {Path(sys.argv[0]).name or 'python'}"
        self._make_accounts = make_accounts
        self._start = start
        self._holdings: WeakValueDictionary[tuple[str, ...], Holding] = WeakValueDictionary()
        self._inherited: list[Accounts] = []
        self._begin()
        _keepers.add(self)

    def _begin(self) -> None:
        self.accounts = self._make_accounts()
        self.holder = f"{platform.node()[:100]}:{os.getpid()}:{os.urandom(6).hex()}"
        """Who reserves: this process."""
        self._lock = threading.RLock()
        self._counting = threading.Lock()
        self._watched: set[Holding] = set()
        self._is_running = False
        self._stop = threading.Event()
        self._renewed_at = 0.0
        self._recounted: dict[int, float] = {}

    def after_fork(self) -> None:
        """In the child: the reservations are the parent's."""
        self._inherited.append(self.accounts)  # not let go: closing its connection is the parent's
        self._begin()
        for holding in list(self._holdings.values()):
            holding.after_fork()

    def is_within(self, seconds: float, since: float) -> bool:
        """Whether so many have not gone by since then. False where the clock was set back meanwhile: nothing is to wait
        until it is there again.
        """
        return 0 <= self.clock() - since < seconds

    def holding(self, wanted: Wanted) -> Holding:
        """What this process holds of a budget; one, whoever asks for it."""
        key = (wanted.scope, wanted.name, wanted.project or "", wanted.period)
        with self._lock:
            holding = self._holdings.get(key)
            if holding is None:
                holding = self._holdings[key] = Holding(wanted, self)
            return holding

    # The thread

    def watch(self, holding: Holding) -> None:
        """Mind what is held there, until nothing is."""
        if holding.is_watched:
            return
        with self._lock:
            holding.is_watched = True
            self._watched.add(holding)
            if self._is_running:
                return
            self._is_running = True
            self._renewed_at = self.clock()
        self._start(self._run)

    def _run(self) -> None:
        idle_since = self.clock()
        stop = self._stop
        while not stop.wait(TICK_S):
            now = self.clock()
            if self.tick():
                idle_since = now
            elif now - idle_since >= LINGER_S:
                with self._lock:
                    if not self._watched:
                        self._is_running = False
                        return

    def tick(self) -> bool:
        """Mind all that is held now; whether something still is."""
        now = self.clock()
        with self._lock:
            watched = list(self._watched)
        if not self.is_within(RENEW_S, self._renewed_at) and any(holding.holds for holding in watched):
            self._renew(now, watched)
        for holding in watched:
            try:
                holding.keep(now)
            except Exception as error:  # of the program's: a logging handler, or a hook that sees what is recorded
                if is_interruption(error):
                    raise
                warn("a budget was not minded: %s", type(error).__name__)
            holding.is_watched = False  # before it is looked at: who adds to it looks at this afterwards
            if holding.is_busy:
                holding.is_watched = True
                continue
            with self._lock:
                if not holding.is_watched:
                    self._watched.discard(holding)
        return bool(self._watched)

    def _renew(self, now: float, watched: list[Holding]) -> None:
        try:
            exactly(lambda: self.accounts.renew(self.holder, TTL_S))
        except Exception as error:  # whatever a store may raise: what is held expires, and its holders know when
            if is_interruption(error):
                raise
            self._renewed_at = now - RENEW_S / 2
            return
        self._renewed_at = now
        for holding in watched:
            holding.renewed(now + TTL_S)

    # Counting

    def recount(self, budget_id: int) -> bool:
        """Have a budget counted from the events, and wait for it. False where that did not work, or was tried within
        the last seconds.
        """
        with self._counting:
            if self.is_within(RECOUNT_S, self._recounted.get(budget_id, 0.0)):
                return False
            try:
                self.accounts.recount(budget_id)
            except Exception as error:  # as in `_renew`; what was counted last stands
                if is_interruption(error):
                    raise
                detail = str(error) if isinstance(error, AgentGaugeError) else type(error).__name__
                warn("a budget could not be counted: %s", detail)
                return False
            finally:
                self._recounted[budget_id] = self.clock()
            return True

    def recount_soon(self, budget_id: int) -> None:
        """As `recount`, beside the program."""
        if not self.is_within(RECOUNT_S, self._recounted.get(budget_id, 0.0)):
            self._start(lambda: self.recount(budget_id))

    def settle(self) -> None:
        """The process ends: tell what was spent, and give back what no call holds."""
        self._stop.set()
        for holding in list(self._holdings.values()):
            with suppress(Exception):  # nothing that is not in the journal too, which a count reads
                holding.give_back()


_keepers: WeakSet[Keeper] = WeakSet()


def _after_fork() -> None:
    for keeper in list(_keepers):
        keeper.after_fork()


def _at_exit() -> None:
    for keeper in list(_keepers):
        keeper.settle()


lifetime.after_fork(_after_fork)
atexit.register(_at_exit)
