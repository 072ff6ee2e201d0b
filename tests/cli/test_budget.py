"""`agentgauge budget`: what a person and a script see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.state.budget_account import Charge, Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.database import Database
from tests.cli.conftest import Run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A ticket on which a priced call and one without a price were made just now."""
    place = tmp_path / "home"
    with agentgauge.open(place, project="shop") as gauge, gauge.scope(ticket="PROJ-456", agent="coder"):
        gauge.llm_call("in-house", input_tokens=1, output_tokens=1, cost_usd="1.20")
        gauge.llm_call("in-house", input_tokens=1, output_tokens=1)
    return place


def test_a_budget_is_set_and_set_again(run: Run, home: Path) -> None:
    first = run("budget", "set", "ticket:PROJ-456", "$5", "--since", "1h", "--warn", "20", "--home", home)
    assert first.exit_code == 0, first.output
    said, used = first.stdout.splitlines()
    assert said == "budget 1: ticket:PROJ-456 may spend $5.00 in total"
    assert used.startswith("$1.20 + 1 call unpriced used since ")
    assert used.endswith(": warning")
    again = run("budget", "set", "ticket:PROJ-456", "7.5", "--home", home)
    assert again.stdout.startswith("budget 1: ticket:PROJ-456 may spend $7.50 in total; it was $5.00 in total\n$1.20")
    monthly = run("budget", "set", "ticket:PROJ-456", "7.5", "--per", "month", "--project", "shop", "--home", home)
    assert monthly.stdout.startswith("budget 2: ticket:PROJ-456 may spend $7.50 per month in project shop\n")


def test_a_budget_in_total_counts_from_now_on(run: Run, home: Path) -> None:
    said = run("budget", "set", "agent:coder", "5", "--home", home)
    assert "$0.00 used; it counts from now on, --since counts what was spent before" in said.stdout
    assert "note: nothing counts yet" not in said.stderr
    assert (
        "note: nothing counts yet: no event has agent" in run("budget", "set", "agent:codr", "5", "--home", home).stderr
    )


