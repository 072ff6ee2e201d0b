"""What a home keeps, lands and says while it ships, before, and when it stops."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import agentgauge
from agentgauge.forwarding.shipper import Shipper
from agentgauge.forwarding.spool import Target, read_spool, ship_to
from agentgauge.forwarding.standing import problems, standing
from agentgauge.journal import layout
from agentgauge.journal.layout import Header
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings import get_settings
from agentgauge.settings.server import get_server_settings
from tests.forwarding.shipping import (
    NOBODY,
    assert_once,
    events_of,
    key_of,
    record,
    record_into,
    recorded,
    segments,
)
from tests.servers.ports import free_port
from tests.servers.serving import served


def compact(home: Path) -> int:
    return Lake(get_settings(home, {}).home, PriceBook.load()).compact().events


def test_nothing_of_a_spool_lands_in_its_own_lake(tmp_path: Path) -> None:
    home = tmp_path / "agent"
    ship_to(home, NOBODY)
    expected = record(home, 20)
    assert compact(home) == 0
    assert len(segments(home)) == 1
    assert sorted(events_of(home)) == sorted(expected), "a question here sees what waits"


def test_what_was_recorded_before_lands_here_and_is_not_shipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    before = record(home, 30)
    monkeypatch.setenv("AGENTGAUGE_ENDPOINT", NOBODY)
    agentgauge.open(home).close()
    assert "what was recorded before stays there, not sent" in caplog.text
    after = record(home, 40)
    with served(server_home, "--no-jobs") as server:
        Shipper(home, server.url).ship()  # for another server than the home names
        ship_to(home, server.url)
        assert Shipper(home, server.url).ship().events == 40
        assert server.stop() == 0
    assert_once(server_home, after)
    assert compact(home) == 30
    assert sorted(events_of(home)) == sorted(before)


def test_until_it_is_known_what_was_there_before_nothing_new_lands_or_is_sent(tmp_path: Path) -> None:
    """What a process leaves that died while it made the home ship; a compactor may have listed the second segment."""
    home, server_home = tmp_path / "agent", tmp_path / "server"
    first = record(home, 3)
    (kept,) = segments(home)
    settling = Target(NOBODY, datetime.now(UTC), (kept.name,), settling=True)
    (home / "forwarding").mkdir()
    (home / "forwarding" / "target.json").write_bytes(msgspec.json.encode(settling))
    between = record(home, 2)
    assert compact(home) == 3
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        sent = record(home, 4)
        assert Shipper(home, server.url).ship().events == 4
        assert server.stop() == 0
    assert_once(server_home, sent)
    assert compact(home) == 2
    assert sorted(events_of(home)) == sorted([*first, *between])


def test_a_disk_without_room_for_the_status_keeps_nothing_from_being_sent(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of files are Unix")
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20)
        shipper = Shipper(home, server.url)
        room = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, room[1]))
        try:
            outcome = shipper.ship()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, room)
        assert (outcome.events, outcome.reason) == (20, "")
        assert Shipper(home, server.url).ship().events == 0
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_when_it_stops_what_the_server_has_stays_there_and_the_rest_is_local(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server, agentgauge.open(home, project="before") as before:
        ship_to(home, server.url)
        with agentgauge.open(home) as gauge:
            sent = record_into(gauge, 50)
            gauge.flush()
            assert Shipper(home, server.url).ship().events == 50
            kept = record_into(gauge, 25, first=50)
            assert Shipper(home, server.url).stop().events == 25
            kept += record_into(gauge, 10, first=75)
        kept += record_into(before, 5)
        assert server.stop() == 0
    assert_once(server_home, sent)
    assert sorted(events_of(home)) == sorted(kept)
    assert compact(home) == 40
    assert sorted(events_of(home)) == sorted(kept)


def test_stopping_without_the_server_goes_by_what_it_said_last(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        with agentgauge.open(home) as gauge:
            record_into(gauge, 50)
            gauge.flush()
            Shipper(home, server.url).ship()
            kept = record_into(gauge, 25, first=50)
    stopped = Shipper(home, server.url).stop()
    assert (stopped.events, "does not answer" in stopped.reason) == (25, True)
    assert sorted(events_of(home)) == sorted(kept)


def test_a_home_that_ships_again_leaves_what_became_local(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    ship_to(home, NOBODY)
    local = record(home, 10)
    Shipper(home, NOBODY).stop()
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        again = record(home, 15)
        assert Shipper(home, server.url).ship().events == 15
        assert server.stop() == 0
    assert_once(server_home, again)
    assert sorted(events_of(home)) == sorted(local)


def test_a_program_records_in_the_home_of_a_running_server_without_sending(tmp_path: Path) -> None:
    server_home = tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        expected = recorded(server_home, server.url, 30)
        assert server.stop() == 0
    assert read_spool(server_home) is None
    assert_once(server_home, expected)


def test_a_home_that_is_removed_under_a_program_ships_what_is_recorded_there_again(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        shipper = Shipper(home, server.url)
        with agentgauge.open(home) as gauge:
            expected = record_into(gauge, 20)
            gauge.flush()
            shipper.ship()
            shutil.rmtree(home)
            expected += record_into(gauge, 20, first=20)
        assert shipper.ship().reason == ""
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_a_home_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    home = tmp_path / "agent"
    ship_to(home, NOBODY)
    record(home, 3)
    (home / "forwarding" / "lock").mkdir()
    with pytest.raises(OSError, match="lock"):
        Shipper(home, NOBODY).ship()


def test_a_pass_waits_as_the_last_one_of_another_process_said(tmp_path: Path) -> None:
    home, now = tmp_path / "agent", 1_800_000_000.0
    ship_to(home, NOBODY)
    record(home, 3)
    waits = [Shipper(home, NOBODY, clock=lambda: now).ship().wait_s for _ in range(9)]
    assert waits[0] <= 1 < 30 <= waits[8] <= 60
    assert 30 <= Shipper(home, NOBODY, clock=lambda: now).not_before() <= 60
    assert Shipper(home, NOBODY, clock=lambda: now + 61).not_before() == 0
    assert Shipper(home, NOBODY, clock=lambda: now - 86400).not_before() == 0, "a clock that was set back"
    assert Shipper(home, "http://127.0.0.1:10", clock=lambda: now).not_before() == 0, "another server"


@pytest.mark.parametrize("damage", [b'{"events":', b'{"held":{"\xff":""}}'], ids=["cut", "no text"])
def test_a_damaged_status_costs_nothing(tmp_path: Path, damage: bytes) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server, agentgauge.open(home) as other:
        ship_to(home, server.url)
        del other
        with agentgauge.open(home) as gauge:
            expected = record_into(gauge, 20)
            gauge.flush()
            Shipper(home, server.url).ship()
            (home / "forwarding" / "status.json").write_bytes(damage)
            expected += record_into(gauge, 20, first=20)
        Shipper(home, server.url).ship()
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_a_cloned_home_and_its_original_ship_the_same_segments_once(tmp_path: Path) -> None:
    home, clone, server_home = tmp_path / "agent", tmp_path / "clone", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 30)
        with agentgauge.open(home) as gauge:
            expected += record_into(gauge, 20)
            gauge.flush()
            shutil.copytree(home, clone)
            Shipper(clone, server.url).ship()
            expected += record_into(gauge, 20, first=20)  # the original goes on with a segment that the clone has sent
        Shipper(home, server.url).ship()
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert (segments(home), segments(clone)) == ([], [])


def test_a_clone_of_the_whole_disk_loses_nothing_of_the_original(tmp_path: Path) -> None:
    """Its journal has the same id: the clone ends a segment that the original goes on with."""
    home, clone, server_home = tmp_path / "agent", tmp_path / "clone", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        with agentgauge.open(home) as gauge:
            expected = record_into(gauge, 20)
            gauge.flush()
            shutil.copytree(home, clone)
            (clone / "journal" / "id").unlink()
            os.link(home / "journal" / "id", clone / "journal" / "id")
            Shipper(clone, server.url).ship()
            expected += record_into(gauge, 20, first=20)
            assert Shipper(home, server.url).ship().held == 1
        Shipper(home, server.url).ship()
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_what_a_restored_server_lacks_is_sent_again_or_said_to_be_gone(tmp_path: Path) -> None:
    home, server_home, backup, port = tmp_path / "agent", tmp_path / "server", tmp_path / "backup", str(free_port())
    with agentgauge.open(home) as early:
        del early
        with served(server_home, "--no-jobs", "--port", port) as server:
            ship_to(home, server.url)
            expected = record(home, 10)
            with agentgauge.open(home) as gauge:
                expected += record_into(gauge, 20)
                gauge.flush()
                Shipper(home, server.url).ship()
                assert server.stop() == 0
                shutil.copytree(server_home, backup)
                with served(server_home, "--no-jobs", "--port", port) as again:
                    record(home, 7)
                    expected += record_into(gauge, 20, first=20)
                    gauge.flush()
                    Shipper(home, server.url).ship()
                    assert again.stop() == 0
                shutil.rmtree(server_home)
                shutil.copytree(backup, server_home)
                with served(server_home, "--no-jobs", "--port", port) as restored:
                    Shipper(home, server.url).ship()
                    assert restored.stop() == 0
    assert_once(server_home, expected)
    found = standing(home)
    assert found is not None
    assert found.lost_there == 7
    assert any("7 events" in problem and "restored from an older backup" in problem for problem in problems(found))


def test_a_key_for_other_projects_sends_nothing_twice(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    keys = [key_of(server_home, "ingest", *projects) for projects in (("shop",), ("shop", "bank"))]
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        with agentgauge.open(home, project="shop") as gauge:
            expected = record_into(gauge, 20)
            gauge.flush()
            assert Shipper(home, server.url, keys[0]).ship().events == 20
            expected += record_into(gauge, 20, first=20)
        assert Shipper(home, server.url, keys[1]).ship().events == 20
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_another_server_gets_what_the_first_does_not_have(tmp_path: Path) -> None:
    home, first_home, second_home = tmp_path / "agent", tmp_path / "first", tmp_path / "second"
    with served(first_home, "--no-jobs") as first, served(second_home, "--no-jobs") as second:
        ship_to(home, first.url)
        with agentgauge.open(home) as gauge:
            sent = record_into(gauge, 20)
            gauge.flush()
            Shipper(home, first.url).ship()
            ship_to(home, second.url)
            rest = record_into(gauge, 20, first=20)
            assert Shipper(home, second.url).ship().held == 1
        assert Shipper(home, second.url).ship().events == 20
        assert (first.stop(), second.stop()) == (0, 0)
    assert_once(first_home, sent)
    assert_once(second_home, rest)


def test_more_than_is_read_of_what_waits_is_reckoned_from_its_size(tmp_path: Path) -> None:
    ship_to(tmp_path, NOBODY)
    header = layout.header_line(Header("5be0ad1c9f27-000000", "0f" * 16, "", 0, 1, "", size=0))
    first = tmp_path / "journal" / f"0-5be0ad1c9f27-000000{layout.SUFFIX}"
    first.parent.mkdir()
    first.write_bytes(header + (b"x" * 1023 + b"\n") * 8192)
    found = standing(tmp_path)
    assert found is not None
    assert (found.waiting, found.waiting_bytes) == ("8,192 events", first.stat().st_size)
    for number in range(1, 20):
        os.link(first, first.with_name(f"0-5be0ad1c9f27-{number:06}{layout.SUFFIX}"))
    found = standing(tmp_path)
    assert found is not None
    assert (found.waiting, found.waiting_bytes) == ("about 163,840 events", 20 * first.stat().st_size)


def test_a_server_sends_nothing_on() -> None:
    settings = get_server_settings(None, {"AGENTGAUGE_ENDPOINT": NOBODY, "AGENTGAUGE_API_KEY": "agk_x"})
    assert (settings.recording.endpoint, settings.recording.api_key) == (None, None)
