"""What a guard leases, when it tells and gives back, and what it waits for: on a clock of the test's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.errors import BudgetExceeded, StateError
from agentgauge.policies.budgets.account_line import TTL_S
from agentgauge.policies.budgets.holding import IDLE_S, WAIT_S
from agentgauge.policies.budgets.keeper import RENEW_S, Keeper
from agentgauge.policies.budgets.untold import MOST_UNTOLD
from agentgauge.settings import get_settings
from agentgauge.state.budget_account import Refusal, Reservation
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.database import state_of
from tests.policies.budgets.guarding import Hands, account, counted, kept_by, local


@pytest.fixture
def keeper(gauge: agentgauge.Gauge, home: Path, hands: Hands) -> Iterator[Keeper]:
    with kept_by(gauge, local(home, hands), hands) as keeper:
        yield keeper


def others(home: Path, usd: str, *, at_least: str | None = None, ttl_s: float = 60) -> Reservation:
    """What another program reserves."""
    accounts = BudgetAccounts(state_of(get_settings(home).home))
    answer = accounts.reserve(
        1, f"theirs {usd}", Decimal(usd), at_least=Decimal(at_least or usd), holder="another", ttl_s=ttl_s
    )
    assert isinstance(answer, Reservation)
    return answer


def returned(home: Path, reservation: Reservation) -> None:
    BudgetAccounts(state_of(get_settings(home).home)).settle(1, reservation.id, [])


def test_far_from_its_limit_a_guard_asks_once_for_many_calls(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=160) as budget:
        for _ in range(50):
            with budget.call("0.1"):
                gauge.llm_call("m", cost_usd="0.1")
        at_the_account = account(home)
        assert (at_the_account.reserved_usd, at_the_account.spent_usd) == (10, 0), "one lease, and nothing told yet"
        assert (budget.spent_usd, budget.remaining_usd) == (5, 155)
        keeper.tick()
        at_the_account = account(home)
        assert (at_the_account.reserved_usd, at_the_account.spent_usd) == (5, 5)
    assert account(home).reserved_usd == 0


def test_near_its_limit_a_guard_asks_for_each_call(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("ticket:T", usd=16) as budget:
        with budget.call("1.5"):
            assert account(home).reserved_usd == Decimal("1.5")
            gauge.llm_call("m", cost_usd="0.5")
        assert (account(home).reserved_usd, account(home).spent_usd) == (0, Decimal("0.5"))


def test_headroom_that_nobody_uses_goes_back(gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands) -> None:
    with gauge.budget("ticket:T", usd=160) as budget:
        with budget.call(1):
            hands.now += IDLE_S
            assert keeper.tick()
            assert account(home).reserved_usd == 1, "a call holds that"
        hands.now += IDLE_S
        keeper.tick()
        assert account(home).reserved_usd == 0
        assert not keeper.tick()
        with budget.call(1):
            assert account(home).reserved_usd == 10


def test_what_is_held_is_renewed_and_used_no_longer_where_that_was_late(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=160) as budget, budget.call(1):
        for _ in range(10):
            hands.now += RENEW_S
            with budget.call(9):
                keeper.tick()
        assert account(home).reserved_usd == 10
        hands.now += TTL_S
        with budget.call(8):
            held = [reserved.usd for reserved in BudgetAccounts(state_of(get_settings(home).home)).reservations(1)]
            assert held == [Decimal("9.9375"), 1], "a new lease, and of the old one what a call holds"


def test_a_call_waits_for_idle_headroom_of_others(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10) as budget:
        theirs = others(home, "9", at_least="1")
        hands.meanwhile = lambda: len(hands.paused) == 3 and returned(home, theirs)
        with budget.call(5):
            assert len(hands.paused) == 3


def test_a_call_waits_no_longer_than_is_stated(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10) as budget:
        others(home, "9", at_least="1")
        with pytest.raises(BudgetExceeded), budget.call(5):
            pytest.fail("the call was made")
        assert sum(hands.paused) == pytest.approx(WAIT_S, rel=0.05)


def test_a_call_does_not_wait_for_calls_of_others(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10) as budget:
        others(home, "9")
        with pytest.raises(BudgetExceeded, match=r"reserved for other calls \$9"), budget.call(5):
            pytest.fail("the call was made")
        gauge.llm_call("m", cost_usd="0.5")
        with pytest.raises(BudgetExceeded, match="exceeded by"):
            gauge.llm_call("m", cost_usd="0.6")
    assert not hands.paused


def test_what_a_dead_holder_left_is_counted_free(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10) as budget:
        others(home, "9", ttl_s=0.000001)
        hands.now += 60
        with budget.call(5):
            pass
    assert account(home).reserved_usd == 0


def test_an_exceeded_budget_is_counted_again_where_the_last_count_is_old_and_not_all_the_time(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10):
        gauge.llm_call("m", cost_usd=10)
    first = account(home).counted_at
    with pytest.raises(BudgetExceeded), gauge.budget("ticket:T", usd=10):
        pass
    assert account(home).counted_at == first, "it is young"
    hands.now += 61
    with pytest.raises(BudgetExceeded), gauge.budget("ticket:T", usd=10):
        pass
    second = account(home).counted_at
    assert first is not None
    assert second is not None
    assert second > first
    with pytest.raises(BudgetExceeded), gauge.budget("ticket:T", usd=10):
        pass
    assert account(home).counted_at == second


def test_an_old_count_is_renewed_beside_the_program(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10):
        pass
    first = account(home).counted_at
    hands.now += 61
    with gauge.budget("ticket:T", usd=10):
        assert account(home).counted_at == first
        (count,) = hands.aside
        count()
        assert account(home).counted_at != first


def test_a_period_that_ends_takes_its_headroom_with_it(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=160, per="day") as budget:
        with budget.call(1):
            gauge.llm_call("m", cost_usd="0.5")
        hands.now += 86_400
        with budget.call(1):
            pass
        tomorrow = account(home, at=datetime.fromtimestamp(hands.now, UTC))
        assert (tomorrow.spent_usd, tomorrow.reserved_usd) == (0, 10)
        assert (account(home).spent_usd, account(home).reserved_usd) == (Decimal("0.5"), 0)


def test_charges_that_nobody_takes_are_kept_up_to_a_bound(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=10_000) as budget:
        for _ in range(MOST_UNTOLD + 100):
            gauge.llm_call("m", cost_usd="0.01")
        assert budget.spent_usd == Decimal("101")
    told = account(home).charged_usd
    assert Decimal(99) < told <= 101


def test_charges_that_were_let_go_are_the_next_counts(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    guard = gauge.budget("ticket:T", usd=10_000)
    with guard:
        for _ in range(MOST_UNTOLD + 100):
            gauge.llm_call("m", cost_usd="0.01")
    hands.now += 61
    counted(home)
    with guard as budget:
        assert budget.spent_usd == Decimal("101")


def test_a_clock_that_is_set_back_keeps_no_headroom_and_no_store_away(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    """Of a lease that a server keeps the time goes on."""
    asked, reserve, renewed = [], keeper.accounts.reserve, []

    def counted_reserve(*given: Any, **named: Any) -> Reservation | Refusal:
        asked.append(given)
        if len(asked) == 2:
            raise StateError("away")
        return reserve(*given, **named)

    keeper.accounts.reserve = counted_reserve  # type: ignore[method-assign]
    keeper.accounts.renew = lambda *given: renewed.append(given)  # type: ignore[method-assign]
    with gauge.budget("ticket:T", usd=100) as budget:
        with budget.call("0.5"):
            pass
        hands.now -= 3600
        with budget.call("0.5"):
            pass
        assert gauge.health().altered == {"budget not checked": 1}
        hands.now -= 3600
        with budget.call("0.5"):
            keeper.tick()
        assert len(asked) == 3
        assert len(renewed) == 1
