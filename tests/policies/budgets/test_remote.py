"""Accounts over the network, where answers get lost, servers are away, and others answer in their place."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from agentgauge.errors import NotFound, ServerUnreachable, StateError
from agentgauge.policies.budgets import remote
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.server_client import ServerClient
from agentgauge.service.security.keys import issue
from agentgauge.settings.secret import Secret
from agentgauge.settings.server import get_server_settings
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_account import Account, Refusal, Reservation, Wanted
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from agentgauge.state.store import Store
from tests.policies.budgets.conftest import a_charge
from tests.policies.budgets.wires import Wire, stranger, wire_to
from tests.servers.serving import served
from tests.service.live.clock import Clock

NOTHING = Decimal(0)
WANTED = Wanted(scope="ticket", name="PROJ-456", usd=Decimal(1))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with (home / "log").open("w") as log, served(home, "--no-jobs", errors=log) as server:
        yield server.url


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    with wire_to(url) as wire:
        yield wire


@pytest.fixture
def wanted(request: pytest.FixtureRequest) -> Wanted:
    """A budget of the test's own."""
    return Wanted(scope="ticket", name=request.node.name, usd=Decimal(1))


def of(url: str, clock: Clock | None = None, key: str | None = None) -> RemoteAccounts:
    client = ServerClient(url, None if key is None else Secret(key))
    return RemoteAccounts(client) if clock is None else RemoteAccounts(client, clock)


def asked(accounts: RemoteAccounts, account: Account, id_: str, usd: str, ttl_s: float = 60) -> Reservation | Refusal:
    return accounts.reserve(account.budget_id, id_, Decimal(usd), at_least=Decimal(usd), holder="a holder", ttl_s=ttl_s)


def test_what_was_done_before_its_answer_got_lost_is_done_once(wire: Wire, wanted: Wanted, home: Path) -> None:
    """Every request, cut off after the server did what it asks: sent again, it changes nothing."""
    accounts = of(wire.url)
    wire.lose(1)
    account = accounts.open(wanted, "a program")
    assert len(AuditLog(_state(home)).acts(subject=f"budget {account.budget_id}")) == 1
    wire.lose(1)
    assert isinstance(reserved := asked(accounts, account, "r-1", "0.6"), Reservation)
    assert (reserved.usd, reserved.account.reserved_usd) == (Decimal("0.6"), Decimal("0.6"))
    wire.lose(1)
    accounts.renew("a holder", 60)
    wire.lose(1)
    settled = accounts.settle(account.budget_id, "r-1", [a_charge(1, "0.2")], Decimal("0.3"))
    assert (settled.usd, settled.account.charged_usd, settled.account.reserved_usd) == (
        Decimal("0.3"), Decimal("0.2"), Decimal("0.3"),
    )  # fmt: skip
    wire.lose(1)
    assert accounts.charge(account.budget_id, [a_charge(1, "0.2"), a_charge(2, "0.1")]).charged_usd == Decimal("0.3")
    wire.lose(1)
    accounts.recount(account.budget_id)
    assert wire.requests == 12, "each was sent twice"


def test_a_reservation_whose_answers_all_got_lost_expires_while_its_holder_lives(wire: Wire, wanted: Wanted) -> None:
    clock = Clock()
    accounts = of(wire.url, clock)
    account = accounts.open(wanted, "a program")
    assert isinstance(asked(accounts, account, "r-1", "0.1"), Reservation)
    wire.lose(2)
    with pytest.raises(ServerUnreachable):
        asked(accounts, account, "r-2", "0.6", ttl_s=0.001)
    assert accounts.account(account.budget_id).reserved_usd == Decimal("0.7"), "it was made"
    while accounts.account(account.budget_id).reserved_usd != Decimal("0.1"):
        accounts.renew("a holder", 60)
        accounts.recount(account.budget_id)


