"""Live pages: who listens is told that something changed, and holds up no server that stops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.dashboard.live import MOST_LISTENERS, Watch
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from tests.servers.serving import Served, served

_WITHIN = httpx.Timeout(30.0)
T = TypeVar("T")


def _apart(question: Coroutine[Any, Any, T]) -> T:
    """Run in a thread of its own: a browser that other tests drive leaves this one a loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, question).result()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("live") / "home", "--no-jobs") as server:
        yield server


def events(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """The names of events and the versions that they say, as they come."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, msgspec.json.decode(line.removeprefix("data: "))["version"]


def changed(coming: Iterator[tuple[str, str]], before: str) -> bool:
    """Whether there is another version in the end; what changed earlier may be said again before."""
    for name, version in coming:
        assert name == "changed"
        if version != before:
            return True
    return False


def record(server: Served, headers: dict[str, str] | None = None, **names: str) -> None:
    event = {"kind": "task", "name": "work", "outcome": "success", "time": datetime.now(UTC).isoformat(), **names}
    httpx.post(f"{server.url}/api/v1/events", json=[event], headers=headers, timeout=_WITHIN).raise_for_status()


def test_who_listens_is_told_what_there_is_and_then_that_it_changed(server: Served) -> None:
    with httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-encoding" not in answer.headers
        coming = events(answer)
        name, before = next(coming)
        assert name == "now"
        record(server)
        assert changed(coming, before)


def test_a_change_of_state_is_told_as_one_of_the_data_is(server: Served) -> None:
    with httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as answer:
        coming = events(answer)
        _, before = next(coming)
        budget = {"scope": "agent", "name": "coder", "total_usd": "30"}
        httpx.post(f"{server.url}/api/v1/budgets", json=budget, timeout=_WITHIN).raise_for_status()
        assert changed(coming, before)


def test_a_change_is_told_again_once_every_process_must_have_seen_it(server: Served) -> None:
    record(server)
    with httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as answer:
        coming = events(answer)
        next(coming)
        record(server)
        told = [next(coming) for _ in range(2)]
        while told[-1] != told[-2]:
            told.append(next(coming))
        assert told[-1] == told[-2]


def test_twenty_listen_at_once_and_all_are_told(server: Served) -> None:
    heard = threading.Barrier(21)

    def listen(_: int) -> str:
        with httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as answer:
            coming = events(answer)
            next(coming)
            heard.wait(30)
            return next(coming)[0]

    with ThreadPoolExecutor(20) as pool:
        told = [pool.submit(listen, number) for number in range(20)]
        heard.wait(30)
        record(server)
        assert [one.result(30) for one in told] == ["changed"] * 20


def test_a_server_that_is_told_to_stop_waits_for_nobody_who_listens(tmp_path: Path) -> None:
    with (
        served(tmp_path / "home", "--no-jobs") as server,
        httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as one,
        httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as other,
    ):
        hearing = [events(one), events(other)]
        for coming in hearing:
            next(coming)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 20  # which requests may take
        assert [list(coming) for coming in hearing] == [[], []]


def test_workers_stop_though_somebody_listens(tmp_path: Path) -> None:
    with (
        served(tmp_path / "home", "--no-jobs", "--workers", "2") as server,
        httpx.stream("GET", f"{server.url}/live", timeout=_WITHIN) as answer,
    ):
        coming = events(answer)
        next(coming)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 20
        assert list(coming) == []


def test_one_watcher_looks_however_many_listen(tmp_path: Path) -> None:
    async def looked(runtime: Runtime) -> tuple[int, int]:
        watch = Watch(runtime, ("budgets",))
        listening = [watch.listen() for _ in range(20)]
        for one in listening:
            await anext(one)
        begun = watch.looks
        with agentgauge.open(tmp_path / "home") as gauge:
            gauge.task("work", 10, success=True)
        told = await asyncio.gather(*(anext(one) for one in listening))
        assert len(set(told)) == 1
        while_listening = watch.looks - begun
        for one in listening:
            await one.aclose()
        return while_listening, watch.listeners

    runtime = Runtime(get_server_settings(tmp_path / "home", {}))
    try:
        looks, listeners = _apart(looked(runtime))
    finally:
        runtime.close()
    assert 1 <= looks <= 8, "about one a second until the change was seen"
    assert listeners == 0


def test_a_change_is_told_to_who_was_slow_to_take_what_there_was(tmp_path: Path) -> None:
    async def told(runtime: Runtime) -> tuple[str | None, str | None]:
        watch = Watch(runtime, ())
        slow, quick = watch.listen(), watch.listen()
        await anext(slow)
        await anext(quick)
        with agentgauge.open(tmp_path / "home") as gauge:
            gauge.task("work", 10, success=True)
        new = await anext(quick)
        async with asyncio.timeout(1):  # not when it is said again
            late = await anext(slow)
        await slow.aclose()
        await quick.aclose()
        return new, late

    runtime = Runtime(get_server_settings(tmp_path / "home", {}))
    try:
        new, late = _apart(told(runtime))
    finally:
        runtime.close()
    assert late == new


def test_a_look_that_fails_in_a_way_nobody_foresaw_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def told(runtime: Runtime) -> tuple[str | None, str | None]:
        watch = Watch(runtime, ())
        listening = watch.listen()
        before = await anext(listening)
        looked, failing = runtime.live.version_at_hand, iter([OSError("too many open files")])

        def fails_once() -> str | None:
            for error in failing:
                raise error
            return looked()

        monkeypatch.setattr(runtime.live, "version_at_hand", fails_once)
        with agentgauge.open(tmp_path / "home") as gauge:
            gauge.task("work", 10, success=True)
        after = await anext(listening)
        await listening.aclose()
        return before, after

    runtime = Runtime(get_server_settings(tmp_path / "home", {}))
    try:
        before, after = _apart(told(runtime))
    finally:
        runtime.close()
    assert after != before
    assert "too many open files" in caplog.text


def test_more_than_one_process_serves_are_told_to_load_the_page_again(tmp_path: Path) -> None:
    with TestClient(create_app(get_server_settings(tmp_path / "home", {})), base_url="http://localhost") as client:
        watch = client.app.state.watch = Watch(client.app.state.runtime, ())  # type: ignore[attr-defined]
        watch.listeners = MOST_LISTENERS
        said = client.get("/live")
    assert said.status_code == 503
    assert said.headers["retry-after"] == "30"
    assert "load the page again" in said.json()["error"]["message"]


def test_listening_needs_the_scope_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    book = KeyBook(shared_state(get_server_settings(home, {})))
    now = datetime.now(UTC)
    with served(home, "--no-jobs") as server:
        key = issue(book, "sender", ["ingest"], actor="test", now=now).token.text
        said = httpx.get(f"{server.url}/live", timeout=_WITHIN, headers={"Authorization": f"Bearer {key}"})
        assert said.status_code == 403


def test_a_project_is_told_that_something_changed_and_no_more(tmp_path: Path) -> None:
    home = tmp_path / "home"
    book = KeyBook(shared_state(get_server_settings(home, {})))
    now = datetime.now(UTC)
    ours = issue(book, "ours", ["read"], actor="test", now=now, projects=["shop"]).token.text
    theirs = issue(book, "theirs", ["ingest"], actor="test", now=now, projects=["zulu"]).token.text
    said = ""
    with (
        served(home, "--no-jobs") as server,
        httpx.stream(
            "GET", f"{server.url}/live", timeout=_WITHIN, headers={"Authorization": f"Bearer {ours}"}
        ) as answer,
    ):
        lines = answer.iter_lines()
        for line in lines:
            said += line + "\n"
            if line.startswith("data:") and "changed" in said:
                break
            if line.startswith("data:"):
                record(server, {"Authorization": f"Bearer {theirs}"}, project="zulu", agent="zulu-agent")
    assert "zulu" not in said
    assert set(said.split()) - {word for word in said.split() if word.startswith('"')} <= {
        "retry:", "2000", "event:", "now", "changed", "data:", '{"version":',
    }  # fmt: skip
