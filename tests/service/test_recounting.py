"""Counting budgets from the events, while guards tell what they charge."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

import agentgauge
from agentgauge.errors import NotFound
from agentgauge.files import file_lock
from agentgauge.meter import Meter
from agentgauge.service import recounting
from agentgauge.service.budgets import states
from agentgauge.service.recounting import recount
from agentgauge.settings import Home
from agentgauge.state.budget_account import Account, Charge
from tests.service.budgeted import HOUR, Budgeted


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Budgeted]:
    found = Budgeted(tmp_path)
    yield found
    found.store.close()


def figures(account: Account) -> tuple[Decimal, Decimal, Decimal]:
    return account.counted_usd, account.charged_usd, account.reserved_usd


def test_a_count_has_guarded_calls_and_others_once(home: Budgeted) -> None:
    budget = home.add("ticket:X", "5")
    home.accounts.charge(budget.id, home.record("0.5", "0.25", ticket="X"))
    home.record("2", ticket="X")
    assert figures(home.accounts.account(budget.id)) == (0, Decimal("0.75"), 0)
    recount(home.meter, home.store)
    assert figures(home.accounts.account(budget.id)) == (Decimal("2.75"), 0, 0)
    recount(home.meter, home.store, [budget.id])
    assert figures(home.accounts.account(budget.id)) == (Decimal("2.75"), 0, 0)


def test_a_charge_whose_event_is_on_its_way_stands_until_it_arrives(home: Budgeted) -> None:
    """As on a server, which is told of a call before the journal of the agent's machine gets there."""
    budget = home.add("ticket:X", "5")
    arrived, late = home.record("0.5", "0.25", ticket="X")
    home.accounts.charge(budget.id, [arrived, msgspec.structs.replace(late, segment="elsewhere")])
    recount(home.meter, home.store)
    assert figures(home.accounts.account(budget.id)) == (Decimal("0.75"), Decimal("0.25"), 0)


def test_a_call_without_a_price_stands_as_what_was_reserved_for_it(home: Budgeted) -> None:
    budget = home.add("ticket:X", "5")
    home.accounts.charge(budget.id, home.record("0.5", None, ticket="X"))
    recount(home.meter, home.store)
    assert figures(home.accounts.account(budget.id)) == (Decimal("0.5"), 1, 0)
    (home.root / "prices.toml").write_text('[[price]]\nmodel = "in-house"\ninput = 250000\noutput = 0\n')
    recount(Meter(home.meter.settings), home.store)
    assert figures(home.accounts.account(budget.id)) == (Decimal("0.75"), 0, 0)


def test_a_call_that_was_imported_twice_is_charged_once_at_last(home: Budgeted) -> None:
    """Its repeat has another identity, which no event will ever have: it stands an hour beside the count."""
    budget = home.add("ticket:X", "5")
    at = datetime.now(UTC) - 2 * HOUR
    told = []
    for _ in range(2):
        with agentgauge.open(home.root) as gauge, gauge.scope(ticket="X"):
            assert gauge.sink is not None
            told.append(Charge(segment=gauge.sink.segment_id, n=0, time=at, usd=Decimal(1)))
            for source_id in ("same", f"after {len(told)}"):
                gauge.record(
                    agentgauge.Event(
                        kind="llm_call", time=at, model="m", cost_usd=Decimal(len(source_id) == 4), source_id=source_id
                    )
                )
    home.accounts.charge(budget.id, told)
    recount(home.meter, home.store)
    assert figures(home.accounts.account(budget.id)) == (1, 1, 0)
    with home.store.transaction() as connection:
        connection.execute("UPDATE budget_charges SET charged_at = charged_at - ?", (2 * 3_600_000_000,))
    recount(home.meter, home.store)
    assert figures(home.accounts.account(budget.id)) == (1, 0, 0)


def test_what_dead_holders_had_is_free_once_what_they_spent_is_counted(home: Budgeted) -> None:
    budget = home.add("ticket:X", "5")
    home.accounts.reserve(budget.id, "a", Decimal(4), at_least=Decimal(4), holder="dead", ttl_s=-1)
    home.record("3", ticket="X")  # and it did not live to tell
    recount(home.meter, home.store)
    assert figures(home.accounts.account(budget.id)) == (3, 0, 0)


