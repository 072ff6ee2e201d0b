"""Events over HTTP: by pages in three forms, and as one streamed file that never looks complete when it is not."""

from __future__ import annotations

import asyncio
import csv
import http.client
import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.api.beyond.streaming import Streamed, begun
from agentgauge.exporters.events import COLUMNS, export_events
from agentgauge.meter import Meter
from agentgauge.service.window import Window
from agentgauge.settings.server import ServerSettings, get_server_settings
from tests.api.beyond.conftest import KeyOf

EVENTS = "/api/v1/events"
EXPORT = "/api/v1/export"


def test_events_are_paged_the_newest_or_the_oldest_first(server: TestClient) -> None:
    found: list[dict[str, Any]] = []
    answer = server.get(EVENTS, params={"limit": 10})
    while "Link" in answer.headers:
        found += answer.json()["data"]
        answer = server.get(answer.headers["Link"].partition(">")[0].removeprefix("<"))
    found += answer.json()["data"]
    assert server.get(EVENTS, params={"limit": 1000, "newest_first": False}).json()["data"] == found[::-1]
    assert len({(event["segment"], event["n"]) for event in found}) == len(found) == 37


def test_columns_that_are_named_are_there_even_where_an_event_has_none(server: TestClient) -> None:
    asked = {"columns": "kind,attributes.query_type", "where": "name=qa_response"}
    assert server.get(EVENTS, params=asked).json()["data"] == [
        {"kind": "task", "attributes.query_type": "general"},
    ]


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/csv", "text/csv;q=0.9, application/json;q=0.1"])
def test_a_page_is_given_as_lines_or_a_table_where_that_is_asked_for(server: TestClient, accept: str) -> None:
    asked = {"columns": "time,kind,cost_usd", "limit": 2, "where": "kind=llm_call"}
    expected = server.get(EVENTS, params=asked)
    answer = server.get(EVENTS, params=asked, headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith(accept.partition(";")[0])
    assert answer.headers["Link"] == expected.headers["Link"]
    if "csv" in accept:
        rows = list(csv.DictReader(io.StringIO(answer.text)))
    else:
        rows = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert rows == expected.json()["data"]


def test_other_forms_are_not_acceptable(server: TestClient) -> None:
    assert server.get(EVENTS, headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_a_file_is_that_of_the_command_line(server: TestClient, settings: ServerSettings, form: Any) -> None:
    answer = server.get(EXPORT, params={"format": form})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="events.{form}"'
    stream = io.BytesIO()
    with Meter(settings.recording).reading() as snapshot:
        export_events(snapshot.connection, Window(), form, stream)
    assert answer.content == stream.getvalue()


def test_parquet_has_the_rows_and_types_of_the_command_lines(
    server: TestClient, settings: ServerSettings, tmp_path: Path
) -> None:
    (tmp_path / "served.parquet").write_bytes(server.get(EXPORT, params={"format": "parquet"}).content)
    with Meter(settings.recording).reading() as snapshot:
        export_events(snapshot.connection, Window(), "parquet", tmp_path / "own.parquet")
    served, own = (
        duckdb.connect().execute(f"FROM '{tmp_path}/{name}.parquet' ORDER BY time, segment, n")
        for name in ("served", "own")
    )
    assert [column[:2] for column in served.description] == [column[:2] for column in own.description]
    assert list(map(_parsed, served.fetchall())) == list(map(_parsed, own.fetchall()))


def _parsed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """JSON text with the same content may have other spaces."""
    event = dict(zip(COLUMNS, row, strict=True))
    return tuple((event | {"attributes": msgspec.json.decode(event["attributes"] or "null")}).values())


def test_a_key_of_one_project_gets_its_events_alone(key_of: tuple[TestClient, KeyOf]) -> None:
    server, key = key_of
    headers = key("read", projects=["billing"])
    assert {event["project"] for event in server.get(EVENTS, headers=headers).json()["data"]} == {"billing"}
    lines = server.get(EXPORT, headers=headers).text.splitlines()
    assert {msgspec.json.decode(line)["project"] for line in lines} == {"billing"}
    assert b"PROJ-456" not in server.get(EXPORT, params={"format": "parquet"}, headers=headers).content


def test_a_wrong_question_is_an_error_before_a_file_begins(server: TestClient) -> None:
    answer = server.get(EXPORT, params={"where": "agent=codr"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "where")


def test_no_more_files_are_made_at_once_than_a_server_can(server: TestClient) -> None:
    app = server.app
    assert isinstance(app, FastAPI)
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(app.state.runtime.heavy.turn())
        answer = server.get(EXPORT)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert server.get(EXPORT).status_code == 200


@contextmanager
def _serving(app: FastAPI) -> Iterator[int]:
    """A real server of an application, in a thread; its port."""
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="on")
    running = uvicorn.Server(config)
    started = threading.Event()

    async def serve() -> None:
        config.load()
        running.lifespan = config.lifespan_class(config)
        await running.startup()
        started.set()
        await running.main_loop()
        await running.shutdown()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(60)
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        thread.join()


@contextmanager
def _asked(port: int, path: str) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("localhost", port, timeout=60)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            yield answer


def test_a_file_that_fails_midway_is_broken_off(tmp_path: Path) -> None:
    app = create_app(get_server_settings(tmp_path, {}))
    let_go = threading.Event()

    @app.get("/fails-midway")
    def fails() -> Streamed:
        def pieces() -> Iterator[bytes]:
            yield b"x" * 200_000
            raise OSError("the disk is gone")

        held = ExitStack()
        held.callback(let_go.set)
        return Streamed(begun(pieces()), held, "text/csv", {})

    with _serving(app) as port:
        with _asked(port, "/fails-midway") as answer:
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
        assert let_go.wait(60)


def test_whoever_goes_away_ends_the_work(tmp_path: Path) -> None:
    app = create_app(get_server_settings(tmp_path, {}))
    let_go = threading.Event()

    @app.get("/endless")
    def endless() -> Streamed:
        def pieces() -> Iterator[bytes]:
            while True:
                yield b"x" * 65_536

        held = ExitStack()
        held.callback(let_go.set)
        return Streamed(begun(pieces()), held, "text/csv", {})

    with _serving(app) as port:
        with _asked(port, "/endless") as answer:
            assert answer.read(1000)
        assert let_go.wait(60)


def test_whoever_takes_nothing_ends_the_work(tmp_path: Path) -> None:
    app = create_app(get_server_settings(tmp_path, {}))
    let_go = threading.Event()

    @app.get("/endless")
    def endless() -> Streamed:
        held = ExitStack()
        held.callback(let_go.set)
        return Streamed(begun(repeat(b"x" * 65_536)), held, "text/csv", {}, patience_s=0.2)

    with _serving(app) as port, _asked(port, "/endless") as answer:
        assert let_go.wait(60)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()


def test_the_headers_of_a_file_are_given_without_making_it(key_of: tuple[TestClient, KeyOf]) -> None:
    server, key = key_of
    headers = key("admin", "read")
    answer = server.head(EXPORT, params={"format": "parquet"}, headers=headers)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="events.parquet"'
    assert "Content-Length" not in answer.headers
    assert server.head(EXPORT, params={"where": "agent=codr"}, headers=headers).status_code == 422
    app = server.app
    assert isinstance(app, FastAPI)
    assert "events.exported" not in {act.act for act in app.state.runtime.audit.log.acts()}


def test_a_long_file_is_sent_in_pieces(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path, project="shop") as gauge:
        for number in range(3000):
            gauge.task(f"work {number}")
    with _serving(create_app(get_server_settings(tmp_path, {}))) as port:
        with _asked(port, EXPORT) as answer:
            assert answer.getheader("Transfer-Encoding") == "chunked"
            assert len(answer.read().splitlines()) == 3000
