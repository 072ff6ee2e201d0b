"""A budget in a program: what it lets through, what it charges, and when it says no."""

from __future__ import annotations

import asyncio
import decimal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.errors import BudgetExceeded, SettingsError
from agentgauge.events import Event
from agentgauge.policies.budgets.keeper import Keeper
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of
from tests.policies.budgets.guarding import Hands, account, counted, kept_by, local, used
from tests.recorder.reading import events

DAY = timedelta(days=1)


@pytest.fixture
def keeper(gauge: agentgauge.Gauge, home: Path, hands: Hands) -> Iterator[Keeper]:
    with kept_by(gauge, local(home, hands), hands) as keeper:
        yield keeper


def spend(gauge: agentgauge.Gauge, usd: str, **more: Any) -> None:
    gauge.llm_call("m", cost_usd=usd, **more)


# Calls that reserve


def test_a_call_that_may_cost_more_than_is_left_is_refused_before_it_is_made(
    gauge: agentgauge.Gauge, keeper: Keeper
) -> None:
    with gauge.budget("ticket:PROJ-456", usd=1) as budget:
        with budget.call(max_usd="0.80") as call:
            spend(gauge, "0.75")
        assert call.spent_usd == Decimal("0.75")
        with pytest.raises(BudgetExceeded) as refused, budget.call(max_usd="0.30"):
            pytest.fail("the call was made")
        assert (budget.limit_usd, budget.spent_usd, budget.remaining_usd) == (1, Decimal("0.75"), Decimal("0.25"))
    error = refused.value
    assert (error.budget, error.limit_usd, error.spent_usd, error.reserved_usd, error.asked_usd) == (
        "ticket:PROJ-456", 1, Decimal("0.75"), 0, Decimal("0.3"),
    )  # fmt: skip
    assert str(error) == (
        "budget ticket:PROJ-456: this call may cost $0.30, and $0.25 is left (limit $1.00 in total, spent $0.75, "
        "reserved for other calls $0.00). To go on, raise it: agentgauge budget set ticket:PROJ-456 2"
    )


def test_what_a_call_did_not_spend_is_there_for_the_next(gauge: agentgauge.Gauge, keeper: Keeper) -> None:
    with gauge.budget("run:r1", usd=1) as budget:
        for _ in range(10):
            with budget.call(max_usd=1):
                pass
        assert budget.remaining_usd == 1


def test_calls_that_are_under_way_have_what_they_reserved(gauge: agentgauge.Gauge, keeper: Keeper) -> None:
    with (
        gauge.budget("run:r1", usd=1) as budget,
        budget.call(max_usd="0.7"),
        pytest.raises(BudgetExceeded, match=r"\$0\.30 is left .* reserved for other calls \$0\.70"),
        budget.call(max_usd="0.4"),
    ):
        pytest.fail("the call was made")