def test_many_budgets_are_counted_in_one_snapshot(home: Budgeted) -> None:
    tickets = [home.add(f"ticket:T-{n}", "5") for n in range(20)]
    agent = home.add("agent:coder", "50", period="month", start=home.now - 40 * 24 * HOUR)
    for n in range(20):
        home.record(str(n), ticket=f"T-{n}", agent="coder")
    recount(home.meter, home.store)
    assert [home.accounts.account(budget.id).counted_usd for budget in tickets] == list(range(20))
    assert home.accounts.account(agent.id).counted_usd == 190
    assert home.book.get(agent.id).used_usd == 190


def test_counting_what_there_is_not_says_so_and_of_nothing_is_nothing(home: Budgeted) -> None:
    recount(home.meter, home.store)
    assert not home.store.exists
    with pytest.raises(NotFound, match="no budget 7"):
        recount(home.meter, home.store, [7])


def test_charges_that_come_while_it_is_counted_are_looked_for_too(
    home: Budgeted, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = home.add("ticket:X", "50")
    told = home.record(*["1"] * 6, ticket="X")
    waiting = [told[:2], told[2:4], [msgspec.structs.replace(told[4], n=99)]]
    ask = recounting.Sighting.sort

    def meanwhile(self: recounting.Sighting, charges: object) -> object:
        found = ask(self, charges)  # type: ignore[arg-type]
        if waiting:
            home.accounts.charge(budget.id, waiting.pop())
        return found

    monkeypatch.setattr(recounting.Sighting, "sort", meanwhile)
    recount(home.meter, home.store)
    assert not waiting
    assert figures(home.accounts.account(budget.id)) == (6, 1, 0)


def test_who_waited_for_a_count_that_began_later_need_not_count_again(
    home: Budgeted, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = home.add("ticket:X", "5")
    home.record("1", ticket="X")
    counts: list[int] = []
    count = recounting._count

    def counting(*arguments: object) -> list[int]:
        counts.append(1)
        return count(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(recounting, "_count", counting)
    asked, turn = threading.Semaphore(0), recounting._turn

    @contextmanager
    def taken(of: Home) -> Iterator[None]:
        asked.release()  # when it was asked has been noted by then
        with turn(of):
            yield

    monkeypatch.setattr(recounting, "_turn", taken)
    with file_lock(home.root / "budgets.lock"):
        waiting = [threading.Thread(target=recount, args=(home.meter, home.store, [budget.id])) for _ in range(4)]
        for thread in waiting:
            thread.start()
        for _ in waiting:
            assert asked.acquire(timeout=30)
    for thread in waiting:
        thread.join(60)
    assert len(counts) == 1
    assert figures(home.accounts.account(budget.id)) == (1, 0, 0)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGAUGE_")}
    return subprocess.run(
        [sys.executable, "-m", "agentgauge.service.recounting", *arguments],
        capture_output=True, text=True, timeout=120, env=clean, check=False,
    )  # fmt: skip


def test_it_runs_as_a_process_for_a_guard(home: Budgeted) -> None:
    budget = home.add("ticket:X", "5")
    home.accounts.charge(budget.id, home.record("0.5", ticket="X"))
    done = _run("--home", str(home.root), "--budget", str(budget.id))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert figures(home.accounts.account(budget.id)) == (Decimal("0.5"), 0, 0)
    absent = _run("--home", str(home.root), "--budget", "7")
    assert (absent.returncode, absent.stderr) == (2, "error: no budget 7\n")


def test_what_is_shown_between_counts_has_each_call_once(home: Budgeted) -> None:
    budget = home.add("ticket:X", "5")
    told = home.record("0.5", "0.25", ticket="X")
    home.accounts.charge(budget.id, [*told, Charge(segment="far", n=0, time=home.now + HOUR / 60, usd=Decimal(1))])
    home.accounts.reserve(budget.id, "a", Decimal(2), at_least=Decimal(2), holder="me", ttl_s=60)
    shown = home.state(budget)
    assert (shown.used_usd, shown.told_usd, shown.reserved_usd, shown.remaining_usd) == (
        Decimal("1.75"), 1, 2, Decimal("1.25"),
    )  # fmt: skip
    recount(home.meter, home.store)
    assert home.state(budget) == shown


def test_a_snapshot_from_before_a_count_has_what_that_has_seen(home: Budgeted) -> None:
    """Answers of a server may be of a snapshot that is some seconds old."""
    budget = home.add("ticket:X", "5")
    with home.meter.engine() as old:
        home.accounts.charge(budget.id, home.record("0.5", ticket="X"))
        recount(home.meter, home.store)
        now = datetime.now(UTC)
        assert states(old, home.store, [budget], now)[0].used_usd == Decimal("0.5")
        assert states(old, home.store, [budget], now + timedelta(seconds=1))[0].used_usd == Decimal("0.5")
