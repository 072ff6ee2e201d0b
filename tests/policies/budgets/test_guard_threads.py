"""Calls of a budget in threads that know nothing of its block, and calls outside of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import BudgetExceeded, SettingsError
from agentgauge.recorder.guards import Guard
from tests.policies.budgets.guarding import account
from tests.recorder.reading import events

MOST = 1000
"""Calls of a runaway that nothing stops."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home) as gauge:
        yield gauge


def run_away(gauge: agentgauge.Gauge, budget: Guard) -> int:
    """How many calls were made until the budget stopped them."""
    for calls in range(MOST):
        try:
            with budget.call("0.25"):
                gauge.llm_call("m", cost_usd="0.25")
        except BudgetExceeded:
            return calls
    return MOST


def test_a_runaway_in_a_thread_is_stopped(gauge: agentgauge.Gauge, home: Path) -> None:
    made: list[int] = []
    with gauge.budget("ticket:T", usd=2, project="shop") as budget:
        thread = threading.Thread(target=lambda: made.append(run_away(gauge, budget)))
        thread.start()
        thread.join()
    assert made == [8]
    assert account(home).spent_usd == 2
    assert {(event.ticket, event.project) for event in events(home) if event.kind == "llm_call"} == {("T", "shop")}


def test_runaways_in_a_pool_are_stopped_together(gauge: agentgauge.Gauge, home: Path) -> None:
    with ThreadPoolExecutor(4) as pool, gauge.budget("ticket:T", usd=2) as budget:
        made = list(pool.map(lambda _: run_away(gauge, budget), range(4)))
    assert sum(made) == 8
    assert account(home).spent_usd == 2


def test_a_thread_is_as_it_was_after_a_call(gauge: agentgauge.Gauge, home: Path) -> None:
    def work() -> None:
        with gauge.scope(agent="tester"):
            with budget.call(1) as call:
                gauge.llm_call("m", cost_usd="0.5")
            assert call.spent_usd == Decimal("0.5")
            gauge.llm_call("m", cost_usd="0.5")

    with ThreadPoolExecutor(1) as pool, gauge.budget("ticket:T", usd=2) as budget:
        pool.submit(work).result()
    inside, after = (event for event in events(home) if event.kind == "llm_call")
    assert ((inside.agent, inside.ticket), (after.agent, after.ticket)) == (("tester", "T"), ("tester", None))
    assert account(home).spent_usd == Decimal("0.5")


def test_a_call_that_outlasts_its_block_is_charged(gauge: agentgauge.Gauge, home: Path) -> None:
    begun, left = threading.Event(), threading.Event()

    def work() -> None:
        with budget.call(1):
            begun.set()
            left.wait()
            gauge.llm_call("m", cost_usd="0.5")

    with gauge.budget("ticket:T", usd=2) as budget:
        thread = threading.Thread(target=work)
        thread.start()
        begun.wait()
    left.set()
    thread.join()
    with gauge.budget("ticket:T") as budget:
        assert budget.spent_usd == Decimal("0.5")


@pytest.mark.parametrize("is_switched_off", [False, True], ids=["recording", "switched off"])
def test_a_call_outside_of_the_block_is_refused_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, is_switched_off: bool
) -> None:
    if is_switched_off:
        monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    with agentgauge.open(home) as gauge:
        budget = gauge.budget("ticket:T", usd=2)
        with pytest.raises(SettingsError, match=r"enter it first: with gauge\.budget"):
            budget.call(1)
        with budget:
            made = run_away(gauge, budget)
        with pytest.raises(SettingsError, match="enter it first"), ThreadPoolExecutor(1) as pool:
            pool.submit(budget.call, 1).result()
    assert made == 8


def test_a_runaway_in_a_thread_is_stopped_where_recording_is_switched_off(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    with (
        agentgauge.open(home) as gauge,
        gauge.budget("ticket:thread-off", usd=2) as budget,
        ThreadPoolExecutor(1) as pool,
    ):
        assert pool.submit(run_away, gauge, budget).result() == 8
