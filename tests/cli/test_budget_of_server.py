"""`agentgauge budget` in a home that ships: the budgets are the server's, asked for over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import agentgauge
from agentgauge.forwarding.spool import ship_to
from agentgauge.service.security.keys import issue
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import Database
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.keys import KeyBook
from tests.cli.conftest import Run
from tests.servers.serving import served
from tests.service.live.clock import until


class Team(msgspec.Struct, frozen=True):
    """A server, and a key of each scope."""

    url: str
    state: Database
    keys: dict[str, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    place = tmp_path_factory.mktemp("team")
    with agentgauge.open(place, project="shop") as gauge, gauge.scope(ticket="PROJ-456", agent="coder"):
        gauge.llm_call("in-house", input_tokens=1, output_tokens=1, cost_usd="1.20")
    state, now = Database(place / "state.db"), datetime.now(UTC)
    keys = {
        scope: issue(KeyBook(state), scope, [scope], actor="test", now=now).token.text
        for scope in ("admin", "read", "ingest")
    }
    with served(place) as server:
        yield Team(server.url, state, keys)


@pytest.fixture
def team(server: Team) -> Iterator[Team]:
    """The server without budgets."""
    yield server
    book = BudgetBook(KeptDatabase(server.state.path))
    for budget in book.budgets():
        book.delete(budget.id, "test", datetime.now(UTC))


@pytest.fixture
def laptop(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home on another machine, with the right to set budgets."""
    monkeypatch.setenv("AGENTGAUGE_ENDPOINT", team.url)
    monkeypatch.setenv("AGENTGAUGE_API_KEY", team.keys["admin"])
    return tmp_path / "laptop"


def test_budgets_are_those_of_the_server(team: Team, laptop: Path, run: Run, document: Callable[..., Any]) -> None:
    at = ("--home", laptop)
    assert run("budget", "list", *at).stdout.startswith("There is no budget.")
    first = run("budget", "set", "ticket:PROJ-456", "$5", "--since", "1h", "--warn", "20", *at)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("budget 1: ticket:PROJ-456 may spend $5.00 in total\n$1.20 used since ")
    assert first.stdout.endswith(": warning\n")
    again = run("budget", "set", "ticket:PROJ-456", "7.5", *at)
    assert again.stdout.startswith("budget 1: ticket:PROJ-456 may spend $7.50 in total; it was $5.00 in total\n$1.20")
    mistyped = run("budget", "set", "agent:codr", "2", "--per", "day", "--project", "shop", *at)
    assert "note: nothing counts yet: no event has agent 'codr'" in mistyped.stderr

    assert [one["name"] for one in document("budget", "list", *at)] == ["PROJ-456", "codr"]
    assert "$1.20 of $7.50 used, 16.0 %: ok" in run("budget", "show", "ticket:PROJ-456", *at).stdout
    (kept, _) = BudgetBook(team.state).budgets()
    assert (kept.total_usd, kept.warning_percent, kept.set_by, kept.version) == (Decimal("7.5"), 20.0, "person", 2)
    assert AuditLog(team.state).acts(subject="budget 1", limit=1)[0].actor.startswith("key ")

    removed = run("budget", "remove", "ticket:PROJ-456", *at)
    assert removed.stdout == "budget 1 of ticket:PROJ-456, $7.50 in total, is removed\n"
    assert len(BudgetBook(team.state).budgets()) == 1
    assert not laptop.exists()


def test_what_guards_hold_is_seen_within_a_second(
    team: Team, laptop: Path, run: Run, document: Callable[..., Any]
) -> None:
    def reserved() -> str:
        held: str = document("budget", "show", "ticket:PROJ-456", "--home", laptop)["budget"]["reserved_usd"]
        return held

    run("budget", "set", "ticket:PROJ-456", "5", "--home", laptop)
    assert reserved() == "0"
    (kept,) = BudgetBook(team.state).budgets()
    BudgetAccounts(team.state).reserve(kept.id, "a", Decimal(3), at_least=Decimal(3), holder="host-77", ttl_s=600)
    until(lambda: reserved() == "3")


def test_a_home_that_ships_knows_its_server_without_the_variable(
    team: Team, laptop: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship_to(laptop, team.url)
    monkeypatch.delenv("AGENTGAUGE_ENDPOINT")
    run("budget", "set", "ticket:PROJ-456", "5", "--home", laptop)
    assert [one.name for one in BudgetBook(team.state).budgets()] == ["PROJ-456"]


def test_a_key_without_the_right_is_told_which_scope_it_needs(
    team: Team, laptop: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(key: str | None, *command: object) -> str:
        monkeypatch.delenv("AGENTGAUGE_API_KEY", raising=False)
        if key is not None:
            monkeypatch.setenv("AGENTGAUGE_API_KEY", key)
        result = run("budget", *command, "--home", laptop)
        assert result.exit_code == 2, result.output
        assert result.stderr.count("\n") == 1
        return result.stderr

    assert "has no scope admin" in said(team.keys["read"], "set", "ticket:PROJ-456", "5")
    assert "'agentgauge keys create NAME --scope read'" in said(team.keys["ingest"], "list")
    assert "AGENTGAUGE_API_KEY is the key" in said(None, "list")
    assert "unknown, revoked or has expired" in said("agk_wrong", "remove", "1")
    assert BudgetBook(team.state).budgets() == ()


def test_what_the_server_refuses_is_said_in_its_words(team: Team, laptop: Path, run: Run) -> None:
    run("budget", "set", "ticket:PROJ-456", "5", "--home", laptop)
    for command, said in (
        (("set", "ticket:PROJ-456", "5", "--warn", "96"), "comes after the critical threshold"),
        (("set", "project:shop", "5", "--project", "blog"), "cannot be in project 'blog'"),
        (("show", "ticket:PROJ-457"), "no budget of ticket:PROJ-457: did you mean ticket:PROJ-456?"),
        (("remove", "9"), "no budget 9"),
    ):
        result = run("budget", *command, "--home", laptop)
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stderr.count("\n") == 1


def test_more_budgets_than_a_page_are_listed(team: Team, laptop: Path, document: Callable[..., Any]) -> None:
    book, now = BudgetBook(KeptDatabase(team.state.path)), datetime.now(UTC)
    for number in range(1003):
        start = now - timedelta(days=1)
        book.create(Terms(scope="run", name=f"r{number:04}", total_usd=Decimal(1), start=start), "test", now)
    names = [one["name"] for one in document("budget", "list", "--home", laptop)]
    assert names == [f"r{number:04}" for number in range(1003)]


def test_a_server_that_is_away_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGAUGE_ENDPOINT", "http://127.0.0.1:9")
    result = run("budget", "list", "--home", tmp_path / "laptop")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: http://127.0.0.1:9 does not answer: ")