@pytest.mark.parametrize("columns", [80, 140])
def test_budgets_are_listed_on_one_line_each(
    run: Run, home: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("budget", "set", "ticket:PROJ-456", "1", "--since", "1h", "--home", home)
    run("budget", "set", "project:shop", "30", "--per", "month", "--home", home)
    monkeypatch.setenv("COLUMNS", str(columns))
    heading, _, *rows = run("budget", "list", "--home", home).stdout.splitlines()
    assert [heading.split()[0], heading.split()[-1]] == ["budget", "it" if columns == 140 else "status"]
    assert [row.split()[0] for row in rows] == ["ticket:PROJ-456", "project:shop"]
    assert "exceeded" in rows[0]
    assert "ok" in rows[1]
    assert max(map(len, (heading, *rows))) <= columns


def test_a_budget_is_shown_with_who_holds_what_of_it(run: Run, document: Callable[..., Any], home: Path) -> None:
    run("budget", "set", "ticket:PROJ-456", "5", "--since", "1h", "--home", home)
    accounts = BudgetAccounts(Database(home / "state.db"))
    accounts.reserve(1, "a", Decimal("0.5"), at_least=Decimal("0.5"), holder="host-77", ttl_s=600)
    accounts.reserve(1, "b", Decimal(1), at_least=Decimal("0.1"), holder="host-78", ttl_s=600)
    accounts.charge(1, [Charge(segment="elsewhere", n=0, time=datetime.now(UTC), usd=Decimal("0.25"))])
    shown = run("budget", "show", "ticket:PROJ-456", "--home", home)
    assert shown.exit_code == 0, shown.output
    for said in (
        "$1.45 of $5.00 used, 29.0 %: ok",
        "$1.45 + 1 call unpriced since ",
        "of it $0.25 told by guards",
        "$2.05",
        "80 % ($4.00), critical at 95 % ($4.75)",
        "a person (command line)",
        "host-77",
        "calls to come",
    ):
        assert said in shown.stdout
    answer = document("budget", "show", "1", "--home", home)
    assert {name: answer["budget"][name] for name in ("used_usd", "told_usd", "reserved_usd", "remaining_usd")} == {
        "used_usd": "1.45", "told_usd": "0.25", "reserved_usd": "1.5", "remaining_usd": "2.05",
    }  # fmt: skip
    assert [(held["holder"], held["usd"], held["is_lease"]) for held in answer["reservations"]] == [
        ("host-78", "1", True),
        ("host-77", "0.5", False),
    ]
    assert answer["last_change"]["act"] == "budget.created"


def test_what_a_dead_holder_had_is_free_when_it_is_looked_at(run: Run, home: Path) -> None:
    run("budget", "set", "ticket:PROJ-456", "5", "--since", "1h", "--home", home)
    accounts = BudgetAccounts(Database(home / "state.db"))
    accounts.reserve(1, "a", Decimal(3), at_least=Decimal(3), holder="dead", ttl_s=-1)
    assert "dead" not in run("budget", "show", "1", "--home", home).stdout
    assert accounts.account(1).reserved_usd == 0


def test_a_script_can_ask_whether_something_is_left(run: Run, home: Path) -> None:
    run("budget", "set", "ticket:PROJ-456", "1.2", "--since", "1h", "--home", home)
    assert run("budget", "show", "ticket:PROJ-456", "--home", home).exit_code == 1
    run("budget", "set", "ticket:PROJ-456", "1.21", "--home", home)
    assert run("budget", "show", "ticket:PROJ-456", "--home", home).exit_code == 0


def test_a_program_set_it_and_a_person_takes_it_over(run: Run, document: Callable[..., Any], home: Path) -> None:
    accounts = BudgetAccounts(Database(home / "state.db"))
    accounts.open(Wanted(scope="ticket", name="PROJ-456", usd=Decimal(3)), "agent on host")
    assert "a program (agent on host)" in run("budget", "show", "1", "--home", home).stdout
    run("budget", "set", "ticket:PROJ-456", "4", "--home", home)
    assert document("budget", "list", "--home", home)[0]["set_by"] == "person"


def test_a_budget_is_removed(run: Run, home: Path) -> None:
    run("budget", "set", "ticket:PROJ-456", "5", "--home", home)
    removed = run("budget", "remove", "ticket:PROJ-456", "--home", home)
    assert removed.stdout == "budget 1 of ticket:PROJ-456, $5.00 in total, is removed\n"
    assert "There is no budget" in run("budget", "list", "--home", home).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "PROJ-456", "5"), "names no budget: write SCOPE:NAME"),
        (("set", "tickets:PROJ-456", "5"), "did you mean ticket:PROJ-456?"),
        (("set", "ticket:PROJ-456", "five"), "'five' is no amount in USD"),
        (("set", "ticket:PROJ-456", "-1"), "a budget is at least $0, below $1,000,000,000,000.00, and has at most 12"),
        (("set", "ticket:PROJ-456", "5", "--wran", "9"), "no such option: --wran (Possible options: --warn)"),
        (("set", "ticket:PROJ-456", "nan"), "a budget is at least $0"),
        (("set", "ticket:PROJ-456", "5", "--warn", "96"), "comes after the critical threshold"),
        (("set", "ticket:PROJ-456", "5", "--since", "soon"), "is no time"),
        (("set", "project:shop", "5", "--project", "blog"), "cannot be in project 'blog'"),
        (("show", "ticket:PROJ-457"), "no budget of ticket:PROJ-457: did you mean ticket:PROJ-456?"),
        (("show", "ticket:nope"), "no budget of ticket:nope: 'agentgauge budget list' shows"),
        (("show", "run:PROJ-456"), "no budget of run:PROJ-456: did you mean ticket:PROJ-456?"),
        (("show", "agent:coder"), "2 budgets are of agent:coder: 2 is $5.00 in total; 3 is $2.00 per day; name one"),
        (("show", "agent:coder", "--per", "week"), "there is $5.00 in total; $2.00 per day"),
        (("remove", "9"), "no budget 9"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], said: str, run: Run, home: Path) -> None:
    run("budget", "set", "ticket:PROJ-456", "5", "--home", home)
    run("budget", "set", "agent:coder", "5", "--home", home)
    run("budget", "set", "agent:coder", "2", "--per", "day", "--home", home)
    result = run("budget", *arguments, "--home", home)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_left_is_shown_on_a_narrow_screen(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run("budget", "set", "agent:implementer", "30", "--per", "month", "--home", home)
    run("budget", "set", "ticket:PROJ-456", "5", "--project", "my-web-shop", "--home", home)
    listed = run("budget", "list", "--home", home)
    assert "left" in listed.stdout
    assert "note: this screen has no room for %" in listed.stderr


def test_a_budget_of_nothing_is_used_up_from_its_beginning(run: Run, home: Path) -> None:
    said = run("budget", "set", "ticket:PROJ-999", "$0", "--home", home).stderr
    assert "no event has ticket 'PROJ-999'" in said
    shown = run("budget", "show", "ticket:PROJ-999", "--home", home)
    assert shown.exit_code == 1
    assert "$0.00 of $0.00 used, 100.0 %: critical" in shown.stdout


def test_times_are_shown_with_their_zone(run: Run, home: Path) -> None:
    run("budget", "set", "ticket:PROJ-456", "5", "--since", "2026-03-02T10:00:00+00:00", "--home", home)
    shown = run("budget", "show", "1", "--tz", "Europe/Berlin", "--home", home).stdout
    assert "since 2026-03-02 11:00 CET" in shown


def test_asking_makes_nothing(run: Run, tmp_path: Path) -> None:
    assert run("budget", "list", "--home", tmp_path).exit_code == 0
    assert run("budget", "show", "1", "--home", tmp_path).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_budgets_of_a_server_on_postgresql_are_there(
    postgres_url: str, document: Callable[..., Any], run: Run, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DATABASE_URL", postgres_url)
    run("budget", "set", "ticket:PROJ-456", "5", "--since", "1h", "--home", home)
    (listed,) = document("budget", "list", "--home", home)
    assert (listed["used_usd"], listed["period"]) == ("1.2", "total")
    assert not (home / "state.db").exists()
