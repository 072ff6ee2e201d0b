"""What a server does not take: damage is counted and left out, and nothing else is lost."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

import agentgauge
from agentgauge.forwarding.outgoing import outgoing
from agentgauge.forwarding.sending import Sent, send
from agentgauge.forwarding.shipper import Shipper
from agentgauge.forwarding.spool import ship_to
from agentgauge.forwarding.standing import problems, standing
from agentgauge.forwarding.wire import NotNow, Wire
from agentgauge.journal.layout import frame
from agentgauge.server_client import ServerClient
from agentgauge.settings.secret import Secret
from tests.forwarding.answering import Answering, answering
from tests.forwarding.shipping import assert_once, forward, key_of, record, record_into, recorded, rows, segments
from tests.servers.serving import served


@pytest.mark.parametrize(
    ("damage", "reason", "missing"),
    [
        pytest.param(lambda line: line.replace(b"task", b"tusk", 1), "corrupt record", {10}, id="changed"),
        pytest.param(lambda line: line[:40] + bytes(len(line) - 41) + b"\n", "torn record", {10}, id="torn"),
        pytest.param(lambda line: line[:-1] + b"#", "corrupt record", {10}, id="lost newline"),
    ],
)
def test_a_damaged_line_is_left_out_and_counted(tmp_path: Path, damage, reason: str, missing: set[int]) -> None:  # type: ignore[no-untyped-def]
    home, server_home = tmp_path / "agent", tmp_path / "server"
    ship_to(home, "http://127.0.0.1:9")
    expected = record(home, 40)
    (segment,) = segments(home)
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[11] = damage(lines[11])
    segment.write_bytes(b"".join(lines))
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        assert Shipper(home, server.url).ship().events == 39
        assert server.stop() == 0
    assert_once(server_home, [identity for identity in expected if identity[1] not in missing])
    found = standing(home)
    assert found is not None
    assert found.losses == {reason: 1}
    assert f"1 damaged or refused records were not sent: {reason} (1)" in " ".join(problems(found))
    assert rows(server_home, "SELECT reason, sum(count)::BIGINT FROM losses GROUP BY ALL") == [("torn record", 1)]


def test_a_segment_whose_header_is_damaged_goes_on_as_another(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20)
        (segment,) = segments(home)
        segment.write_bytes(segment.read_bytes().replace(b"header", b"hexder", 1))
        assert Shipper(home, server.url).ship().events == 20
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert segments(home) == []


def test_an_event_that_the_server_refuses_is_left_out_and_counted(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20)
        (segment,) = segments(home)
        lines = segment.read_bytes().splitlines(keepends=True)
        text = re.sub(rb',"c":"\w+"\}\n$', b"", lines[5]).replace(b'"kind":"task"', b'"kind":"tusk"')
        lines[5] = frame(text)
        segment.write_bytes(b"".join(lines))
        Shipper(home, server.url).ship()
        assert server.stop() == 0
    assert_once(server_home, [identity for identity in expected if identity[1] != 4])
    found = standing(home)
    assert found is not None
    assert found.losses == {"refused by the server": 1}


def test_the_torn_record_of_a_killed_process_is_counted(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20)
        (segment,) = segments(home)
        data = segment.read_bytes()
        segment.write_bytes(data[:-30])
        Shipper(home, server.url).ship()
        assert server.stop() == 0
    assert_once(server_home, expected[:-1])
    found = standing(home)
    assert found is not None
    assert found.losses == {"torn record": 1}


def test_what_a_key_may_not_record_is_held_until_there_is_one_that_may(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    bank, all_projects = key_of(server_home, "ingest", "bank"), key_of(server_home, "ingest")
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        expected = record(home, 20, project="shop")
        with agentgauge.open(home) as gauge:
            with gauge.scope(project="bank"):
                others = record_into(gauge, 10)
            with gauge.scope(project="shop"):
                expected += record_into(gauge, 10, first=10)
        outcome = Shipper(home, server.url, bank).ship()
        assert (outcome.events, outcome.held) == (10, 2), "what stands in front of the first of another project"
        found = standing(home)
        assert found is not None
        assert found.losses == {}
        assert "use a key for that project" in " ".join(problems(found))
        assert Shipper(home, server.url, all_projects).ship().events == 30
        assert server.stop() == 0
    assert_once(server_home, [*expected, *others])
    found = standing(home)
    assert found is not None
    assert list(problems(found)) == []


def test_a_wrong_key_loses_nothing_and_a_right_one_sends_it(tmp_path: Path) -> None:
    home, server_home = tmp_path / "agent", tmp_path / "server"
    key, reading = key_of(server_home), key_of(server_home, "read")
    with served(server_home, "--no-jobs") as server:
        expected = recorded(home, server.url, 100, AGENTGAUGE_API_KEY="agk_wrong")
        assert "does not know the key" in forward(home, server.url, "agk_wrong", code=1)
        assert "does not let the key record" in forward(home, server.url, reading.reveal(), code=1)
        assert "100 events remain here" in forward(home, server.url, code=1)
        assert "100 events sent" in forward(home, server.url, key.reveal())
        assert server.stop() == 0
    assert_once(server_home, expected)
    assert key.reveal() not in "".join(path.read_text() for path in (home / "forwarding").glob("*.json"))


@pytest.mark.parametrize(
    ("status", "headers", "body", "said", "wait_s"),
    [
        pytest.param(401, {}, b"", "does not know the key", 300, id="401"),
        pytest.param(403, {}, b"", "it needs the scope 'ingest'", 300, id="403"),
        pytest.param(403, {}, b'{"error":{"message":"not this"}}', "'ingest' (not this)", 300, id="403 with a reason"),
        pytest.param(429, {"Retry-After": "7"}, b"", "takes nothing now", 7, id="429"),
        pytest.param(503, {"Retry-After": "999999"}, b"", "takes nothing now", 300, id="503"),
        pytest.param(503, {"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}, b"", "takes nothing", 0, id="503 date"),
        pytest.param(302, {"Location": "https://elsewhere"}, b"", "sends on to https://elsewhere", 0, id="302"),
        pytest.param(404, {}, b"<html>", "not as an agentgauge server", 0, id="404"),
        pytest.param(200, {}, b"<html>", "not as an agentgauge server", 0, id="200 of something else"),
        pytest.param(500, {}, b'{"error":{"message":"a fault"}}', "answers 500: a fault", 0, id="500"),
    ],
)
def test_each_answer_is_said_and_waited_for(
    tmp_path: Path, status: int, headers: dict[str, str], body: bytes, said: str, wait_s: int
) -> None:
    def answer(asked: Answering) -> None:
        asked.give(status, headers, body)

    with answering(answer) as url, pytest.raises(NotNow) as trouble:
        Wire(ServerClient(url), None).put("0f" * 16, "5be0ad1c9f27-000003", 0, b"", closed=False)
    assert said in str(trouble.value)
    assert "no reason given" not in str(trouble.value)
    assert trouble.value.wait_s == wait_s


def test_a_path_in_the_address_where_no_server_is_is_named_as_what_may_be_wrong() -> None:
    with answering(lambda asked: asked.give(404, {}, b"")) as url:
        with pytest.raises(NotNow, match=f"name it without the path, {url}, unless a proxy"):
            Wire(ServerClient(f"{url}/api/v1"), None).put("0f" * 16, "5be0ad1c9f27-000003", 0, b"", closed=False)
        with pytest.raises(NotNow, match=r"not as an agentgauge server does$"):
            Wire(ServerClient(url), None).put("0f" * 16, "5be0ad1c9f27-000003", 0, b"", closed=False)


def test_a_key_that_no_header_can_hold_is_not_shown() -> None:
    key = "agk_" + "x" * 9  # a traceback shows lines of this file too
    with pytest.raises(NotNow) as trouble:
        Wire(ServerClient("http://127.0.0.1:9", Secret(f"{key}\n")), None).mark("0f" * 16, "5be0ad1c9f27-000003")
    assert key not in "".join(traceback.format_exception(trouble.value))


def test_a_line_that_was_read_half_written_is_read_again(tmp_path: Path) -> None:
    """The server refuses what was read, and by then the line is whole."""
    ship_to(tmp_path, "http://127.0.0.1:9")
    record(tmp_path, 5)
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    start, end = whole.index(b"\n", 300) + 1, whole.index(b"\n", whole.index(b"\n", 300) + 1) + 1
    path.write_bytes(whole[: start + 20] + bytes(end - start - 30) + whole[end - 10 :])
    taken: list[bytes] = []

    def answer(asked: Answering) -> None:
        body = asked.body()
        if b"\0" in body:
            path.write_bytes(whole)
            asked.give(400, {"X-Refused-Bytes": f"{start}-{end}"}, b"")
        else:
            taken.append(body)
            asked.give(200, {"X-High-Water-Mark": str(len(b"".join(taken)))}, b"")

    sent = Sent(0)
    with answering(answer) as url:
        send(Wire(ServerClient(url), None), outgoing(path), sent, lambda _: None, closes=True)
    assert b"".join(taken) == whole
    assert (sent.done, sent.events, dict(sent.losses)) == (True, 5, {"torn record": 0})


def test_a_last_line_that_stays_half_written_is_not_given_up_while_its_writer_lives(tmp_path: Path) -> None:
    """Its end is there before its middle is: the writer was stopped in between."""
    home, server_home = tmp_path / "agent", tmp_path / "server"
    with served(server_home, "--no-jobs") as server:
        ship_to(home, server.url)
        with agentgauge.open(home) as gauge:
            expected = record_into(gauge, 5)
            (path,) = segments(home)
            whole = path.read_bytes().rstrip(b"\0")
            place = whole.rindex(b'"kind"')
            with path.open("r+b", buffering=0) as file:
                file.seek(place)
                file.write(bytes(20))
                assert Shipper(home, server.url).ship().events == 4
                file.seek(place)
                file.write(whole[place : place + 20])
            assert Shipper(home, server.url).ship().events == 1
        Shipper(home, server.url).ship()
        assert server.stop() == 0
    assert_once(server_home, expected)
    found = standing(home)
    assert found is not None
    assert found.losses == {}
