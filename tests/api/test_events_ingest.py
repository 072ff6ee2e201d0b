"""`POST /api/v1/events`: what is taken, in which forms, and what is said of the rest."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from fastapi.testclient import TestClient
from httpx import Response

from agentgauge.api.app import create_app
from agentgauge.events import fields
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings.ingest import IngestSettings
from agentgauge.settings.server import ServerSettings, get_server_settings
from tests.service.ingest.places import compact
from tests.small_disk import small_disk

URL = "/api/v1/events"
TASK = {"kind": "task", "time": "2026-11-21T10:00:00Z", "name": "a"}
NDJSON = {"Content-Type": "application/x-ndjson"}
LIMITS = IngestSettings(body_bytes=100_000, decoded_bytes=500_000, events=1000, values=5000, attribute_bytes=2000)


class Server:
    def __init__(self, home: Path, settings: ServerSettings) -> None:
        self.home = home
        self.settings = settings
        self.client = TestClient(create_app(settings), base_url="http://localhost")

    def post(self, body: object, headers: dict[str, str] | None = None) -> Response:
        """A JSON document, or the bytes of a body."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(URL, content=content, headers={"Content-Type": "application/json", **(headers or {})})

    def rows(self, columns: str = "name") -> list[tuple[Any, ...]]:
        with Lake(get_server_settings(self.home, {}).recording.home, PriceBook.load()).snapshot() as snapshot:
            return snapshot.connection.execute(f"SELECT {columns} FROM events ORDER BY name").fetchall()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    settings = msgspec.structs.replace(get_server_settings(tmp_path, {}), ingest=LIMITS, jobs=False)
    server = Server(tmp_path, settings)
    with server.client:
        yield server


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


