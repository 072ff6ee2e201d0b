"""The guard of a budget: blocks in which it holds, and calls that reserve before they are made.

Entering narrows the gauge's scope, so that what is recorded inside belongs to the budget, and has the recorder tell the
guard of each event. Nothing but `BudgetExceeded` is raised into the program: what goes wrong here is a budget that
could not be checked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar, Token
from decimal import Decimal
from typing import Self, TypeVar

from agentgauge.errors import BudgetExceeded, SettingsError
from agentgauge.events import Event
from agentgauge.events.event import to_micros
from agentgauge.interruption import is_interruption
from agentgauge.policies.budgets.amounts import usd_of
from agentgauge.policies.budgets.aside import beside
from agentgauge.policies.budgets.costs import CHARGED_KINDS, Costs, warn_unpriced
from agentgauge.policies.budgets.holding import Holding, Promise
from agentgauge.policies.budgets.unavailable import Refused, Unavailable
from agentgauge.policies.budgets.wording import exceeded, label, unchecked
from agentgauge.recorder.entry import Entry
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import Charged
from agentgauge.recorder.scope import Scope, leave
from agentgauge.settings.recording import BudgetPolicy
from agentgauge.state.budget_account import Charge, Wanted

T = TypeVar("T")


class BudgetGuard:
    """Made by `Gauge.budget`; see `agentgauge.recorder.guards.Guard`. Enter it once at a time."""

    def __init__(
        self,
        wanted: Wanted,
        holding: Holding,
        costs: Costs,
        policy: BudgetPolicy,
        entry: Entry,
        current: ContextVar[Scope],
        amount: Callable[[Money], int],
    ) -> None:
        """`amount` makes picodollars of what a program gives, or raises `SettingsError`."""
        self.holding = holding
        self._wanted = wanted
        self._costs = costs
        self._policy = policy
        self._entry = entry
        self._current = current
        self._amount = amount
        self._own: dict[str, object] = {wanted.scope: wanted.name}
        if wanted.project is not None:
            self._own["project"] = wanted.project
        self._tokens: list[Token[Scope]] = []

    def __enter__(self) -> Self:
        self._check_in()
        self._narrow()
        return self

    def __exit__(self, *raised: object) -> None:
        self._widen()
        self._leave()

    async def __aenter__(self) -> Self:
        await beside(self._check_in, lambda _: self._leave())
        self._narrow()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._widen()
        await beside(self._leave)

    def call(self, max_usd: Money) -> GuardedCall:
        """What a call costs at most, reserved while the block runs: `with budget.call(max_usd=0.20)`.

        Entering raises `BudgetExceeded` where that is more than is left, in whichever thread that is: what is recorded
        in it belongs to the budget. Raises `SettingsError` for what is no amount, and outside of the budget's block,
        where a call would hold nobody to anything.
        """
        if not self._tokens:
            raise SettingsError(f"budget {label(self._wanted)}: enter it first: with gauge.budget(...) as budget")
        return GuardedCall(self, self._amount(max_usd))

    @property
    def limit_usd(self) -> Decimal:
        standing, _, _ = self.holding.seen()
        if standing is not None:
            return usd_of(standing.limit)
        return Decimal("Infinity") if self._wanted.usd is None else self._wanted.usd

    @property
    def spent_usd(self) -> Decimal:
        standing, untold, _ = self.holding.seen()
        return usd_of(untold if standing is None else standing.spent + untold)

    @property
    def remaining_usd(self) -> Decimal:
        standing, untold, free = self.holding.seen()
        if standing is None:
            return Decimal("Infinity")
        return usd_of(standing.remaining + free - untold)

    def charge(self, event: Event) -> None:
        """Called by the recorder, of each event in the block."""
        self.charge_to(event, None)

    def charge_to(self, event: Event, call: GuardedCall | None) -> None:
        """Charge what an event cost, where it is of this budget, against what `call` has reserved."""
        if event.kind not in CHARGED_KINDS or not self._is_of_it(event):
            return
        try:
            cost = self._costs.of(event)
            if cost is None:
                warn_unpriced(event.model)
                if call is not None:
                    call.unpriced = event
                return
            if call is not None:
                call.spent += cost
            is_past = bool(cost) and self._spend(event, cost, None if call is None else call.promise)
        except Exception as error:  # as in `_checked`
            if is_interruption(error):
                raise
            self._went_unchecked(error, None, call)
            return
        if is_past:
            raise self._exceeded(None)

    def settle(self, promise: Promise, unpriced: Event | None = None) -> None:
        """A call has ended. Where nobody knows what an event in it cost, that is charged what is left. Never raises."""
        try:
            if unpriced is not None and promise.left:
                self._spend(unpriced, promise.left, promise, is_priced=False)
            self.holding.finish(promise)
        except Exception as error:  # as in `_checked`; what ended the block is not hidden
            if is_interruption(error):
                raise
            self._went_unchecked(error, None, may_raise=False)

    def promise(self, pico: int) -> Promise | None:
        """What a call has reserved; None where it goes on unchecked. Raises `BudgetExceeded`."""
        return self._checked(lambda: self.holding.promise(pico), pico)

    def guarded(self, scope: Scope, by: Charged) -> Scope:
        """A scope in which `by` is told of what is recorded, in the place of who was for the same budget; the budget's
        own where nobody was, as in a thread that was started in its block.
        """
        others = scope.guards
        for place, guard in enumerate(others):
            if getattr(guard, "holding", None) is self.holding:
                return scope.guarded_by((*others[:place], by, *others[place + 1 :]))
        return self._entry.narrowed(scope, self._own).guarded_by((*others, by))

    @property
    def current(self) -> ContextVar[Scope]:
        return self._current

    def _check_in(self) -> None:
        self._costs.load()
        try:
            self._checked(lambda: self.holding.enter(self._wanted), None)
        except BaseException:
            self._leave()
            raise

    def _narrow(self) -> None:
        inside = self._entry.narrowed(self._current.get(), self._own)
        if not any(getattr(guard, "holding", None) is self.holding for guard in inside.guards):
            inside = inside.guarded_by((*inside.guards, self))
        self._tokens.append(self._current.set(inside))

    def _widen(self) -> None:
        if self._tokens:
            leave(self._current, self._tokens.pop())

    def _leave(self) -> None:
        try:
            self.holding.leave()
        except Exception as error:  # as in `_checked`; what ended the block is not hidden
            if is_interruption(error):
                raise
            self._went_unchecked(error, None, may_raise=False)

    def _is_of_it(self, event: Event) -> bool:
        wanted = self._wanted
        name = getattr(event, wanted.scope)
        if name is None and wanted.scope == "ticket":
            name = event.issue
        return bool(name == wanted.name) and wanted.project in (None, event.project)

    def _spend(self, event: Event, cost: int, promise: Promise | None, *, is_priced: bool = True) -> bool:
        segment, n = event.segment, event.n
        assert segment is not None and n is not None
        charge = Charge(segment=segment, n=n, time=event.time, usd=usd_of(cost), is_priced=is_priced)
        return self.holding.spend(charge, cost, to_micros(event.time), promise)

    def _checked(self, question: Callable[[], T], asked: int | None) -> T | None:
        try:
            return question()
        except Refused:
            raise self._exceeded(asked) from None
        except Exception as error:  # a store, or a mistake of ours: the program is to go on, or to be told why not
            if is_interruption(error):
                raise
            self._went_unchecked(error, asked)
            return None

    def _went_unchecked(
        self, error: Exception, asked: int | None, call: GuardedCall | None = None, *, may_raise: bool = True
    ) -> None:
        reason = str(error) if isinstance(error, Unavailable) else f"{type(error).__name__}: {error}"
        if self._policy == "fail_closed":
            if may_raise:
                raise unchecked(self._wanted, reason, asked) from None
            return
        if call is not None:
            if call.is_unchecked:
                return
            call.is_unchecked = True
        self.holding.unchecked(self._entry, self._current.get(), reason)

    def _exceeded(self, asked: int | None) -> BudgetExceeded:
        standing, untold, free = self.holding.seen()
        if standing is None:
            return unchecked(self._wanted, "it is gone", asked)
        return exceeded(
            self._wanted, standing, asked, untold, free,
            server=self.holding.server, is_of_process=self.holding.is_of_process,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<BudgetGuard {label(self._wanted)}>"


class GuardedCall:
    """Made by `BudgetGuard.call`; see `agentgauge.recorder.guards.Call`. Enter it once."""

    __slots__ = ("_guard", "_max", "_token", "is_unchecked", "promise", "spent", "unpriced")

    def __init__(self, guard: BudgetGuard, pico: int) -> None:
        self.promise: Promise | None = None
        self.spent = 0
        self.unpriced: Event | None = None
        """An event inside that nobody knows the cost of."""
        self.is_unchecked = False
        """It was counted as one that passes unchecked, and no cost in it is counted besides."""
        self._guard = guard
        self._max = pico
        self._token: Token[Scope] | None = None

    @property
    def holding(self) -> Holding:
        return self._guard.holding

    @property
    def spent_usd(self) -> Decimal:
        return usd_of(self.spent)

    def charge(self, event: Event) -> None:
        self._guard.charge_to(event, self)

    def __enter__(self) -> Self:
        guard = self._guard
        self.promise = guard.holding.promised(self._max) or guard.promise(self._max)
        self.is_unchecked = self.promise is None
        self._narrow()
        return self

    def __exit__(self, *raised: object) -> None:
        self._widen()
        if self.promise is not None:
            self._guard.settle(self.promise, self.unpriced)

    async def __aenter__(self) -> Self:
        guard = self._guard
        self.promise = guard.holding.promised(self._max)
        if self.promise is None:
            self.promise = await beside(functools.partial(guard.promise, self._max), self._let_go)
        self.is_unchecked = self.promise is None
        self._narrow()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._widen()
        if self.promise is None:
            return
        if self.promise.is_asked:
            await beside(functools.partial(self._guard.settle, self.promise, self.unpriced))
        else:
            self._guard.settle(self.promise, self.unpriced)

    def _narrow(self) -> None:
        current = self._guard.current
        self._token = current.set(self._guard.guarded(current.get(), self))

    def _widen(self) -> None:
        if self._token is not None:
            leave(self._guard.current, self._token)
            self._token = None

    def _let_go(self, promise: Promise | None) -> None:
        if promise is not None:
            self._guard.settle(promise)