def test_a_server_that_is_away_is_not_waited_for_at_each_call(wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes a connection and never answers costs its time once, and nothing for five times as long."""
    monkeypatch.setattr(remote, "ANSWER_S", 0.2)
    later = 0.0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = ServerClient(f"http://127.0.0.1:{silent.getsockname()[1]}")
        accounts = RemoteAccounts(client, lambda: time.monotonic() + later)
        with pytest.raises(ServerUnreachable, match="does not answer"):
            accounts.open(wanted, "a program")
        silent.settimeout(5)
        silent.accept()[0].close()
        silent.setblocking(False)
        for _ in range(3):
            with pytest.raises(ServerUnreachable, match="does not answer"):
                accounts.open(wanted, "a program")
        with pytest.raises(BlockingIOError):
            silent.accept()
        later = 60.0
        with pytest.raises(ServerUnreachable):
            accounts.open(wanted, "a program")
        silent.accept()[0].close()


def test_a_server_that_is_busy_is_left_alone_as_long_as_it_says(wanted: Wanted) -> None:
    clock = Clock()
    body = b'{"success": false, "error": {"code": "too_many_requests", "message": "more than 60,000 a minute"}}'
    with stranger(429, body, {"Retry-After": "7"}) as busy:
        accounts = of(busy.url, clock)
        for passed in (0.0, 3.0, 3.9):
            clock.pass_seconds(passed)
            with pytest.raises((StateError, ServerUnreachable), match="more than 60,000 a minute"):
                accounts.open(wanted, "a program")
        assert busy.asked == 1
        clock.pass_seconds(0.2)
        with pytest.raises(StateError):
            accounts.open(wanted, "a program")
        assert busy.asked == 2


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {}, b"<html>Welcome</html>", "is it agentgauge?"),
        (200, {}, b'{"reservation": null, "refusal": null}', "is it agentgauge?"),
        (301, {"Location": "https://elsewhere.example"}, b"", "leads to https://elsewhere.example"),
        (404, {}, b"<html>Not Found</html>", "keeps no budgets for other machines"),
        (404, {}, b'{"error": {"code": "not_found", "message": "nothing is at /api/v1/budget-accounts"}}', "keeps no"),
        (413, {}, b"", r"refuses what was asked about a budget \(413\): status 413"),
        (503, {}, b'{"error": {"message": "state cannot be used"}}', "cannot be asked about budgets now: state cannot"),
    ],
    ids=["a page", "an answer of nothing", "a redirect", "another's 404", "an older server", "a proxy", "no state"],
)  # fmt: skip
def test_who_answers_in_place_of_a_server_is_told_apart(
    status: int, headers: dict[str, str], body: bytes, said: str, wanted: Wanted
) -> None:
    with stranger(status, body, headers) as other, pytest.raises(StateError, match=said):
        asked(of(other.url), _account(), "r-1", "1")


def test_threads_that_ask_at_once_are_not_warned_of(url: str, wanted: Wanted, caplog: pytest.LogCaptureFixture) -> None:
    accounts = of(url)
    account = accounts.open(wanted, "a program")
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait(30)
        accounts.account(account.budget_id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not caplog.records


def test_a_budget_that_is_gone_is_not_an_outage(url: str, wanted: Wanted) -> None:
    with pytest.raises(NotFound, match="no budget 7777777"):
        asked(of(url), _account(), "r-1", "1")
    with pytest.raises(NotFound, match="no budget of ticket"):
        of(url).open(Wanted(scope="ticket", name="never set"), "a program")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A server that needs keys, and some of its keys."""
    home = tmp_path_factory.mktemp("closed")
    book, now = KeyBook(_state(home)), datetime.now(UTC)
    keys = {
        name: issue(book, name, scopes, actor="test", now=now, projects=projects).token.text
        for name, scopes, projects in (
            ("all", ["ingest"], None), ("shop", ["ingest"], ["shop"]), ("two", ["ingest"], ["shop", "blog"]),
            ("reading", ["read"], None),
        )
    }  # fmt: skip
    with (home / "log").open("w") as log, served(home, "--no-jobs", errors=log) as server:
        yield server.url, keys


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "does not let the key of AGENTGAUGE_API_KEY use budgets: a key is needed"),
        ("agk_00000000_wrong", "does not let the key of AGENTGAUGE_API_KEY use budgets: this key is unknown"),
        ("reading", "has no scope ingest"),
    ],
)
def test_a_key_that_does_not_let_in_is_said_to_be_it(
    key: str | None, said: str, closed: tuple[str, dict[str, str]], wanted: Wanted
) -> None:
    url, keys = closed
    with pytest.raises(StateError, match=said):
        of(url, key=key and keys.get(key, key)).open(wanted, "a program")


def test_a_key_of_one_project_has_budgets_of_that_project(closed: tuple[str, dict[str, str]], wanted: Wanted) -> None:
    url, keys = closed
    shop = of(url, key=keys["shop"])
    account = shop.open(wanted, "a program")
    assert account.project == "shop"
    everything = of(url, key=keys["all"])
    assert everything.open(wanted, "a program").project is None
    assert everything.account(account.budget_id) == account
    with pytest.raises(NotFound):
        asked(shop, everything.open(wanted, "a program"), "r-1", "0.1")
    with pytest.raises(StateError, match="this key is for several projects, and none is named"):
        of(url, key=keys["two"]).open(wanted, "a program")


def _state(home: Path) -> Store:
    return shared_state(get_server_settings(home, {}))


def _account() -> Account:
    begun = datetime(2026, 3, 1, tzinfo=UTC)
    return Account(
        budget_id=7777777, scope="ticket", name="PROJ-456", project=None, period="total", period_start=begun,
        period_end=None, limit_usd=Decimal(1), counted_usd=NOTHING, charged_usd=NOTHING, reserved_usd=NOTHING,
        counted_at=begun,
    )  # fmt: skip
