"""One ships at a time, and nobody holds the turn that does not ship."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from agentgauge.forwarding.forwarder import Forwarder
from agentgauge.forwarding.shipper import Shipper
from agentgauge.forwarding.spool import read_status, ship_to
from agentgauge.forwarding.turn import OthersTurn, turn
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from agentgauge.recorder import Gauge
from tests.forwarding.shipping import NOBODY, assert_once, record_into, segments
from tests.servers.serving import served


def test_a_second_one_waits_or_goes(tmp_path: Path) -> None:
    with turn(tmp_path), pytest.raises(OthersTurn), turn(tmp_path, patience_s=0.1):
        pass
    with turn(tmp_path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_a_child_that_is_forked_meanwhile_does_not_keep_the_turn(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with turn(tmp_path):
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)  # until the parent is done with it
            os._exit(0)
    try:
        with turn(tmp_path):
            pass
    finally:
        os.write(writing, b".")
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)


def test_nobody_waits_for_a_server_that_is_known_to_be_away(tmp_path: Path) -> None:
    forwarder = Forwarder(tmp_path, NOBODY)
    ship_to(tmp_path, NOBODY)
    with Gauge(Journal.open(tmp_path)) as gauge:
        record_into(gauge, 1)
    forwarder.finish(60)  # finds out
    forwarder.finish(3600)


def test_a_server_that_takes_connections_and_never_answers_is_waited_for_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ship_to(tmp_path, address)
        with Gauge(Journal.open(tmp_path)) as gauge:
            record_into(gauge, 1)
        forwarder = Forwarder(tmp_path, address)
        while (trouble := read_status(tmp_path).trouble) is None:
            forwarder.finish(1.5)
        assert "did not answer within" in trouble.reason
        forwarder.finish(3600)
        before = trouble.not_before.timestamp() - 0.1
        assert Shipper(tmp_path, address, clock=lambda: before).not_before() > 0, "the next program waits for nothing"


@pytest.mark.parametrize("appended", [False, True], ids=["mapped", "appended"])
def test_both_kinds_of_segments_are_shipped_while_they_are_written(tmp_path: Path, *, appended: bool) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        forwarder = Forwarder(home, server.url)
        with Gauge(Journal.open(home, options=SegmentOptions(appended=appended))) as gauge:
            expected = record_into(gauge, 10)
            forwarder.finish(60)
            assert len(segments(home)) == 1
            expected += record_into(gauge, 10, first=10)
        forwarder.finish(60)
        assert segments(home) == []
        assert server.stop() == 0
    assert_once(server_home, expected)
