"""What a death, a full disk or an unreadable file leave behind in the middle of a pass is sent by the next, once."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from agentgauge.forwarding.reissue import reissue
from agentgauge.forwarding.sending import Held
from agentgauge.forwarding.shipper import Shipper
from agentgauge.forwarding.spool import ship_to
from agentgauge.forwarding.standing import standing
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.layout import frame
from tests.forwarding.shipping import assert_once, key_of, record, segments
from tests.servers.serving import served
from tests.small_disk import small_disk


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
@pytest.mark.parametrize("when", ["sent", "removed"])
def test_a_death_right_behind_an_acknowledgement_sends_nothing_twice(tmp_path: Path, when: str) -> None:
    """Not even where a key for other projects goes on, to which the server does not tell what it has."""
    home, server_home = tmp_path / "agent", tmp_path / "server"
    keys = [key_of(server_home, "ingest", *projects) for projects in (("shop",), ("shop", "bank"))]
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20, project="shop")
        (path,) = segments(home)
        content = path.read_bytes()
        child = os.fork()
        if child == 0:
            Shipper(home, server.url, keys[0]).ship(on_sent=lambda _: os._exit(9) if when == "sent" else None)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (9 if when == "sent" else 0)
        if when == "removed":
            path.write_bytes(content)  # as it would be, had the child died before
        outcome = Shipper(home, server.url, keys[when == "sent"]).ship()
        assert (outcome.reason, outcome.held) == ("", 0)
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_a_death_between_going_on_elsewhere_and_removal_sends_nothing_twice(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20)
        (path,) = segments(home)
        path.write_bytes(path.read_bytes().replace(b"header", b"hexder", 1))
        content = path.read_bytes()
        reissue(path, 0, JournalDirectory(home))
        path.write_bytes(content)
        assert Shipper(home, server.url).ship().reason == ""
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_a_segment_that_cannot_be_read_keeps_no_other_from_being_sent(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 5)
        unreadable = home / "journal" / "host-1-5be0ad1c9f27-000000.seg"
        unreadable.mkdir()
        outcome = Shipper(home, server.url).ship()
        assert (outcome.events, outcome.held, outcome.reason) == (5, 1, "")
        found = standing(home)
        assert found is not None
        assert "Is a directory" in found.held[unreadable.name]
        unreadable.rmdir()
        assert Shipper(home, server.url).ship().held == 0
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_a_full_disk_gets_room_by_sending(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with small_disk(home), served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20)
        with (home / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(bytes(1 << 20)) == 1 << 20:  # the last one is cut short
                pass
        with pytest.raises(OSError, match="No space"):
            (home / "forwarding" / "more").write_bytes(b"x")
        assert Shipper(home, server.url).ship().reason == ""
        assert segments(home) == []
        assert server.stop() == 0
    assert_once(server_home, expected)


def test_events_of_a_newer_version_outlive_a_damaged_header(tmp_path: Path) -> None:
    home = tmp_path / "agent"
    record(home, 3)
    (path,) = segments(home)
    header, *lines = path.read_bytes().splitlines(keepends=True)
    text = re.sub(rb',"c":"\w+"\}\n$', b"", lines[1]).replace(b'{"v":1', b'{"v":999', 1)
    path.write_bytes(b"".join([header.replace(b"header", b"hexder"), lines[0], frame(text), lines[2]]))
    with pytest.raises(Held, match="newer"):
        reissue(path, 0, JournalDirectory(home))
    assert segments(home) == [path]
