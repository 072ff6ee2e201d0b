"""A budget that cannot be checked: what goes on, what is said of it, and that nothing else is raised."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.errors import BudgetExceeded, StateError
from agentgauge.policies.budgets.account_line import AWAY_S
from agentgauge.policies.budgets.keeper import Keeper
from agentgauge.policies.budgets.local import LocalAccounts
from agentgauge.policies.budgets.outage import LONG_S
from agentgauge.settings import get_settings
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of
from tests.policies.budgets.guarding import Hands, account, kept_by, local, used
from tests.recorder.reading import events

UNCHECKED = "budget not checked"


class Reach:
    """Accounts that are out of reach while `reason` says so, and counted how often they were asked meanwhile."""

    def __init__(self, accounts: LocalAccounts) -> None:
        self._accounts = accounts
        self.reason: Exception | None = None
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        if self.reason is not None:
            self.asked += 1
            raise self.reason
        return getattr(self._accounts, name)


@pytest.fixture
def reach(home: Path, hands: Hands) -> Reach:
    return Reach(local(home, hands)())


@pytest.fixture
def keeper(gauge: agentgauge.Gauge, reach: Reach, hands: Hands) -> Iterator[Keeper]:
    with kept_by(gauge, lambda: reach, hands) as keeper:
        yield keeper


def marks(home: Path) -> list[dict[str, Any] | None]:
    return [event.attributes for event in events(home) if event.name == "budget.unchecked"]


def test_work_goes_on_counted_and_said_once_and_what_was_spent_is_charged_later(
    gauge: agentgauge.Gauge, home: Path, reach: Reach, keeper: Keeper, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    with gauge.budget("ticket:T", usd=1) as budget:
        reach.reason = StateError("the disk is full")
        for _ in range(7):
            with budget.call("0.5"):
                gauge.llm_call("m", cost_usd="0.2")
        assert reach.asked == 1, "a store that cannot be used is left alone"
        assert gauge.health().altered == {UNCHECKED: 7}, "each call once, with what it cost"
        assert budget.spent_usd == Decimal("1.4")
        assert marks(home) == []
        reach.reason = None
        hands.now += AWAY_S
        keeper.tick()
        assert account(home).spent_usd == Decimal("1.4")
        with pytest.raises(BudgetExceeded), budget.call("0.5"):
            pytest.fail("the call was made")
    assert marks(home) == [{"budget": "ticket:T", "reason": "the disk is full", "calls": 7}]
    (said,) = caplog.records
    assert said.levelno == logging.WARNING
    assert said.getMessage() == (
        "budget not checked: budget ticket:T is NOT ENFORCED, work goes on without it (fail_open): "
        "the disk is full (counted from now on, not logged again)"
    )
    assert used(home) == Decimal("1.4")


def test_a_long_outage_is_said_while_it_lasts(
    gauge: agentgauge.Gauge, home: Path, reach: Reach, keeper: Keeper, hands: Hands
) -> None:
    reach.reason = OSError("no route")
    with gauge.budget("ticket:T", usd=1) as budget:
        with budget.call("0.5"):
            pass
        for _ in range(3):
            hands.now += LONG_S
            keeper.tick()
        assert [mark and mark["calls"] for mark in marks(home)] == [2]
        with budget.call("0.5"):
            pass
    assert len(marks(home)) == 1


def test_where_the_policy_is_fail_closed_the_call_is_not_made(
    gauge: agentgauge.Gauge, home: Path, reach: Reach, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=1, policy="fail_closed") as budget:
        reach.reason = StateError("the disk is full")
        with pytest.raises(BudgetExceeded, match="fail_closed: the disk is full") as refused, budget.call("0.5"):
            pytest.fail("the call was made")
        assert (refused.value.budget, refused.value.limit_usd, refused.value.asked_usd) == (
            "ticket:T", None, Decimal("0.5"),
        )  # fmt: skip
        with pytest.raises(BudgetExceeded, match="cannot be checked"):
            gauge.llm_call("m", cost_usd="0.2")
    with pytest.raises(BudgetExceeded, match="the disk is full"), gauge.budget("ticket:U", policy="fail_closed"):
        pytest.fail("the block was entered")
    assert gauge.health().altered == {}
    assert len(events(home)) == 1


def test_the_policy_of_the_environment_holds_where_none_is_given(
    home: Path, reach: Reach, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_BUDGET_POLICY", "fail_closed")
    with agentgauge.open(home) as gauge, kept_by(gauge, lambda: reach, hands):
        reach.reason = StateError("gone")
        with pytest.raises(BudgetExceeded), gauge.budget("ticket:T", usd=1):
            pytest.fail("the block was entered")
        with gauge.budget("ticket:T", usd=1, policy="fail_open"):
            pass


def test_leased_headroom_serves_calls_while_the_store_is_out_of_reach(
    gauge: agentgauge.Gauge, reach: Reach, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=160, policy="fail_closed") as budget:
        with budget.call(1):
            pass
        reach.reason = StateError("gone")
        for _ in range(10):
            with budget.call(1):
                gauge.llm_call("m", cost_usd=1)
        with pytest.raises(BudgetExceeded, match="cannot be checked"), budget.call(1):
            pytest.fail("the call was made")


def test_a_budget_that_nobody_has_set_is_one_that_cannot_be_checked(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T") as budget, budget.call(1):
        gauge.llm_call("m", cost_usd=1)
        assert (budget.limit_usd, budget.remaining_usd, budget.spent_usd) == (Decimal("Infinity"),) * 2 + (1,)
    (mark,) = marks(home)
    assert mark is not None
    assert "no budget of ticket 'T'" in mark["reason"]


def test_a_budget_that_is_removed_meanwhile_is_made_again_by_the_program(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, hands: Hands
) -> None:
    with gauge.budget("ticket:T", usd=1) as budget:
        with budget.call("0.5"):
            gauge.llm_call("m", cost_usd="0.25")
        BudgetBook(state_of(get_settings(home).home)).delete(1, "a person", account(home).period_start)
        with budget.call("0.5"):
            pass
        assert gauge.health().altered == {UNCHECKED: 1}
        hands.now += AWAY_S
        with budget.call("0.5"):
            assert account(home, 2).reserved_usd == Decimal("0.5")


@pytest.mark.parametrize("content", [b"no database" * 1000, b""], ids=["damaged", "empty"])
def test_a_file_that_cannot_be_used_stops_no_program(
    home: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / "state.db").write_bytes(content)
    with agentgauge.open(home) as gauge, gauge.budget("ticket:T", usd=1) as budget, budget.call("0.5"):
        gauge.llm_call("m", cost_usd="0.25")
        assert budget.spent_usd == Decimal("0.25")
    assert bool(gauge.health().altered) == bool(content)


def test_a_locked_file_is_waited_for_once(home: Path, hands: Hands) -> None:
    with agentgauge.open(home) as gauge, kept_by(gauge, local(home, hands), hands):
        with gauge.budget("ticket:T", usd=1):
            pass
        with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with gauge.budget("ticket:T", usd=1) as budget:
                for _ in range(100):
                    with budget.call("0.01"):
                        gauge.llm_call("m", cost_usd="0.001")
            holder.execute("ROLLBACK")
        assert gauge.health().altered[UNCHECKED] >= 101
        hands.now += AWAY_S
    assert account(home).spent_usd == Decimal("0.1")


class _Broken(LocalAccounts):
    def __init__(self, accounts: LocalAccounts) -> None:
        self._accounts = accounts

    def open(self, *given: Any) -> Any:
        return self._accounts.open(*given)

    def reserve(self, *given: Any, **named: Any) -> Any:
        raise ZeroDivisionError

    def charge(self, budget_id: int, charges: Sequence[Any]) -> Any:
        raise ZeroDivisionError


def test_a_mistake_of_ours_stops_no_program(gauge: agentgauge.Gauge, home: Path, hands: Hands) -> None:
    accounts = _Broken(local(home, hands)())
    with kept_by(gauge, lambda: accounts, hands), gauge.budget("ticket:T", usd=1) as budget, budget.call("0.5"):
        gauge.llm_call("m", cost_usd="0.7")
    assert gauge.health().altered == {UNCHECKED: 1}, "the call, with what it cost"


def test_in_memory_budgets_are_of_the_process(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    with agentgauge.open(home) as gauge, gauge.budget("ticket:memory", usd=1) as budget:
        with budget.call("0.5"):
            gauge.llm_call("m", cost_usd="0.75")
        with pytest.raises(BudgetExceeded, match="raise it in the program"), budget.call("0.5"):
            pytest.fail("the call was made")
        with agentgauge.open(home) as another, another.budget("ticket:memory") as same:
            assert same.spent_usd == Decimal("0.75")
    assert not home.exists()


def test_what_passes_unchecked_is_counted_by_the_gauge_that_recorded_it(
    gauge: agentgauge.Gauge, home: Path, hands: Hands
) -> None:
    accounts = _Broken(local(home, hands)())
    with agentgauge.open(home) as another, kept_by(gauge, lambda: accounts, hands):
        for one in (gauge, another):
            with one.budget("ticket:T", usd=1) as budget, budget.call("0.5"):
                pass
        assert gauge.health().altered == {UNCHECKED: 1}, "its call"
        assert another.health().altered == {UNCHECKED: 2}, "its block too: the store is left alone now"