@pytest.mark.parametrize("body", [TASK, [TASK], {"events": [TASK]}], ids=["one", "list", "wrapped"])
def test_json_is_one_event_a_list_of_them_or_a_list_that_is_wrapped(server: Server, body: object) -> None:
    answer = server.post(body)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "rejected": []})
    assert server.rows() == [("a",)]


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("identity", bytes), ("gzip", gzip.compress), ("zstd", zstandard.compress), ("GZIP", gzip.compress)],
)
def test_lines_come_plain_or_compressed(server: Server, encoding: str, encode: Any) -> None:
    body = encode(lines(TASK, TASK | {"name": "b"}) + b"\n")
    answer = server.post(body, NDJSON | {"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "rejected": []})
    assert server.rows() == [("a",), ("b",)]


def test_every_field_arrives_as_it_was_sent(server: Server) -> None:
    call = {
        "kind": "llm_call", "time": "2026-11-21T11:00:00.123456+01:00", "name": "chat", "source_id": "1",
        "attributes": {"deep": [{"er": None}]}, "project": "shop", "session": "s", "run": "r", "issue": "7",
        "ticket": "T-1",
        "agent": "coder", "role": "dev", "operation": "op", "feature": "f", "user": "kim", "team": "red",
        "trace_id": "t", "span_id": "sp", "parent_id": "p", "model": "m", "provider": "v", "tier": "batch",
        "input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 3, "cache_write_5m_tokens": 2,
        "cache_write_1h_tokens": 1, "reasoning_tokens": 4, "cost_usd": "0.123456789012", "cost_source": "reported",
        "duration_ms": 1.5, "outcome": "error", "error_type": "E", "error_category": "rate_limit",
        "severity": "warning", "error_message": "m", "recovery": "failed",
    }  # fmt: skip
    assert server.post(call).json() == {"accepted": 1, "rejected": []}
    names = [name for name in call if name not in ("time", "attributes", "cost_usd")]
    columns = ", ".join(f'"{name}"' for name in names)
    assert server.rows(columns) == [tuple(call[name] for name in names)]
    expected = [("2026-11-21 10:00:00.123456+00", '{"deep":[{"er":null}]}', "0.123456789012")]
    assert server.rows("time::VARCHAR, attributes::VARCHAR, cost_usd::VARCHAR") == expected


def test_an_event_without_a_time_has_that_of_its_first_arrival(server: Server) -> None:
    untimed = {"kind": "task", "name": "a"}
    server.post(untimed | {"source_id": "1"})
    first = server.rows("time")
    assert server.rows("time = arrived AND now() - time < INTERVAL 1 MINUTE") == [(True,)]
    server.post(untimed | {"source_id": "1"})
    server.post(untimed | {"source_id": "1", "outcome": "failure"})
    assert server.rows("time") == first
    compact(server.home)
    server.post(untimed | {"source_id": "1"})
    server.post(untimed | {"source_id": "1", "outcome": "success"})
    assert server.rows("time, outcome") == [(*first[0], "success")]
    compact(server.home)
    assert server.rows("time, outcome") == [(*first[0], "success")]


def test_a_stated_time_may_be_corrected_by_sending_the_event_again(server: Server) -> None:
    server.post(TASK | {"source_id": "1"})
    server.post(TASK | {"source_id": "1", "time": "2026-11-21T09:00:00Z", "outcome": "success"})
    assert server.rows("time::VARCHAR") == [("2026-11-21 09:00:00+00",)]


def test_success_says_the_outcome_unless_the_outcome_is_said_too(server: Server) -> None:
    sent = [
        TASK | {"name": "a", "success": True},
        TASK | {"name": "b", "success": False},
        TASK | {"name": "c", "success": False, "outcome": "timeout"},
        TASK | {"name": "d", "success": True, "outcome": "success"},
        TASK | {"name": "e", "success": None},
    ]
    outcomes = [("a", "success"), ("b", "failure"), ("c", "timeout"), ("d", "success"), ("e", None)]
    assert server.post(sent).json() == {"accepted": 5, "rejected": []}
    assert server.rows("name, outcome") == outcomes
    assert server.post(lines(*sent), NDJSON).json() == {"accepted": 5, "rejected": []}
    assert server.rows("DISTINCT name, outcome") == outcomes


def test_success_that_contradicts_the_outcome_or_is_none_of_its_kind_is_rejected(server: Server) -> None:
    wrong = [
        TASK | {"success": True, "outcome": "timeout"},
        TASK | {"success": False, "outcome": "success"},
        TASK | {"success": "yes"},
        {"kind": "measurement", "name": "m", "value": 1, "success": True},
    ]
    reasons = [item["reason"] for item in server.post(wrong).json()["rejected"]]
    assert reasons[:2] == [
        "success and outcome differ: outcome timeout, success True: send one of them",
        "success and outcome differ: outcome success, success False: send one of them",
    ]
    assert "Expected `bool | null`" in reasons[2]
    assert "measurement has no outcome" in reasons[3]


def test_an_item_that_is_no_event_is_named_and_the_others_are_kept(server: Server) -> None:
    wrong: list[Any] = [
        5,
        {"kind": "task"},
        TASK | {"time": "2026-11-21T10:00:00"},
        TASK | {"name": 5},
        TASK | {"nonsense": 1},
        TASK | {"segment": "x", "n": 1},
        TASK | {"input_tokens": 5},
        TASK | {"quality_score": 101},
    ]
    answer = server.post([*wrong, TASK]).json()
    assert (answer["accepted"], [item["index"] for item in answer["rejected"]]) == (1, list(range(len(wrong))))
    reasons = [item["reason"] for item in answer["rejected"]]
    assert reasons[2] == "naive time: time has no zone: end it with Z for UTC, or with an offset such as +01:00"
    assert reasons[4].startswith(
        "not an event: Object contains unknown field `nonsense`; what has no member of its own"
    )
    assert reasons[6].startswith("field not of this kind: task has no input_tokens")
    assert server.post(lines(*wrong, TASK), NDJSON).json() == answer
    assert server.rows() == [("a",), ("a",)]


@pytest.mark.parametrize(
    ("member", "meant"),
    [
        ("modle", "did you mean model?"),
        ("outcom", "did you mean outcome?"),
        ("prompt_tokens", "did you mean input_tokens?"),
        ("Total_Tokens", "did you mean input_tokens and output_tokens?"),
        ("cost", "did you mean cost_usd?"),
        ("type", "did you mean kind?"),
        ("timestamp", "did you mean time?"),
        ("latency_ms", "did you mean duration_ms?"),
        ("quality", "did you mean quality_score (0-100)?"),
        ("succes", "did you mean success?"),
        ("x" * 5000, "what has no member of its own stands in attributes"),
    ],
)
def test_a_member_that_there_is_not_is_told_which_one_was_probably_meant(
    server: Server, member: str, meant: str
) -> None:
    reason = server.post(TASK | {member: 1}).json()["rejected"][0]["reason"]
    assert reason.endswith(meant)
    assert len(reason) < 300


@pytest.mark.parametrize(("kind", "meant"), [("llm-call", "llm_call"), ("LLM", "llm_call"), ("tasks", "task")])
def test_a_kind_that_there_is_not_is_told_which_one_was_probably_meant(server: Server, kind: str, meant: str) -> None:
    reason = server.post(TASK | {"kind": kind}).json()["rejected"][0]["reason"]
    assert reason.endswith(f"got str: did you mean {meant}?")


@pytest.mark.parametrize("kind", ["kim@example.org", "", "x" * 100_000 + "task"])
def test_of_a_kind_that_resembles_none_nothing_is_repeated(server: Server, kind: str) -> None:
    assert server.post(TASK | {"kind": kind[:90_000]}).json()["rejected"][0]["reason"].endswith("got str")


def test_a_batch_of_which_nothing_is_accepted_is_an_error_that_names_each_item(server: Server) -> None:
    answer = server.post([{"kind": "task"}, 5])
    said = answer.json()
    assert (answer.status_code, said["success"], said["error"]["code"]) == (422, False, "event_refused")
    assert "none of 2 accepted; item 0: missing field: task needs name" in said["error"]["message"]
    assert (said["accepted"], [item["index"] for item in said["rejected"]]) == (0, [0, 1])
    empty = server.post([])
    assert (empty.status_code, empty.json()) == (200, {"accepted": 0, "rejected": []})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b'{"kind": "task"', "no JSON"),
        (b"[" * 4000, "too deep"),
        (b'{"events": 5}', "no JSON of events"),
        (b"\xff", "no JSON"),
    ],
)
def test_what_is_no_json_is_refused_as_a_whole(server: Server, body: bytes, said: str) -> None:
    answer = server.post(body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_line_that_is_no_json_is_named_and_nothing_is_kept(server: Server) -> None:
    answer = server.post(lines(TASK, 5) + b"\n{oops}\n" + lines(TASK), NDJSON)
    assert answer.status_code == 400
    assert "line 4 of the body is no JSON" in answer.json()["error"]["message"]
    assert server.rows() == []


def test_a_source_id_makes_a_retry_store_once(server: Server) -> None:
    for _ in range(2):
        assert server.post(TASK | {"source_id": "1"}).json()["accepted"] == 1
    assert server.rows("source_id") == [("1",)]


@pytest.mark.parametrize("form", ["json", "lines"])
def test_a_key_of_the_request_makes_a_retry_store_once(server: Server, form: str) -> None:
    def send(key: str, *events: object) -> None:
        body, headers = (events, {}) if form == "json" else (lines(*events), NDJSON)
        assert server.post(body, headers | {"Idempotency-Key": key}).json()["accepted"] == len(events)

    for _ in range(2):
        send("k1", TASK, TASK, TASK | {"source_id": "own"})
    send("k2", TASK)
    named = sorted(source_id.rpartition(":")[0] or source_id for (source_id,) in server.rows("source_id"))
    assert named == ["k1:0", "k1:1", "k2:0", "own"]


def test_another_body_under_the_same_key_is_new_events_and_replaces_none(server: Server) -> None:
    for _ in range(2):
        server.post(TASK, {"Idempotency-Key": "k"})
        server.post([TASK | {"name": "b"}], {"Idempotency-Key": "k"})
        server.post({"events": [TASK | {"name": "b", "outcome": "failure"}]}, {"Idempotency-Key": "k"})
    assert server.rows("name, outcome") == [("a", None), ("b", None), ("b", "failure")]
    compact(server.home)
    assert len(server.rows()) == 3


def test_a_key_that_is_none_is_refused(server: Server) -> None:
    for key in ("", "a b", "x" * 201):
        assert server.post(TASK, {"Idempotency-Key": key}).status_code == 422


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (413, b" " * 100_001, NDJSON),
        (413, gzip.compress(b" " * 500_001), NDJSON | {"Content-Encoding": "gzip"}),
        (413, gzip.compress(b" " * 250_001) * 2, NDJSON | {"Content-Encoding": "gzip"}),
        (413, zstandard.compress(b" " * 500_001), NDJSON | {"Content-Encoding": "zstd"}),
        (413, lines(*[{}] * 1001), NDJSON),
        (413, json.dumps([{}] * 1001).encode(), {}),
        (413, json.dumps(TASK | {"attributes": {"a": [[]] * 5001}}).encode(), {}),
        (413, gzip.compress(b"[" + b"1," * 5000 + b"1]"), {"Content-Encoding": "gzip"}),
        (415, b"a,b", {"Content-Type": "text/csv"}),
        (415, lines(TASK), NDJSON | {"Content-Encoding": "br"}),
        (400, lines(TASK), NDJSON | {"Content-Encoding": "gzip"}),
        (400, gzip.compress(lines(TASK))[:-9], NDJSON | {"Content-Encoding": "gzip"}),
        (400, zstandard.compress(lines(TASK))[:-9], NDJSON | {"Content-Encoding": "zstd"}),
    ],
    ids=[
        "long",
        "long once unpacked",
        "long in two members",
        "long once unpacked by zstd",
        "many lines",
        "many items",
        "many values",
        "many values once unpacked",
        "csv",
        "br",
        "not gzip",
        "cut gzip",
        "cut zstd",
    ],
)
def test_bodies_beyond_the_limits_or_of_other_forms_are_refused_and_nothing_is_kept(
    server: Server, status: int, body: bytes, headers: dict[str, str]
) -> None:
    answer = server.post(body, headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    assert server.rows() == []


def test_a_body_without_a_stated_length_is_given_up_where_it_grows_too_long(server: Server) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(11):
            yield b" " * 10_000

    assert server.client.post(URL, content=chunks(), headers=NDJSON).status_code == 413


def test_a_body_that_does_not_come_to_its_end_is_given_up(tmp_path: Path) -> None:
    limits = IngestSettings(body_seconds=0.1)
    settings = msgspec.structs.replace(get_server_settings(tmp_path, {}), ingest=limits, jobs=False)
    application = create_app(settings)
    scope = {
        "type": "http", "method": "POST", "path": URL, "raw_path": URL.encode(), "query_string": b"", "scheme": "http",
        "http_version": "1.1", "root_path": "", "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }  # fmt: skip
    said: list[Any] = []
    parts = [{"type": "http.request", "body": b"[", "more_body": True}]

    async def receive() -> Any:
        return parts.pop() if parts else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        said.append(message)

    with TestClient(application) as client:
        assert client.portal is not None
        client.portal.call(application, scope, receive, send)
        assert said[0]["status"] == 408
        with application.state.runtime.receiver.waiting.room() as room:
            room.take(limits.waiting_bytes)  # which is refused where anything else is held


def test_a_server_that_holds_too_much_says_when_to_come_back(server: Server) -> None:
    waiting = server.client.app.state.runtime.receiver.waiting  # type: ignore[attr-defined]
    with waiting.room() as room:
        room.take(LIMITS.waiting_bytes)
        answer = server.post(TASK)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert server.post(TASK).status_code == 200


def test_a_full_disk_is_said_and_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    with small_disk(tmp_path / "journal"):
        server = Server(tmp_path, msgspec.structs.replace(get_server_settings(tmp_path, {}), jobs=False))
        with server.client:
            acknowledged = 0
            while (answer := server.post([TASK | {"attributes": {"a": "x" * 9000}}] * 20)).status_code == 200:
                acknowledged += 20
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
            assert (
                answer.json()["error"]["message"] == "disk full: nothing of this request was kept; send it again later"
            )
            assert int(answer.headers["Retry-After"]) > 0
            assert len(server.rows()) == acknowledged > 0
            compact(tmp_path)
        assert len(server.rows()) == acknowledged
        with Server(tmp_path, server.settings).client as again:
            assert again.post(URL, json=TASK).status_code == 200


def test_attributes_have_a_size(server: Server) -> None:
    answer = server.post([TASK | {"attributes": {"a": "x" * 3000}}]).json()
    assert answer["rejected"][0]["reason"].startswith("attributes too large: ")


def test_the_description_of_an_event_has_all_that_may_be_sent_and_its_examples_are_taken(server: Server) -> None:
    described = server.client.get("/openapi.json").json()
    schema = described["components"]["schemas"]["SentEvent"]
    assert set(schema["properties"]) == {field.name for field in fields.ALL} - {"arrived"} | {"success"}
    bodies = described["paths"][URL]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in bodies.values():
        assert server.post(example["value"]).json()["rejected"] == []
