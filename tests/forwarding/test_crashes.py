"""Every recorded event reaches the server once, whoever is killed and however long the server is away."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import pytest

from agentgauge.forwarding.standing import standing
from tests.forwarding.shipping import (
    NOBODY,
    assert_once,
    events_of,
    finished,
    forward,
    recorded,
    rows,
    said,
    segments,
    start_agent,
)
from tests.servers.ports import free_port
from tests.servers.serving import served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")


@pytest.mark.parametrize("count", [1, 700, 4000])
def test_what_a_killed_agent_had_recorded_arrives_once(tmp_path: Path, count: int) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        agent = start_agent(home, server.url, 0)
        assert agent.stdout is not None
        first = list(islice(agent.stdout, count))
        with agent:
            agent.kill()
            acknowledged = set(said([*first, *agent.stdout]))
        forward(home, server.url)
        assert server.stop() == 0
    found = events_of(server_home)
    assert len(found) == len(set(found))
    assert set(found) >= acknowledged, "an acknowledged event is missing"
    assert len(found) <= len(acknowledged) + 1, "at most the one being said is there unsaid"
    assert segments(home) == []


def test_a_server_that_is_killed_under_load_gets_everything_once(tmp_path: Path) -> None:
    home, server_home, port = tmp_path / "agent", tmp_path / "server", free_port()
    with served(server_home, "--no-jobs", "--port", str(port)) as server:
        agents = [start_agent(home, server.url, 6000) for _ in range(2)]
        assert agents[0].stdout is not None
        first = list(islice(agents[0].stdout, 3000))
        server.kill()
        away = list(islice(agents[0].stdout, 1000))
    with served(server_home, "--no-jobs", "--port", str(port)) as server:
        expected = said([*first, *away]) + [identity for agent in agents for identity in finished(agent)]
        forward(home, server.url)
        assert server.stop() == 0
    assert len(expected) == 12000
    assert_once(server_home, expected)


def test_an_outage_of_several_segments_loses_nothing(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    expected = [identity for _ in range(2) for identity in recorded(home, NOBODY, 8000)]
    assert len(segments(home)) >= 4
    away = standing(home)
    assert away is not None
    assert away.waiting_events == 16000
    assert "does not answer" in (away.trouble or "")
    with served(server_home, "--no-jobs") as server:
        said_so = forward(home, server.url)
        assert "16,000 events sent" in said_so
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_two_processes_and_a_fork_share_a_home(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        agents = [start_agent(home, server.url, 2000, word) for word in ("fork", "alone")]
        expected = [identity for agent in agents for identity in finished(agent)]
        forward(home, server.url)
        assert server.stop() == 0
    assert len(expected) == 6001
    assert_once(server_home, expected)


def test_a_program_that_just_ends_ships_by_itself(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        expected = recorded(home, server.url, 500, "exits")
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_a_program_ends_where_the_server_takes_connections_and_never_answers(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert len(recorded(tmp_path / "agent", address, 50, "leaves")) == 50


def test_a_full_journal_drops_new_events_and_keeps_what_was_not_sent(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    agent = start_agent(home, NOBODY, 9000, AGENTGAUGE_JOURNAL_MAX_MB="1")
    output, _ = agent.communicate(timeout=120)
    kept = said(output.splitlines())
    dropped = output.count("dropped")
    assert dropped
    assert len(kept) + dropped == 9000
    with served(server_home, "--no-jobs") as server:
        forward(home, server.url)
        assert server.stop() == 0
    assert_once(server_home, kept)
    assert rows(server_home, "SELECT sum(count)::BIGINT FROM losses WHERE reason = 'journal full'") == [(dropped,)]


def test_a_server_without_room_is_asked_again_later(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    expected = recorded(home, NOBODY, 500)
    with served(server_home, "--no-jobs", environment={"AGENTGAUGE_JOURNAL_MAX_MB": "0"}) as server:
        assert "500 events remain here" in forward(home, server.url, code=1)
    full = standing(home)
    assert full is not None
    assert "takes nothing now" in (full.trouble or "")
    with served(server_home, "--no-jobs") as server:
        forward(home, server.url)
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_another_process_sends_what_a_killed_one_left(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        killed, other = (start_agent(home, server.url, 300, "waits") for _ in range(2))
        assert killed.stdout is not None
        with killed:
            expected = said(iter(killed.stdout.readline, "done\n"))
            killed.kill()
        expected += finished(other)
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_what_a_killed_process_had_dropped_is_told_from_its_reserve(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    agent = start_agent(home, NOBODY, 0, AGENTGAUGE_JOURNAL_MAX_MB="1")
    assert agent.stdout is not None
    kept: list[str] = []
    with agent:
        dropped = 0
        for line in agent.stdout:
            kept.append(line)
            dropped += line == "dropped\n"
            if dropped == 30_000:
                break
        agent.kill()
        kept += agent.stdout
    with served(server_home, "--no-jobs") as server:
        forward(home, server.url)
        assert server.stop() == 0
    assert_once(server_home, said(kept))
    ((told,),) = rows(server_home, "SELECT sum(count)::BIGINT FROM losses WHERE reason = 'journal full'")
    assert 0 < told <= kept.count("dropped\n") + 1
    assert rows(server_home, "SELECT DISTINCT reason FROM losses") == [("journal full",)]