def test_a_call_that_costs_more_than_it_said_is_charged_and_stops_the_program_past_the_limit(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("run:r1", usd=1) as budget:
        with budget.call(max_usd="0.1"):
            spend(gauge, "0.9")
        with pytest.raises(BudgetExceeded, match=r"exceeded by \$0\.10"), budget.call(max_usd="0.1"):
            spend(gauge, "0.2")
        assert budget.spent_usd == Decimal("1.1")
    assert account(home).spent_usd == used(home) == Decimal("1.1")


def test_what_a_call_may_cost_is_an_amount(gauge: agentgauge.Gauge, keeper: Keeper) -> None:
    with gauge.budget("run:r1", usd=1) as budget:
        for wrong in (-1, float("nan"), "much", None):
            with pytest.raises(SettingsError, match="max_usd"):
                budget.call(wrong)  # type: ignore[arg-type]
        with budget.call(0):
            pass


# What is recorded without a reservation


def test_the_event_that_goes_past_the_limit_is_kept_and_raises(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=1):
        for _ in range(3):
            spend(gauge, "0.3")
        with pytest.raises(BudgetExceeded, match=r"exceeded by \$0\.20"):
            spend(gauge, "0.3")
    assert len(events(home)) == 4
    assert account(home).spent_usd == used(home) == Decimal("1.2")


def test_entering_with_nothing_left_raises(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("ticket:T", usd=1):
        spend(gauge, "1")
    with pytest.raises(BudgetExceeded, match="nothing is left"), gauge.budget("ticket:T", usd=1):
        pytest.fail("the block was entered")
    with gauge.budget("ticket:T", usd=2) as budget:
        assert budget.remaining_usd == 1
    with pytest.raises(BudgetExceeded), gauge.budget("ticket:none", usd=0):
        pytest.fail("the block was entered")


def test_what_is_recorded_inside_belongs_to_the_budget_and_what_names_another_does_not(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.scope(ticket="outer"), gauge.budget("ticket:T", usd=1, project="p") as budget:
        spend(gauge, "0.1")
        spend(gauge, "0.2", ticket="other")
        spend(gauge, "0.4", project="other")
        with gauge.scope(agent="a", mine=1):
            spend(gauge, "0.01")
        assert budget.spent_usd == Decimal("0.11")
    spend(gauge, "0.5")
    assert [(event.ticket, event.project) for event in events(home)] == [
        ("T", "p"), ("other", "p"), ("T", "other"), ("T", "p"), (None, None),
    ]  # fmt: skip
    assert counted(home).counted_usd == Decimal("0.11")


def test_an_issue_is_a_ticket_where_there_is_no_other(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("ticket:7", usd=1) as budget:
        gauge.record(Event(kind="llm_call", time=datetime.now(UTC), model="m", ticket="8", cost_usd=Decimal("0.5")))
        assert budget.spent_usd == 0
    with gauge.budget("agent:a", usd=1), gauge.budget("ticket:7", usd=1) as inner:
        spend(gauge, "0.25", issue=7)
        assert inner.spent_usd == Decimal("0.25")


def test_only_kinds_that_carry_usage_cost_something(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("ticket:T", usd=1) as budget:
        gauge.tool_call("search", cost_usd="0.05")
        gauge.tool_call("read a file")
        gauge.task("t")
        with gauge.span("call", kind="llm_call", model="m", cost_usd="0.1"):
            pass
        assert budget.spent_usd == Decimal("0.15")
    assert used(home) == Decimal("0.15")


def test_an_event_without_cost_is_priced_as_a_count_prices_it(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=1) as budget:
        gauge.llm_call("claude-sonnet-4-5", "anthropic", 12_347, 1_013, 1_001, 17)
        gauge.llm_call("gpt-4o", None, 1_013, 7, tier="batch")
        spent = budget.spent_usd
    assert spent > 0
    assert spent == account(home).charged_usd == counted(home).counted_usd == used(home)


def test_an_event_counts_in_the_period_of_its_own_time(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with gauge.budget("user:u", usd=1, per="day", since=now - 9 * DAY) as budget, budget.call("0.5") as call:
        spend(gauge, "5", at=midnight - DAY)
        spend(gauge, "7", at=now - 20 * DAY)
        gauge.record(Event(kind="llm_call", time=now - 2 * DAY, model="m", cost_usd=Decimal(3)))
        assert budget.spent_usd == 0
        spend(gauge, "0.25")
        assert (budget.spent_usd, call.spent_usd) == (Decimal("0.25"), Decimal("15.25"))
    today = counted(home)
    assert (today.counted_usd, today.charged_usd, today.reserved_usd) == (Decimal("0.25"), 0, 0)


# Calls that nobody knows the price of


def test_an_unpriced_call_is_charged_what_is_left_of_its_reservation(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper, caplog: pytest.LogCaptureFixture
) -> None:
    with gauge.budget("ticket:T", usd=1) as budget:
        for _ in range(2):
            with budget.call(max_usd="0.3"):
                gauge.llm_call("nobody-knows-this-one", input_tokens=10)
                spend(gauge, "0.1")
        assert budget.spent_usd == Decimal("0.6")
    (said,) = caplog.records
    assert said.getMessage() == (
        "no price is known for nobody-knows-this-one: a budget charges a call of it what was reserved for it, and "
        "without a reservation nothing; give its price in prices.toml, or report cost_usd"
    )
    assert account(home).spent_usd == Decimal("0.6")


def test_an_unpriced_call_without_a_reservation_is_charged_nothing(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=1) as budget:
        gauge.llm_call("nobody-knows-that-one", input_tokens=10)
        assert budget.spent_usd == 0


# Several budgets


def test_what_is_recorded_in_two_budgets_is_charged_to_both(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    with gauge.budget("ticket:T", usd=5) as ticket, gauge.budget("agent:a", usd=1, per="day") as agent:
        with ticket.call("0.5"), agent.call("0.5"):
            spend(gauge, "0.4")
        with pytest.raises(BudgetExceeded, match="budget agent:a"):
            spend(gauge, "0.7")
        assert (ticket.spent_usd, agent.spent_usd) == (Decimal("1.1"), Decimal("1.1"))
    assert (counted(home, 1).spent_usd, counted(home, 2).spent_usd) == (Decimal("1.1"), Decimal("1.1"))


def test_the_same_budget_inside_itself_charges_once(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("ticket:T", usd=5) as outer, outer.call(1) as around:
        with gauge.budget("ticket:T") as inner:
            with inner.call(1) as within:
                spend(gauge, "0.5")
            spend(gauge, "0.25")
        assert (within.spent_usd, around.spent_usd) == (Decimal("0.5"), Decimal("0.25"))
        assert outer.spent_usd == inner.spent_usd == Decimal("0.75")
    assert account(home).spent_usd == Decimal("0.75")
    assert account(home).reserved_usd == 0


# Exceptions


class _Mine(Exception):
    pass


def test_an_exception_of_the_block_is_not_hidden(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with (
        pytest.raises(_Mine),
        gauge.budget("ticket:T", usd=1) as budget,
        budget.call("0.1"),
        gauge.span("call", kind="llm_call", model="m", cost_usd=7),
    ):
        raise _Mine
    assert account(home).spent_usd == 7


def test_a_span_that_costs_too_much_raises_at_its_end(gauge: agentgauge.Gauge, keeper: Keeper) -> None:
    with (
        gauge.budget("ticket:T", usd=1),
        pytest.raises(BudgetExceeded),
        gauge.span("call", kind="llm_call", model="m", cost_usd=7),
    ):
        pass


@pytest.mark.parametrize(
    ("of", "given"),
    [
        ("ticket", {}),
        ("ticket:", {}),
        ("tciket:T", {}),
        (None, {}),
        ("ticket:\udcff", {}),
        ("ticket:a\0b", {}),
        ("ticket:" + "x" * 501, {}),
        ("ticket:T", {"usd": -1}),
        ("ticket:T", {"usd": float("inf")}),
        ("ticket:T", {"usd": True}),
        ("ticket:T", {"usd": 1, "per": "year"}),
        ("ticket:T", {"usd": 1, "project": 7}),
        ("ticket:T", {"usd": 1, "since": datetime(2026, 1, 1)}),  # noqa: DTZ001 - naive on purpose
        ("ticket:T", {"usd": 1, "policy": "fail"}),
        ("project:a", {"usd": 1, "project": "b"}),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_arguments_that_cannot_be_used_are_refused_at_once(
    gauge: agentgauge.Gauge, home: Path, of: str, given: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError):
        gauge.budget(of, **given)
    assert not (home / "state.db").exists()


def test_arithmetic_of_the_program_changes_no_amount(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with decimal.localcontext(decimal.Context(prec=3, traps=[decimal.Inexact, decimal.Rounded])):
        with gauge.budget("ticket:T", usd="1234.567891234567") as budget:
            with budget.call("100.123456789012"):
                spend(gauge, "99.999999999999")
            assert str(budget.remaining_usd) == "1134.567891234568"
    assert account(home).remaining_usd == Decimal("1134.567891234568")


# Threads and tasks


def test_bound_threads_are_in_the_block(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("ticket:T", usd=100) as budget, budget.call(50) as call:
        with ThreadPoolExecutor(4) as pool:
            bound = gauge.bind(lambda: spend(gauge, "0.01"))
            for done in [pool.submit(bound) for _ in range(200)]:
                done.result()
        thread = threading.Thread(target=lambda: spend(gauge, "5"))  # not bound: in no block
        thread.start()
        thread.join()
        assert call.spent_usd == budget.spent_usd == 2
    assert account(home).spent_usd == counted(home).spent_usd == 2


def test_tasks_of_one_loop_have_calls_of_their_own(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    refused = 0

    async def work(budget: Any) -> None:
        nonlocal refused
        try:
            async with budget.call(max_usd="0.25"):
                await asyncio.sleep(0)
                spend(gauge, "0.2")
        except BudgetExceeded:
            refused += 1

    async def main() -> None:
        async with gauge.budget("ticket:T", usd=1) as budget:
            await asyncio.gather(*(work(budget) for _ in range(6)))

    asyncio.run(main())
    assert refused == 2
    assert account(home).spent_usd == Decimal("0.8")
    assert account(home).reserved_usd == 0


def test_a_task_that_is_cancelled_while_it_asks_holds_nothing(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    async def call(budget: Any) -> None:
        async with budget.call(max_usd="0.5"):
            pytest.fail("the call was made")

    async def main() -> None:
        async with gauge.budget("ticket:T", usd=1) as budget:
            task = asyncio.create_task(call(budget))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()

    asyncio.run(main())
    assert account(home).reserved_usd == 0


def test_a_loop_that_ends_while_a_task_asks_leaves_nothing_held(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    reserve, asked, answered = keeper.accounts.reserve, threading.Event(), threading.Event()

    def slow(*given: Any, **named: Any) -> Any:
        asked.set()
        assert answered.wait(30)
        return reserve(*given, **named)

    keeper.accounts.reserve = slow  # type: ignore[method-assign]

    async def call(budget: Any) -> None:
        async with budget.call(max_usd="0.5"):
            pytest.fail("the call was made")

    async def main() -> None:
        task = asyncio.create_task(call(budget))
        await asyncio.to_thread(asked.wait, 30)
        task.cancel()

    class Loop(asyncio.SelectorEventLoop):
        async def shutdown_asyncgens(self) -> None:
            """What a runner calls once all tasks are cancelled."""
            await super().shutdown_asyncgens()
            answered.set()

    with gauge.budget("ticket:T", usd=1) as budget:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(main())
        assert account(home).reserved_usd == 0


# Whose budget it is


def test_a_budget_that_a_person_set_is_used_without_an_amount_and_not_changed(
    gauge: agentgauge.Gauge, home: Path, keeper: Keeper
) -> None:
    book = BudgetBook(state_of(gauge.settings.home))  # type: ignore[union-attr]
    terms = Terms(scope="ticket", name="T", total_usd=Decimal(3), start=datetime.now(UTC) - DAY)
    book.create(terms, "a person", datetime.now(UTC))
    spend(gauge, "1", ticket="T")
    for usd in (None, 50):
        with gauge.budget("ticket:T", usd=usd) as budget:
            assert (budget.limit_usd, budget.spent_usd) == (3, 1), "what was spent before was counted"


def test_a_project_is_the_project_of_its_budget(gauge: agentgauge.Gauge, home: Path, keeper: Keeper) -> None:
    with gauge.budget("project:shop", usd=1) as budget:
        spend(gauge, "0.5")
        assert budget.spent_usd == Decimal("0.5")
    assert events(home)[0].project == "shop"
    assert account(home).project == "shop"


def test_an_amount_may_be_written_as_on_the_command_line(gauge: agentgauge.Gauge) -> None:
    with gauge.budget("ticket:T", usd="$5") as budget, budget.call("$0.20"):
        assert budget.limit_usd == 5
