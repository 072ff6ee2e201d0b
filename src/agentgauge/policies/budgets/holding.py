"""One budget in one process: what is leased of it, what was recorded and not told yet, and when to ask its account.

Far from the limit a call costs no question: it takes its part of a lease, a sixteenth of what was left, in memory, and
what was spent is told in one go by the keeper's thread. Near it, where a call may cost more than a sixteenth of what is
left, each call asks the account before, and tells it after.

Two locks: `_lock` around arithmetic, held for microseconds; `_telling` around what changes leases at the account, so
that a slow store holds up nobody who has headroom.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from agentgauge.policies.budgets.account_line import TTL_S, AccountLine, Answer
from agentgauge.policies.budgets.amounts import usd_of
from agentgauge.policies.budgets.headroom import Headroom
from agentgauge.policies.budgets.outage import Outage
from agentgauge.policies.budgets.standing import Standing
from agentgauge.policies.budgets.unavailable import Refused, Unavailable
from agentgauge.policies.budgets.untold import Untold
from agentgauge.policies.budgets.wording import label
from agentgauge.recorder.entry import Entry
from agentgauge.recorder.scope import Scope
from agentgauge.state.budget_account import Charge, Wanted

if TYPE_CHECKING:
    from agentgauge.policies.budgets.keeper import Keeper

SHARE = 16
"""A lease is this part of what is left; a call that may cost more asks for itself."""
IDLE_S = 2.0
"""Seconds without use after which headroom is given back."""
WAIT_S, RETRY_S = 3.0, 0.05
"""How long, and how often, a call asks again that only idle headroom of others stands in the way of."""
STALE = timedelta(seconds=60)
"""How old a count may be that a call is refused by."""
_THREADS_S = 1.0
"""What a thread may be behind another between two looks at the clock."""


class Promise:
    """What a call has reserved."""

    __slots__ = ("generation", "is_asked", "left")

    def __init__(self, left: int, generation: int, *, is_asked: bool) -> None:
        self.left = left
        self.generation = generation
        """Of the process that promised it: a forked child holds nothing."""
        self.is_asked = is_asked
        """Reserved at the account for this call alone."""


class Holding:
    def __init__(self, wanted: Wanted, keeper: Keeper) -> None:
        self.wanted = wanted
        """The budget, as programs here named it last."""
        self.is_watched = False
        """By the keeper's thread; the keeper's to change."""
        self._keeper = keeper
        self._blocks = 0
        self._generation = 0
        self._line = AccountLine(keeper)
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a handler of a signal may record while its thread holds it
        self._telling = threading.RLock()
        self._room = Headroom()
        self._untold = Untold()
        self._good_until = 0.0
        """Seconds since 1970 until which what is held may be used: until it expires, or its period ends."""
        self._used_at = 0.0
        self._outage: Outage | None = None

    def after_fork(self) -> None:
        """In the child: what is held, and what is to be told, is the parent's. So is an account in memory: the child
        has one of its own, of the same limit.
        """
        standing, self._line = self._line.standing, AccountLine(self._keeper)
        if standing is not None and self._keeper.is_of_process:
            with suppress(Unavailable):
                self._line.open(msgspec.structs.replace(self.wanted, usd=usd_of(standing.limit)))
        else:
            self._line.standing = standing
        self._generation += 1
        self.is_watched = False
        self._begin()

    # What guards ask

    def enter(self, wanted: Wanted) -> None:
        """A block begins; it ends with `leave`, also where this raises: `Refused` where nothing is left, `Unavailable`.

        Waits for a count where this period was never counted, or where nothing is left and the last one is old.
        """
        with self._lock:
            self.wanted = wanted
            self._blocks += 1
        standing = self._line.open(wanted)
        if standing.counted_at is None or (standing.spent >= standing.limit and self._is_stale(standing)):
            is_counted = self._keeper.recount(standing.budget_id)
            standing = self._line.open(wanted)
            if standing.counted_at is None and not is_counted:
                raise Unavailable("its spending cannot be counted; 'agentgauge doctor' may say why")
        with self._lock:
            self._untold.counted(standing)
            spent = standing.spent + self._untold.cost
        if spent >= standing.limit:
            raise Refused
        if self._is_stale(standing):
            self._keeper.recount_soon(standing.budget_id)

    def leave(self) -> None:
        """A block has ended. With the last one all goes back that no call holds."""
        with self._lock:
            self._blocks -= 1
            is_last = self._blocks <= 0
        self._tell_or_later(keep_free=not is_last)
        self._mind_outage(is_over=is_last)

    def promised(self, pico: int) -> Promise | None:
        """What a call may cost, out of what is leased; None where the account is to be asked: `promise`."""
        now = self._keeper.clock()
        with self._lock:
            if not self._is_good(now) or not self._room.take(pico):
                return None
            self._used_at = now
            return Promise(pico, self._generation, is_asked=False)

    def promise(self, pico: int) -> Promise:
        """As `promised`, of the account. Waits up to `WAIT_S` where idle headroom of others is in the way, and for a
        count where dead holders are. Raises `Refused`, `Unavailable`.
        """
        standing = self._current()
        size = standing.remaining // SHARE
        if pico < size and self._lease(standing.budget_id, size, pico):
            promise = self.promised(pico)
            if promise is not None:
                return promise
        return self._asked(standing.budget_id, pico)

    def spend(self, charge: Charge, cost: int, micros: int, promise: Promise | None = None) -> bool:
        """An event has cost something. True where that went past the limit, which the account is asked where nothing
        that is held covers it: raises `Unavailable` then, and it is told later.
        """
        now = self._keeper.clock()
        with self._lock:
            self._used_at = now
            standing = self._line.standing
            if standing is not None and not standing.covers(micros):
                cost = uncovered = 0
            else:
                if not self._is_good(now):
                    self._room.forgo()
                is_ours = promise is not None and promise.generation == self._generation
                used, uncovered = self._room.spend(cost, promise.left if promise is not None and is_ours else 0)
                if promise is not None:
                    promise.left -= used
            self._untold.add(charge, cost, now)
        self._keeper.watch(self)
        return uncovered > 0 and self._is_past(cost)

    def finish(self, promise: Promise) -> None:
        """A call has ended."""
        with self._lock:
            if promise.generation != self._generation:
                return
            self._room.give_back(promise.left)
            promise.left = 0
            self._used_at = self._keeper.clock()
        if promise.is_asked:
            self._tell_or_later(keep_free=False)

    def seen(self) -> tuple[Standing | None, int, int]:
        """How the account stood, what was spent here and not told, and how much of what is reserved is free here."""
        with self._lock:
            return self._line.standing, self._untold.cost, self._room.held - self._room.promised

    @property
    def server(self) -> str | None:
        """Where the account is kept, if not on this machine."""
        return self._keeper.server

    @property
    def is_of_process(self) -> bool:
        """The account is in the memory of this process."""
        return self._keeper.is_of_process

    def unchecked(self, entry: Entry, scope: Scope, reason: str) -> None:
        """A guard let something pass that could not be checked."""
        with self._lock:
            if self._outage is None:
                self._outage = Outage(entry, scope, label(self.wanted), reason, self._keeper.clock())
            outage = self._outage
        outage.add(entry)
        self._keeper.watch(self)

    # What the keeper does

    @property
    def holds(self) -> bool:
        """Whether something expires if it is not renewed."""
        return self._room.held > 0

    @property
    def is_busy(self) -> bool:
        """Whether there is something to tell, to renew or to give back."""
        return bool(self._untold) or self._room.held > 0 or self._outage is not None

    def keep(self, now: float) -> None:
        """Tell what was spent, and give back what nobody uses."""
        with self._lock:
            is_useless = self._room.free > 0 and (
                not self._keeper.is_within(IDLE_S, self._used_at) or not self._is_good(now)
            )
            is_due = bool(self._untold) or is_useless or bool(self._room.changes())
        if not self._line.is_left_alone:
            if is_due:
                self._tell_or_later(keep_free=not is_useless)
            elif self._line.is_down:
                with suppress(Unavailable):
                    self._line.open(self.wanted)
        self._mind_outage(is_over=not self._line.is_down)

    def renewed(self, until: float) -> None:
        """What is held expires later."""
        with self._lock:
            if self._room.held:
                self._good_until = self._within_period(until)

    def give_back(self) -> None:
        """The process ends."""
        self._tell_or_later(keep_free=False)
        self._mind_outage(is_over=True)

    def _mind_outage(self, *, is_over: bool) -> None:
        with self._lock:
            outage = self._outage
            if outage is None:
                return
            if not self._line.is_down:
                self._outage = None
        if is_over or outage.is_long(self._keeper.clock()):
            outage.tell()

    # Telling the account

    def _tell_or_later(self, *, keep_free: bool) -> None:
        try:
            self._tell(keep_free=keep_free)
        except Unavailable:
            self._keeper.watch(self)

    def _tell(self, *, keep_free: bool = True) -> None:
        """Charge what was spent, and let the account hold no more than is wanted here. Raises `Unavailable`."""
        with self._telling:
            with self._lock:
                if not keep_free:
                    self._room.forgo()
                changes, told = self._room.changes(), self._untold.take()
                if not (changes or told):
                    return
            try:
                self._tell_all([charge for charge, _ in told], changes)
            except BaseException:
                with self._lock:
                    self._untold.put_back(told)
                    if self._line.standing is None:  # the budget is gone, and with it all that was held of it
                        self._room = Headroom()
                raise
            with self._lock:
                self._untold.told(told)

    def _tell_all(self, charges: list[Charge], changes: list[tuple[str, int]]) -> None:
        budget_id = self._known().budget_id
        for lease, keep in changes:
            held = self._line.settle(budget_id, lease, charges, keep)
            charges = []
            with self._lock:
                self._room.holds(lease, keep, held)
        if charges:
            self._line.charge(budget_id, charges)

    # Asking the account

    def _known(self) -> Standing:
        return self._line.standing or self._line.open(self.wanted)

    def _current(self) -> Standing:
        """As last known in this period. What is held of another one, or was not renewed in time, goes back first."""
        now = self._keeper.clock()
        if self._room.held and not self._is_good(now):
            self._tell(keep_free=False)
        standing = self._known()
        if standing.ends is not None and now * 1e6 >= standing.ends:
            standing = self._line.open(self.wanted)
        return standing

    def _lease(self, budget_id: int, size: int, at_least: int) -> bool:
        """Whether there is so much headroom free now."""
        with self._telling:
            with self._lock:
                if self._room.free >= at_least and self._is_good(self._keeper.clock()):
                    return True
            return self._reserve(budget_id, size, at_least).granted is not None

    def _reserve(self, budget_id: int, size: int, at_least: int, *, take: bool = False) -> Answer:
        """Ask for a reservation, of which with `take` all is promised at once."""
        lease = os.urandom(12).hex()
        answer = self._line.reserve(budget_id, lease, size, at_least)
        if answer.granted is None:
            return answer
        now = self._keeper.clock()
        with self._lock:
            if not self._is_good(now):
                self._room.forgo()
                self._good_until = self._within_period(now + TTL_S)
            self._room.granted(lease, answer.granted)
            if take:
                self._room.take(answer.granted)
            self._used_at = now
        self._keeper.watch(self)
        return answer

    def _is_good(self, now: float) -> bool:
        """Whether what is held may be used. Not so where the clock was set back: others' clocks were not."""
        return now < self._good_until <= now + TTL_S + _THREADS_S

    def _within_period(self, until: float) -> float:
        standing = self._line.standing
        return until if standing is None or standing.ends is None else min(until, standing.ends / 1e6)

    def _asked(self, budget_id: int, pico: int) -> Promise:
        """A reservation for one call. Raises `Refused`, `Unavailable`."""
        began = self._keeper.clock()
        while True:
            answer = self._reserve(budget_id, pico, pico, take=True)
            if answer.granted is not None:
                return Promise(pico, self._generation, is_asked=True)
            short = pico - answer.standing.remaining
            if self._room.free or self._room.changes():
                self._tell(keep_free=False)
            elif short <= answer.leased and self._keeper.is_within(WAIT_S, began):
                self._keeper.pause(RETRY_S)
            elif not self._may_be_counted_free(answer, short) or not self._keeper.recount(budget_id):
                raise Refused

    def _may_be_counted_free(self, answer: Answer, short: int) -> bool:
        """Whether a count may free what is short."""
        return self._is_stale(answer.standing) or (answer.orphaned > 0 and short <= answer.leased + answer.orphaned)

    def _is_past(self, cost: int) -> bool:
        """Whether what was spent, with what calls have reserved, is more than the limit."""
        self._tell()
        standing = self._known()
        if standing.spent > standing.limit:
            return True
        if standing.remaining < 0:
            answer = self._reserve(standing.budget_id, 1, 1)
            return answer.granted is None and answer.standing.remaining + answer.leased + answer.orphaned < 0
        if cost < standing.remaining // SHARE:
            self._lease(standing.budget_id, standing.remaining // SHARE, cost)
        return False

    def _is_stale(self, standing: Standing) -> bool:
        now = datetime.fromtimestamp(self._keeper.clock(), UTC)
        return standing.counted_at is None or now - standing.counted_at > STALE
