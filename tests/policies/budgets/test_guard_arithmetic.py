"""Whatever programs do with a budget, the sums are right: against a model that does one thing after the other."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import agentgauge
from agentgauge.errors import BudgetExceeded
from agentgauge.policies.budgets.amounts import pico_of, shown, usd_of
from agentgauge.policies.budgets.headroom import Headroom
from agentgauge.policies.budgets.local import InMemoryAccounts
from tests.policies.budgets.guarding import Hands, kept_by

CENTS = st.integers(0, 120).map(lambda cents: Decimal(cents) / 100)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), CENTS, CENTS),
        st.tuples(st.just("open"), CENTS, st.just(Decimal(0))),
        st.tuples(st.just("close"), CENTS, st.just(Decimal(0))),
        st.tuples(st.just("spend"), CENTS, st.just(Decimal(0))),
        st.tuples(st.just("tick"), st.integers(0, 40).map(Decimal), st.just(Decimal(0))),
    ),
    max_size=25,
)


class _Model:
    """One thing after the other, and nothing in advance."""

    def __init__(self, limit: Decimal) -> None:
        self.limit, self.spent, self.reserved = limit, Decimal(0), Decimal(0)

    @property
    def left(self) -> Decimal:
        return self.limit - self.spent - self.reserved


@settings(deadline=None, max_examples=25)
@given(limit=st.sampled_from([Decimal("0.5"), Decimal(3), Decimal(20), Decimal(400)]), acts=ACTS)
def test_a_guard_lets_through_and_charges_what_a_ledger_would(
    limit: Decimal, acts: list[tuple[str, Decimal, Decimal]]
) -> None:
    with tempfile.TemporaryDirectory() as home, agentgauge.open(Path(home) / "home") as gauge:
        hands, accounts, model = Hands(), InMemoryAccounts(), _Model(limit)
        with kept_by(gauge, lambda: accounts, hands) as keeper, gauge.budget("ticket:T", usd=limit) as budget:
            under_way = []
            for act, usd, cost in acts:
                if act == "tick":
                    hands.now += float(usd)
                    keeper.tick()
                elif act == "spend":
                    model.spent += usd
                    if under_way:  # of the innermost call
                        call, held = under_way.pop()
                        under_way.append((call, max(Decimal(0), held - usd)))
                        model.reserved -= min(held, usd)
                    try:
                        gauge.llm_call("m", cost_usd=usd)
                        assert model.left >= 0 or not usd
                    except BudgetExceeded:
                        assert model.left < 0
                elif act == "close":
                    if under_way:
                        call, held = under_way.pop()
                        call.__exit__(None, None, None)
                        model.reserved -= held
                else:
                    call = budget.call(usd)
                    try:
                        call.__enter__()
                    except BudgetExceeded:
                        assert usd > model.left
                        continue
                    assert not usd or usd <= model.left
                    if act == "open":
                        model.reserved += usd
                        under_way.append((call, usd))
                        continue
                    model.spent += cost
                    model.reserved += max(Decimal(0), usd - cost)
                    try:
                        gauge.llm_call("m", cost_usd=cost)
                        assert cost <= usd or model.left >= 0
                    except BudgetExceeded:
                        assert model.left < 0
                    model.reserved -= max(Decimal(0), usd - cost)
                    call.__exit__(None, None, None)
                assert (budget.spent_usd, budget.limit_usd) == (model.spent, limit)
            for call, _ in reversed(under_way):
                call.__exit__(None, None, None)
        account = accounts.account(1)
        assert (account.spent_usd, account.reserved_usd) == (model.spent, 0)
        assert gauge.health().altered == {}


@given(
    st.lists(
        st.tuples(st.sampled_from(["grant", "take", "give", "spend", "forgo", "tell"]), st.integers(0, 1000)),
        max_size=60,
    )
)
def test_no_more_is_free_or_promised_than_the_account_holds(acts: list[tuple[str, int]]) -> None:
    room, promises, at_account = Headroom(), list[int](), dict[str, int]()
    for number, (act, pico) in enumerate(acts):
        match act:
            case "grant":
                at_account[str(number)] = pico
                room.granted(str(number), pico)
            case "take":
                if room.take(pico):
                    promises.append(pico)
            case "give" if promises:
                room.give_back(promises.pop())
            case "spend":
                left = promises.pop() if promises else 0
                used, uncovered = room.spend(pico, left)
                assert used + uncovered <= pico
                promises.append(left - used)
            case "forgo":
                room.forgo()
            case "tell":
                for lease, keep in room.changes():
                    at_account[lease] = keep
                    room.holds(lease, keep, keep)
                assert sum(at_account.values()) == room.held == room.free + room.promised
        assert room.promised == sum(promises)
        assert 0 <= room.free + room.promised <= sum(at_account.values()) == room.held


@given(st.integers(-(10**24), 10**24))
def test_amounts_go_to_dollars_and_back(pico: int) -> None:
    usd = usd_of(pico)
    assert pico_of(usd) == pico
    assert "E+" not in str(usd)
    assert Decimal(shown(pico).replace("$", "")) == usd
