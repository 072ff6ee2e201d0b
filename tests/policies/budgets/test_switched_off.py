"""Budgets hold where recording is switched off, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.events import Event
from agentgauge.recorder import DisabledGauge, Gauge

NOTHING = agentgauge.Health(0, {}, {}, {})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(params=[("AGENTGAUGE_DISABLED", "1"), ("ENABLE_METRICS", "false")], ids=lambda switch: switch[0])
def gauge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, home: Path) -> Gauge:
    monkeypatch.setenv(*request.param)
    gauge = agentgauge.open(home)
    assert isinstance(gauge, DisabledGauge)
    return gauge


def _spend(how: str, gauge: Gauge, usd: str) -> None:
    match how:
        case "llm_call":
            gauge.llm_call("m", cost_usd=usd)
        case "tool_call":
            gauge.tool_call("search", cost_usd=usd)
        case "keep":
            assert gauge.keep("llm_call", {"model": "m", "cost_usd": usd}) is None
        case "event":
            assert gauge.event("tool_call", {"name": "search", "cost_usd": usd}) is None
        case "record":
            gauge.record(Event(kind="llm_call", time=datetime.now(UTC), model="m", cost_usd=Decimal(usd)))
        case _:
            with gauge.span("m", "llm_call", model="m", cost_usd=usd):
                pass


@pytest.mark.parametrize("how", ["llm_call", "tool_call", "keep", "event", "record", "span"])
def test_a_cost_past_the_limit_raises(gauge: Gauge, home: Path, how: str, request: pytest.FixtureRequest) -> None:
    with gauge.budget(f"ticket:{request.node.name}", usd=1) as budget:
        _spend(how, gauge, "0.6")
        assert (budget.spent_usd, budget.remaining_usd) == (Decimal("0.6"), Decimal("0.4"))
        with pytest.raises(agentgauge.BudgetExceeded):
            _spend(how, gauge, "0.6")
    with pytest.raises(agentgauge.BudgetExceeded), gauge.budget(f"ticket:{request.node.name}"):
        pytest.fail("nothing was left")
    assert gauge.health() == NOTHING
    assert not home.exists()


def test_a_call_reserves_and_is_priced_by_the_list_of_the_home(
    gauge: Gauge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[[price]]\nmodel = "mine"\ninput = 1\noutput = 1\n')
    monkeypatch.setenv("AGENTGAUGE_PRICES", str(prices))
    gauge = agentgauge.open(tmp_path / "home")
    with gauge.budget(f"ticket:{request.node.name}", usd=1) as budget:
        with budget.call(max_usd="0.5") as call:
            gauge.llm_call("mine", input_tokens=700_000)
        assert call.spent_usd == Decimal("0.7")
        with pytest.raises(agentgauge.BudgetExceeded, match=r"this call may cost \$0.50, and \$0.30 is left"):
            with budget.call(max_usd="0.5"):
                pytest.fail("the call was made")


def test_nothing_stands_in_the_way_without_a_guard(gauge: Gauge, request: pytest.FixtureRequest) -> None:
    before = dict(vars(gauge))
    outer, inner = gauge.budget(f"ticket:{request.node.name}", usd=1), gauge.budget("agent:a", usd=1)
    with outer, inner:
        assert "llm_call" in vars(gauge)
    assert vars(gauge) == before
    gauge.llm_call("m", cost_usd=5)
    assert outer.spent_usd == 0
    with pytest.raises(agentgauge.BudgetExceeded), gauge.budget("ticket:nothing left", usd=0):
        pytest.fail("nothing was left")
    assert vars(gauge) == before


def test_what_is_of_another_is_not_charged(gauge: Gauge, request: pytest.FixtureRequest) -> None:
    with gauge.budget(f"ticket:{request.node.name}", usd=1) as budget, gauge.scope(ticket="another"):
        gauge.llm_call("m", cost_usd=5)
    assert budget.spent_usd == 0


def test_a_guard_holds_in_its_own_thread_and_in_those_it_was_bound_to(
    gauge: Gauge, request: pytest.FixtureRequest
) -> None:
    raised: list[str] = []

    def work(name: str) -> None:
        try:
            gauge.llm_call("m", cost_usd=2)
        except agentgauge.BudgetExceeded:
            raised.append(name)

    with gauge.budget(f"ticket:{request.node.name}", usd=1):
        for function, name in ((work, "beside"), (gauge.bind(work), "bound")):
            thread = threading.Thread(target=function, args=(name,))
            thread.start()
            thread.join()
    assert raised == ["bound"]


def test_the_last_of_many_threads_to_leave_removes_what_the_first_one_set(gauge: Gauge) -> None:
    before, start = dict(vars(gauge)), threading.Barrier(8)
    wrong: list[Decimal] = []

    def work(name: str) -> None:
        start.wait()
        for turn in range(30):
            with gauge.budget(f"ticket:threads {name} {turn}", usd=1) as budget:
                gauge.llm_call("m", cost_usd="0.25")
                if budget.spent_usd != Decimal("0.25"):
                    wrong.append(budget.spent_usd)

    threads = [threading.Thread(target=work, args=(f"{os.urandom(4).hex()}",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert vars(gauge) == before


def test_tasks_of_asyncio_each_have_their_own(gauge: Gauge, request: pytest.FixtureRequest) -> None:
    async def work(name: str, usd: str) -> Decimal:
        async with gauge.budget(f"ticket:{request.node.name}{name}", usd=1) as budget:
            for _ in range(3):
                async with budget.call(max_usd="0.3"):
                    await asyncio.sleep(0)
                    gauge.llm_call("m", cost_usd=usd)
            return budget.spent_usd

    async def main() -> list[Decimal]:
        return list(await asyncio.gather(work("a", "0.1"), work("b", "0.2")))

    assert asyncio.run(main()) == [Decimal("0.3"), Decimal("0.6")]


def test_what_is_bound_in_a_block_can_go_to_another_process(gauge: Gauge, request: pytest.FixtureRequest) -> None:
    with gauge.budget(f"ticket:{request.node.name}", usd=1):
        there: Callable[[list[int]], int] = pickle.loads(pickle.dumps(gauge.bind(len)))
        assert isinstance(pickle.loads(pickle.dumps(gauge)), DisabledGauge)
    assert there([1]) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_held_too(gauge: Gauge, request: pytest.FixtureRequest) -> None:
    with gauge.budget(f"ticket:{request.node.name}", usd=1):
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                try:
                    gauge.llm_call("m", cost_usd=2)
                except agentgauge.BudgetExceeded:
                    os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_budget_that_only_somebody_else_could_have_set_goes_unchecked(gauge: Gauge) -> None:
    with gauge.budget("team:nobody set it here"):
        gauge.llm_call("m", cost_usd=2)
    assert gauge.health().recorded == 0
    assert gauge.health().altered.keys() == {"budget not checked"}
    with pytest.raises(agentgauge.BudgetExceeded), gauge.budget("team:nobody set it here", policy="fail_closed"):
        pytest.fail("it was entered")
