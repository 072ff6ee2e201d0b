"""Questions are answered from the cache where nothing changed, revalidated by browsers, and never of others' data."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel

import agentgauge
from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.app import create_app
from agentgauge.engines import Measure, Query
from agentgauge.errors import QueryError
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.changes import changed
from tests.servers.serving import served

FRESH = {"Cache-Control": "no-cache"}


class Counted(BaseModel):
    events: int
    padding: str = ""


class Asking:
    """A server of one home, with a few questions of the tests' own."""

    def __init__(self, home: Path) -> None:
        self.app = create_app(get_server_settings(home, {}))
        self.computed = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        _add_questions(self.app, self)

    def reading_key(self, projects: list[str] | None = None) -> str:
        runtime: Runtime = self.app.state.runtime
        issued = issue(runtime.gate.keys, "reads", ["read"], actor="test", now=runtime.now(), projects=projects)
        runtime.gate.verifier.forget()
        return issued.token.text

    def count(self, asked: Asked, padding: str = "") -> Counted:
        self.computed += 1
        self.entered.set()
        self.gate.wait()
        return Counted(
            events=int(asked.engine.aggregate(Query(measures=(Measure("count"),))).rows[0][0]), padding=padding
        )


def _add_questions(app: FastAPI, asking: Asking) -> None:
    @app.get("/count")
    async def count(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
        return await answered(request, runtime, principal, "count", (), asking.count)

    @app.get("/long")
    async def long(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
        return await answered(request, runtime, principal, "long", (), lambda asked: asking.count(asked, "x" * 5000))

    @app.get("/since")
    async def since(request: Request, runtime: RuntimeOf, principal: Reader, start: datetime) -> Response:
        return await answered(request, runtime, principal, "since", (start,), asking.count)

    @app.get("/budgeted")
    async def budgeted(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
        return await answered(request, runtime, principal, "budgeted", (), asking.count, topics=("budgets",))

    @app.get("/wrong")
    async def wrong(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
        def refuse(asked: Asked) -> Counted:
            asking.computed += 1
            raise QueryError("no metric is called 'spped': did you mean speed?")

        return await answered(request, runtime, principal, "wrong", (), refuse)

    @app.post("/budget")
    def budget(runtime: RuntimeOf, principal: Admin) -> None:
        with runtime.state.transaction() as connection:
            changed(connection, "budgets")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def asking(home: Path) -> Asking:
    return Asking(home)


@pytest.fixture
def client(asking: Asking) -> Iterator[TestClient]:
    with TestClient(asking.app, base_url="http://localhost", headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home) as gauge:
        yield gauge


def record(gauge: agentgauge.Gauge, count: int = 1, **scope: str) -> None:
    with gauge.scope(**scope):
        for _ in range(count):
            gauge.llm_call("gpt-4o", "openai", input_tokens=1)


def ask(client: TestClient, path: str = "/count", **headers: str) -> Any:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer


def test_what_was_answered_is_not_computed_again(asking: Asking, client: TestClient, gauge: agentgauge.Gauge) -> None:
    record(gauge, 2)
    first, second = ask(client), ask(client)
    assert first.json()["events"] == 2
    assert second.content == first.content
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert first.headers["Agentgauge-As-Of"] == second.headers["Agentgauge-As-Of"]
    assert asking.computed == 1


def test_a_fresh_question_is_answered_with_what_was_just_recorded(
    asking: Asking, client: TestClient, gauge: agentgauge.Gauge
) -> None:
    for total in range(1, 5):
        record(gauge)
        assert client.get("/count", headers=FRESH).json()["events"] == total
    assert client.get("/count", headers=FRESH).headers["X-Cache"] == "hit"  # nothing was recorded since
    assert asking.computed == 4


def test_a_browser_that_has_the_answer_is_told_so(client: TestClient, gauge: agentgauge.Gauge) -> None:
    record(gauge)
    first = ask(client)
    assert first.headers["Cache-Control"] == "private, no-cache"
    for tags in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        again = client.get("/count", headers={"If-None-Match": tags})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Vary"] == first.headers["Vary"]
    record(gauge)
    changed_since = client.get("/count", headers={"If-None-Match": first.headers["ETag"], **FRESH})
    assert changed_since.status_code == 200
    assert changed_since.headers["ETag"] != first.headers["ETag"]


def test_a_packed_answer_is_packed_once_and_has_a_tag_of_its_own(client: TestClient) -> None:
    plain, packed = ask(client, "/long"), ask(client, "/long", **{"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content  # as the client unpacks it
    assert int(packed.headers["Content-Length"]) < 1000 < int(plain.headers["Content-Length"])
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    for tag in (plain.headers["ETag"], packed.headers["ETag"]):
        assert client.get("/long", headers={"If-None-Match": tag}).status_code == 304


def test_a_short_answer_is_not_packed(client: TestClient) -> None:
    assert "Content-Encoding" not in ask(client, "/count", **{"Accept-Encoding": "gzip"}).headers


def test_head_has_the_headers_of_get_and_no_body(client: TestClient) -> None:
    for path in ("/count", "/long"):
        got, head = ask(client, path), client.head(path)
        assert head.content == b""
        for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Vary"):
            assert head.headers[name] == got.headers[name]


def test_each_sees_its_own_projects_and_no_cached_answer_of_others(
    asking: Asking, client: TestClient, gauge: agentgauge.Gauge
) -> None:
    record(gauge, 1, project="shop")
    record(gauge, 2, project="web")
    record(gauge, 4)
    for projects, seen in ((None, 7), (["shop"], 1), (["web"], 2), (["web", "shop"], 3), (["none"], 0)):
        client.headers["X-API-Key"] = asking.reading_key(projects)
        for _ in range(2):
            assert ask(client).json()["events"] == seen
    assert asking.computed == 5


def test_the_same_moment_written_in_two_ways_is_one_question(asking: Asking, client: TestClient) -> None:
    for start in ("2026-11-01T12:00:00Z", "2026-11-01T13:00:00+01:00"):
        client.get("/since", params={"start": start}).raise_for_status()
    assert asking.computed == 1


def test_a_change_of_state_is_seen_at_once(asking: Asking, client: TestClient) -> None:
    ask(client, "/budgeted")
    assert ask(client, "/budgeted").headers["X-Cache"] == "hit"
    client.post("/budget").raise_for_status()
    assert ask(client, "/budgeted").headers["X-Cache"] == "miss"
    ask(client)
    client.post("/budget").raise_for_status()
    assert ask(client).headers["X-Cache"] == "hit"  # it does not depend on budgets


def test_an_error_is_not_kept(asking: Asking, client: TestClient) -> None:
    for _ in range(2):
        assert client.get("/wrong").status_code == 422
    assert asking.computed == 2


def test_many_who_ask_at_once_are_answered_by_one_computation(asking: Asking, client: TestClient) -> None:
    asking.gate.clear()
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(ask, client)]
        asking.entered.wait()
        answers += [threads.submit(ask, client) for _ in range(7)]
        asking.gate.set()
        assert len({answer.result().content for answer in answers}) == 1
    assert asking.computed == 1


def test_slow_questions_keep_nobody_from_recording(asking: Asking, client: TestClient) -> None:
    asking.gate.clear()
    with ThreadPoolExecutor(30) as threads:
        slow = [threads.submit(client.get, "/since", params={"start": f"2026-11-01T12:00:{n:02}Z"}) for n in range(30)]
        asking.entered.wait()
        event = {"kind": "llm_call", "model": "gpt-4o", "provider": "openai", "time": "2026-11-21T12:00:00Z"}
        sent = client.post("/api/v1/events", json={"events": [event]})
        assert sent.json()["accepted"] == 1
        assert not any(one.done() for one in slow)
        asking.gate.set()
        assert all(one.result().status_code == 200 for one in slow)


def test_an_administrator_drops_answers_by_pattern(asking: Asking, client: TestClient) -> None:
    ask(client)
    ask(client, "/long")
    dropped = client.post("/api/v1/cache/invalidate", json={"pattern": "metrics:count@*"})
    assert dropped.json() == {"success": True, "dropped": 1}
    assert ask(client).headers["X-Cache"] == "miss"
    assert ask(client, "/long").headers["X-Cache"] == "hit"
    client.headers["X-API-Key"] = asking.reading_key()
    assert client.post("/api/v1/cache/invalidate", json={"pattern": "metrics:*"}).status_code == 403


def test_hits_and_misses_are_counted(asking: Asking, client: TestClient) -> None:
    for _ in range(3):
        ask(client)
    runtime: Runtime = asking.app.state.runtime
    figures = runtime.cache.figures()
    assert (figures.hits, figures.misses) == (2, 1)
    exposed = client.get("/metrics").text
    assert 'agentgauge_cache_requests_total{result="hit"} 2.0' in exposed
    assert 'agentgauge_cache_requests_total{result="miss"} 1.0' in exposed


def test_two_workers_share_answers_by_redis(home: Path, redis_url: str, gauge: agentgauge.Gauge) -> None:
    record(gauge, 3)
    settings = get_server_settings(home, {"AGENTGAUGE_REDIS_URL": redis_url})
    answers = []
    for _ in range(2):
        app = create_app(settings)
        with TestClient(app, base_url="http://localhost") as client:
            answers.append(client.get("/api/v1/metrics/percentiles/tokens"))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit"]
    assert answers[0].content == answers[1].content


def test_gzip_of_the_same_body_is_the_same_bytes() -> None:
    from agentgauge.service.cache import kept

    one, two = (kept(b"x" * 2000, "2026-11-21T12:00:00Z", 0.0) for _ in range(2))
    assert one == two
    assert gzip.decompress(one.packed) == one.body


def test_each_of_several_workers_sees_what_any_of_them_acknowledged(home: Path) -> None:
    with served(home, "--workers", "2") as server:
        for total in range(1, 21):
            event = {"kind": "task", "name": "turn", "duration_ms": 1, "time": datetime.now(UTC).isoformat()}
            # A connection for each.
            sent = httpx.post(f"{server.url}/api/v1/events", json={"events": [event]}, timeout=60)
            assert sent.json()["accepted"] == 1
            answer = httpx.get(f"{server.url}/api/v1/metrics/percentiles/execution_time", headers=FRESH, timeout=60)
            assert answer.json()["data"]["count"] == total
