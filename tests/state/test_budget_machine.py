"""Accounts of budgets against a model: whatever happens in whatever order, each dollar is in one place.

The model knows which events there are, which of them were told, and which the last count saw. So it knows what is
spent: what that count saw, and what was told and was not in it with a price. What is told after it was counted stands
twice until the next count, so never is more granted than there is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agentgauge.state.budget_account import Charge, Refusal, Reservation, Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_counts import BudgetCounts, Count
from agentgauge.state.budget_terms import Budget, BudgetPeriod, Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.store import Store
from tests.state.clocked import Clocked

BEGIN = datetime(2026, 3, 31, 22, tzinfo=UTC)  # two hours before a day and a month end
MINUTE = timedelta(minutes=1)
_names = itertools.count()
_cents = st.integers(0, 400).map(lambda cents: Decimal(cents) / 100)


class Recorded(msgspec.Struct):
    """An event as the model knows it."""

    charge: Charge
    has_price: bool
    told: bool = False
    seen: bool = False
    """By the last count, with its price."""
    stands: bool = False
    """Told, and no count since has seen it."""


class Accounts(RuleBasedStateMachine):
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clocked(self.store, BEGIN)
        self.accounts, self.book, self.counts = (
            BudgetAccounts(self.clock), BudgetBook(self.clock), BudgetCounts(self.clock),
        )  # fmt: skip
        self.events: list[Recorded] = []
        self.held: dict[str, tuple[datetime, Decimal, datetime]] = {}
        self.ids = itertools.count()
        self.arrived = 0

    @initialize(period=st.sampled_from(["total", "day", "month"]))
    def begin(self, period: BudgetPeriod) -> None:
        wanted = Wanted(scope="ticket", name=f"T-{next(_names)}", usd=Decimal(10), period=period)
        self.id = self.accounts.open(wanted, "agent").budget_id

    @property
    def budget(self) -> Budget:
        return self.book.get(self.id)

    @rule(minutes=st.integers(1, 50))
    def time_passes(self, minutes: int) -> None:
        self.clock.pass_by(minutes * MINUTE)

    @rule(usd=_cents, minutes=st.integers(-90, 1), has_price=st.sampled_from([True, True, True, False]))
    def record(self, usd: Decimal, minutes: int, has_price: bool) -> None:
        """In the stream, and told by nobody: late ones, and a clock that goes ahead."""
        charge = Charge(
            segment="s", n=len(self.events), time=self.clock.now + minutes * MINUTE, usd=usd, is_priced=has_price
        )
        self.events.append(Recorded(charge, has_price))

    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        """Some of the last events, in any order, also those that were told or counted before."""
        some = data.draw(st.lists(st.sampled_from(self.events[-8:]), unique_by=id)) if self.events else []
        self.accounts.charge(self.id, [one.charge for one in some])
        self._told(some)

    @rule(usd=_cents, share=st.sampled_from([0, 1, 2]), ttl=st.integers(1, 100))
    def reserve(self, usd: Decimal, share: int, ttl: int) -> None:
        id_ = str(next(self.ids))
        least = usd * share / 2
        account = self.accounts.account(self.id)
        answer = self.accounts.reserve(self.id, id_, usd, at_least=least, holder=id_, ttl_s=ttl * 60)
        if isinstance(answer, Refusal):
            assert account.remaining_usd < least
            return
        assert answer.usd == min(usd, account.remaining_usd) >= least
        assert answer.account.spent_usd + answer.account.reserved_usd <= answer.account.limit_usd
        self.held[id_] = (account.period_start, answer.usd, self.clock.now + ttl * MINUTE)
        assert self.accounts.reserve(self.id, id_, usd, at_least=least, holder=id_, ttl_s=1) == answer

    @rule(data=st.data(), keep=_cents)
    def settle(self, data: st.DataObject, keep: Decimal) -> None:
        if not self.held:
            return
        id_ = data.draw(st.sampled_from(sorted(self.held)))
        some = data.draw(st.lists(st.sampled_from(self.events[-8:]), unique_by=id)) if self.events else []
        charges = [one.charge for one in some]
        settled = self.accounts.settle(self.id, id_, charges, keep)
        assert isinstance(settled, Reservation)
        self._told(some)
        period, usd, expires = self.held.pop(id_)
        assert settled.usd == min(keep, usd)
        if settled.usd:
            self.held[id_] = (period, settled.usd, expires)
        assert self.accounts.settle(self.id, id_, charges, keep) == settled

    @rule(ttl=st.integers(1, 100), data=st.data())
    def renew(self, ttl: int, data: st.DataObject) -> None:
        if self.held:
            id_ = data.draw(st.sampled_from(sorted(self.held)))
            self.accounts.renew(id_, ttl * 60)
            period, usd, _ = self.held[id_]
            self.held[id_] = (period, usd, self.clock.now + ttl * MINUTE)

    @rule(data=st.data(), lag=st.integers(0, 30))
    def count(self, data: st.DataObject, lag: int) -> None:
        """In a snapshot that some of the last events have not reached, while others are told."""
        budget, began = self.budget, self.clock.now
        start = budget.counts_from(began)
        self.arrived = data.draw(st.integers(max(self.arrived, len(self.events) - 4), len(self.events)))
        arrived = self.events[: self.arrived]
        inside = [one for one in arrived if one.has_price and self._counts(one, budget, start)]
        seen = frozenset((one.charge.segment, one.charge.n) for one in arrived if one.has_price)
        every = frozenset((one.charge.segment, one.charge.n) for one in self.events)
        looked = frozenset(one.identity for one in self.counts.unseen(self.id, start))
        self.tell(data)
        self.clock.pass_by(lag * MINUTE)
        count = Count(
            start=start,
            usd=sum((one.charge.usd for one in inside), Decimal(0)),
            began=began,
            opened=began,
            seen=seen & looked,
            missing=looked - seen,
        )
        if unlooked := self.counts.keep(budget, count):
            assert not looked & {one.identity for one in unlooked}
            assert not self.counts.keep(budget, msgspec.structs.replace(count, seen=seen, missing=every - seen))
        for one in self.events:
            if self._counts(one, budget, start):
                one.seen = one in inside
                one.stands = one.stands and not one.seen
        self.held = {id_: held for id_, held in self.held.items() if held[2] >= began}

    @rule(usd=_cents)
    def another_amount(self, usd: Decimal) -> None:
        self._change(total_usd=usd)

    @rule(minutes=st.integers(-200, 0))
    def another_start(self, minutes: int) -> None:
        before = self.budget
        after = self._change(start=self.clock.now + minutes * MINUTE)
        if after.start == before.start:
            return
        start = after.counts_from(self.clock.now)
        for one in self.events:
            one.seen = False
            one.told = one.stands = one.told and self._counts(one, after, start)
        self.held = {id_: (start, usd, expires) for id_, (_, usd, expires) in self.held.items()}

    @invariant()
    def each_dollar_is_in_one_place(self) -> None:
        if not hasattr(self, "id"):
            return
        budget, now = self.budget, self.clock.now
        account = self.accounts.account(self.id)
        start = budget.counts_from(now)
        inside = [one for one in self.events if self._counts(one, budget, start)]
        assert account.counted_usd == sum(one.charge.usd for one in inside if one.seen)
        assert account.charged_usd == sum(one.charge.usd for one in inside if one.stands)
        assert account.reserved_usd == sum(usd for period, usd, _ in self.held.values() if period == start)
        assert account.spent_usd >= sum(one.charge.usd for one in inside if one.seen or one.told)
        assert self.counts.beside([budget], now)[self.id].reserved_usd == account.reserved_usd

    def _told(self, some: list[Recorded]) -> None:
        for one in some:
            if not one.told and one.charge.time >= self.budget.start:
                one.told = one.stands = True

    def _counts(self, one: Recorded, budget: Budget, start: datetime) -> bool:
        """Whether it is of the period that begins at `start`."""
        end = budget.counts_until(start)
        return one.charge.time >= start and (end is None or one.charge.time < end)

    def _change(self, **changes: object) -> Budget:
        before = self.budget
        terms = Terms(**{name: getattr(before, name) for name in Terms.__struct_fields__} | changes)
        return self.book.replace(self.id, terms, "ann", self.clock.now)


def test_each_dollar_is_in_one_place_whatever_happens(opened: Callable[[], Store]) -> None:
    machine = type("Machine", (Accounts,), {"store": opened()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
