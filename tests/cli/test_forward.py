"""`agentgauge forward`, and what other commands say of a home that ships."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgauge.forwarding.shipper import Shipper
from agentgauge.forwarding.spool import ship_to
from tests.cli.conftest import Run
from tests.forwarding.shipping import NOBODY, assert_once, key_of, record
from tests.servers.serving import served

Ask = Callable[..., Any]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A home with three events from before it shipped, and two that wait for a server that is away."""
    place = tmp_path / "spool"
    record(place, 3)
    ship_to(place, NOBODY)
    record(place, 2)
    return place


def test_what_waits_is_sent_once(run: Run, document: Ask, tmp_path: Path) -> None:
    home, server_home = tmp_path / "home", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 4)
        done = document("forward", "--home", home)
        assert done == {
            "endpoint": server.url, "sent_events": 4, "remaining_events": 0, "reason": None, "held": {},
        }  # fmt: skip
        again = run("forward", "--home", home)
        assert (again.exit_code, again.stdout) == (0, "Nothing waits here.\n")
        status = document("forward", "--status", "--home", home)
        assert (status["sent_events"], status["waiting_events"], status["trouble"]) == (4, 0, None)
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_what_remains_ends_it_with_1_and_says_why(run: Run, document: Ask, spool: Path) -> None:
    left = run("forward", "--home", spool)
    assert (left.exit_code, left.stdout) == (1, "Nothing was sent.\n")
    assert "2 events remain here: http://127.0.0.1:9 does not answer: [Errno 111] Connection refused" in left.stderr
    assert document("forward", "--home", spool, code=1)["remaining_events"] == 2


def test_the_status_of_a_home_shows_what_is_wrong(run: Run, document: Ask, spool: Path) -> None:
    fresh = run("forward", "--status", "--home", spool)
    assert (fresh.exit_code, "waiting   2 events" in fresh.stdout) == (0, True)
    Shipper(spool, NOBODY).ship()
    stuck = run("forward", "--status", "--home", spool)
    assert stuck.exit_code == 1
    assert "problem: nothing has been sent since" in stuck.stdout
    assert document("forward", "--status", "--home", spool, code=1)["waiting_events"] == 2


def test_a_home_that_never_shipped_is_told_how_to(run: Run, document: Ask, home: Path) -> None:
    assert "ships to no server" in run("forward", "--status", "--home", home).stdout
    assert document("forward", "--status", "--home", home) is None
    refused = run("forward", "--home", home)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "name one with --endpoint or AGENTGAUGE_ENDPOINT" in refused.stderr
    assert run("forward", "--stop", "--home", home).exit_code == 2
    assert run("forward", "--stop", "--status", "--home", home).exit_code == 2
    for address, said in (("gauge:8000", "http:// or https:// is missing"), ("ftp://gauge", "name a server such as")):
        assert said in run("forward", "--endpoint", address, "--home", home).stderr


def test_a_server_is_asked_before_the_first_program_ships_to_it(
    run: Run, document: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, server_home = tmp_path / "home", tmp_path / "server"
    key, reading = key_of(server_home), key_of(server_home, "read")
    with served(server_home, "--no-jobs") as server:
        monkeypatch.setenv("AGENTGAUGE_ENDPOINT", server.url)
        monkeypatch.setenv("AGENTGAUGE_API_KEY", key.reveal())
        ready = run("forward", "--status", "--home", home)
        assert (ready.exit_code, f"server    {server.url} answers, and takes" in ready.stdout) == (0, True)
        assert document("forward", "--status", "--home", home)["asked"] == {"endpoint": server.url, "trouble": None}
        assert document("doctor", "--home", home)["forwarding"]["asked"]["trouble"] is None
        assert f"{server.url} answers, and takes what is sent" in run("doctor", "--home", home).stdout
        monkeypatch.setenv("AGENTGAUGE_API_KEY", reading.reveal())
        assert "needs the scope 'ingest'" in document("doctor", "--home", home, code=1)["problems"][0]
        assert server.stop() == 0
    away = run("forward", "--status", "--home", home)
    assert (away.exit_code, "problem: nothing would be sent now: " in away.stdout) == (1, True)
    assert not (home / "forwarding").exists(), "nothing is changed by asking"


def test_after_it_stopped_questions_say_where_the_sent_events_are(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with served(tmp_path / "server", "--no-jobs") as server:
        ship_to(home, server.url)
        record(home, 4)
        assert run("forward", "--home", home).exit_code == 0
        assert run("forward", "--stop", "--home", home).exit_code == 0
        said = run("report", "--home", home).stderr
        assert f"note: 4 events are not here: {home} shipped to {server.url}; ask that server" in said
        assert server.stop() == 0


def test_what_was_recorded_before_is_said_to_stay(run: Run, home: Path) -> None:
    first = run("forward", "--endpoint", NOBODY, "--home", home)
    assert (first.exit_code, first.stdout) == (0, "Nothing waits here.\n")
    assert "what was recorded before stays there" in first.stderr
    assert "stays there" not in run("forward", "--endpoint", NOBODY, "--home", home).stderr


def test_stopping_makes_what_waits_local(run: Run, document: Ask, spool: Path) -> None:
    stopped = run("forward", "--stop", "--home", spool)
    assert stopped.exit_code == 0
    assert "ships no more; 2 events that http://127.0.0.1:9 does not have are local" in stopped.stdout
    assert document("compact", "--home", spool)["events"] == 5
    assert "ships to" not in run("report", "--home", spool).stderr


def test_stopping_as_a_document_says_what_stays(document: Ask, spool: Path) -> None:
    done = document("forward", "--stop", "--home", spool)
    assert (done["endpoint"], done["kept_events"]) == (NOBODY, 2)


@pytest.mark.parametrize(
    "command",
    [("report",), ("sql", "SELECT 1"), ("compact",), ("doctor",), ("trends", "cost"), ("alerts", "rules")],
    ids=" ".join,
)
def test_a_question_says_where_the_events_are(run: Run, spool: Path, command: tuple[str, ...]) -> None:
    said = run(*command, "--home", spool).stderr
    assert f"{spool} ships to {NOBODY}: ask that server. Here 2 events wait to be sent" in said


def test_a_spool_keeps_what_waits_from_its_lake(document: Ask, spool: Path) -> None:
    assert document("compact", "--home", spool)["events"] == 3
    assert document("report", "--home", spool)["overview"]["events"] == 5


def test_forgetting_says_what_it_does_not_reach(run: Run, spool: Path) -> None:
    assert "what waits to be sent is not reached" in run("forget", "--user", "ada", "--yes", "--home", spool).stderr


def test_a_spool_is_not_served(run: Run, spool: Path) -> None:
    refused = run("serve", "--port", "0", "--home", spool)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "name another home with --home, or end that with 'agentgauge forward --stop'" in refused.stderr


def test_doctor_shows_where_a_home_ships_to(run: Run, document: Ask, spool: Path) -> None:
    Shipper(spool, NOBODY).ship()
    found = document("doctor", "--home", spool, code=1)
    assert found["forwarding"]["waiting_events"] == 2
    assert any("nothing has been sent since" in problem for problem in found["problems"])
    assert f"ships to    {NOBODY}: 0 events sent, 2 waiting" in run("doctor", "--home", spool).stdout
