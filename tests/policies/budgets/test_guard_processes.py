"""Budgets that several processes share: what holds while they race, fork, and die."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.policies.budgets.account_line import TTL_S
from agentgauge.service.recounting import recount
from agentgauge.settings import get_settings
from agentgauge.state.kept import KeptDatabase
from tests.policies.budgets.guarding import Hands, account, counted, kept_by, local, used
from tests.recorder.reading import events

_spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def spenders(count: int, home: Path, usd: str, most: str, beyond: str = "0") -> list[subprocess.Popen[str]]:
    """Programs that spend, begun together; one of them has made the budgets."""
    made = []
    for number in range(count):
        command = [
            sys.executable,
            str(Path(__file__).with_name("spender.py")),
            str(home),
            str(number),
            usd,
            most,
            beyond,
        ]
        made.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        if number == 0:
            assert _line(made[0]) == "ready"
    for process in made[1:]:
        assert _line(process) == "ready"
    for process in made:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return made


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize(("count", "most", "beyond"), [(8, "0.07", "0"), (4, "0.01", "0"), (4, "0.05", "0.03")])
def test_processes_that_race_spend_no_more_than_was_reserved(home: Path, count: int, most: str, beyond: str) -> None:
    racers = spenders(count, home, "2", most, beyond)
    said = [process.communicate()[0].splitlines()[-1] for process in racers]
    assert [process.returncode for process in racers] == [0] * count
    assert [altered for _, altered in (line.split(" ", 1) for line in said)] == ["{}"] * count, "all was checked"
    spent = sum((event.cost_usd or Decimal(0) for event in events(home)), Decimal(0))
    assert spent <= 2 + sum((Decimal(line.split()[0]) for line in said), Decimal(0))
    assert spent > 1, "and they spend most of what there is"
    for budget_id in (1, 2):
        now = account(home, budget_id)
        assert (now.spent_usd, now.reserved_usd) == (spent, 0)
        assert counted(home, budget_id).counted_usd == used(home, budget_id) == spent


def test_holders_that_are_killed_leak_nothing_and_all_that_they_spent_is_charged(home: Path) -> None:
    chance = random.Random(4)
    for count, most in ((2, "0.02"), (1, "200")):
        for process in spenders(count, home, "2000", most):
            for _ in range(chance.randint(1, 5)):
                assert _line(process) == "spent"
            process.kill()
            process.communicate()
    left = account(home)
    assert left.reserved_usd > 0, "somebody died with a reservation"
    hands = Hands()
    hands.now += TTL_S + 1
    for budget_id in (1, 2):
        local(home, hands)().recount(budget_id)
        after = account(home, budget_id)
        assert (after.reserved_usd, after.charged_usd) == (0, 0)
        assert after.counted_usd == used(home, budget_id)
    assert used(home) == sum((event.cost_usd or Decimal(0) for event in events(home)), Decimal(0))


def _in_a_child(work: Callable[[], object]) -> None:
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_holds_nothing_of_its_parents(home: Path) -> None:
    gauge = agentgauge.open(home)
    hands = Hands()

    def in_the_child() -> None:
        gauge.llm_call("m", cost_usd="0.25")
        with budget.call(1):
            gauge.llm_call("m", cost_usd="0.25")
        call.__exit__(None, None, None)
        assert account(home).reserved_usd >= 20, "the parent's, and not the child's to end"
        budget.__exit__(None, None, None)

    with kept_by(gauge, local(home, hands), hands), gauge.budget("ticket:T", usd=160) as budget:
        with budget.call(20) as call, budget.call(1):
            gauge.llm_call("m", cost_usd="0.5")
            _in_a_child(in_the_child)
            assert account(home).reserved_usd > 20
        assert budget.remaining_usd <= Decimal("159.5")
    assert account(home).spent_usd == 1
    assert account(home).reserved_usd == 0
    assert counted(home).spent_usd == 1


def _pickled(gauge: agentgauge.Gauge) -> None:
    with gauge.budget("ticket:T") as budget, budget.call("0.5"):
        gauge.llm_call("m", cost_usd="0.5")
    gauge.close()


def test_a_gauge_that_went_to_another_process_has_the_budgets_of_its_home(home: Path) -> None:
    with agentgauge.open(home) as gauge, gauge.budget("ticket:T", usd=1):
        process = _spawn.Process(target=_pickled, args=(pickle.loads(pickle.dumps(gauge)),))
        process.start()
        process.join()
        assert process.exitcode == 0
        assert account(home).spent_usd == Decimal("0.5")


def test_a_process_that_ends_in_a_block_gives_back_what_it_has(home: Path) -> None:
    program = (
        "import agentgauge, sys\n"
        "gauge = agentgauge.open(sys.argv[1])\n"
        "budget = gauge.budget('ticket:T', usd=160).__enter__()\n"
        "with budget.call(1):\n"
        "    gauge.llm_call('m', cost_usd='0.5')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(home)], check=True)
    assert (account(home).spent_usd, account(home).reserved_usd) == (Decimal("0.5"), 0)


def test_a_guard_brings_no_framework_into_a_program(home: Path) -> None:
    program = (
        "import agentgauge, sys, datetime\n"
        "assert 'agentgauge.policies' not in sys.modules and 'sqlite3' not in sys.modules\n"
        "gauge = agentgauge.open(sys.argv[1])\n"
        "since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)\n"
        "with gauge.budget('ticket:T', usd=2, since=since) as budget:\n"  # which has it counted
        "    for most in (1, 0.01):\n"
        "        with budget.call(max_usd=most):\n"
        "            gauge.llm_call('gpt-4o', 'openai', 100, 10)\n"
        "assert isinstance(budget, agentgauge.BudgetGuard)\n"
        "heavy = 'sqlalchemy alembic fastapi starlette uvicorn duckdb deltalake sqlglot typer rich scipy urllib3'\n"
        "print(*(name for name in heavy.split() if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(home)], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_what_happened_before_is_counted_by_a_process_of_its_own(home: Path) -> None:
    now = datetime.now(UTC)
    with agentgauge.open(home) as gauge:
        gauge.llm_call("m", cost_usd=3, ticket="T")
        gauge.llm_call("gpt-4o", "openai", 1_000_000, 0, ticket="T")
        with gauge.budget("ticket:T", usd=9, since=now - timedelta(days=1)) as budget:
            assert budget.spent_usd == used(home) > 3
    recount(Meter(get_settings(home)), KeptDatabase(home / "state.db"))
    assert account(home).counted_usd == used(home)


def test_the_keepers_thread_tells_and_ends_by_itself(home: Path) -> None:
    with agentgauge.open(home) as gauge, gauge.budget("ticket:T", usd=160) as budget:
        with budget.call(1):
            gauge.llm_call("m", cost_usd="0.5")
        until = time.monotonic() + 30
        while account(home).spent_usd == 0:
            assert time.monotonic() < until
