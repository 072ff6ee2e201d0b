"""Runs, sessions, tickets, features and operations over HTTP: lists by pages, one of each, what happened in it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.events.plain import plain_time
from agentgauge.meter import Meter
from agentgauge.settings import get_settings
from agentgauge.settings.server import get_server_settings


def pages(server: TestClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows of a list, by its `Link` headers."""
    found: list[dict[str, Any]] = []
    answer = server.get(path, params={"limit": 2, **parameters})
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        if answer.json()["meta"]["next_cursor"] is None:
            assert "Link" not in answer.headers
            return found
        link, relation = answer.headers["Link"].split("; ")
        assert relation == 'rel="next"'
        answer = server.get(link.strip("<>"))


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("runs", ["r-1", "r-2", "r-1"]),
        ("sessions", ["s-2", "s-1", "o-1"]),
        ("tickets", ["BILL-1", "PROJ-456", "4", "3"]),
        ("features", ["search"]),
        ("operations", ["ask_question", "ask_question", "qa_response", "review", "coding"]),
    ],
)
def test_a_list_is_paged_the_newest_first(server: TestClient, path: str, names: list[str]) -> None:
    assert [row["name"] for row in pages(server, f"/api/v1/{path}")] == names


def test_a_list_is_of_what_meets_the_conditions(server: TestClient) -> None:
    assert [row["name"] for row in pages(server, "/api/v1/runs", where="project=shop")] == ["r-2", "r-1"]
    assert pages(server, "/api/v1/runs", until="2020-01-01") == []


def test_one_is_asked_for_by_its_name_and_project(server: TestClient) -> None:
    run = server.get("/api/v1/runs/r-1", params={"project": "shop"}).json()
    assert (run["cost_usd"], run["unpriced_calls"], run["outcome"], run["kinds"]["tool_call"]) == (
        "0.00585", 1, "success", 2,
    )  # fmt: skip
    assert server.get("/api/v1/tickets/PROJ-456").json()["tokens"] == 1540


def test_one_that_several_projects_have_is_a_conflict(server: TestClient) -> None:
    answer = server.get("/api/v1/runs/r-1")
    assert answer.status_code == 409
    assert answer.json()["error"]["allowed"] == ["billing", "shop"]


@pytest.mark.parametrize(
    ("path", "near"),
    [("runs/r-22", "r-2"), ("tickets/PROJ-465/steps", "PROJ-456"), ("features/serch", "search")],
)
def test_one_that_there_is_not_is_not_found_and_near_ones_are_named(server: TestClient, path: str, near: str) -> None:
    answer = server.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert f"did you mean {near}" in answer.json()["error"]["message"]


def test_a_course_is_paged_in_order_of_time_or_against_it(server: TestClient) -> None:
    steps = pages(server, "/api/v1/runs/r-1/steps", project="shop", limit=7)
    assert (len(steps), steps[0]["name"], steps[-1]["name"]) == (19, "run_start", "run_end")
    assert pages(server, "/api/v1/runs/r-1/steps", project="shop", newest_first=True) == steps[::-1]
    errors = pages(server, "/api/v1/runs/r-1/steps", project="shop", where="kind=error")
    assert [step["error_type"] for step in errors] == ["AssertionError"]


def test_one_operation_is_asked_for_by_its_id(server: TestClient) -> None:
    (operation,) = pages(server, "/api/v1/operations", where="name=qa_response")
    found = server.get(f"/api/v1/operations/{operation['id']}").json()
    assert [step["kind"] for step in found["steps"]] == ["measurement", "tool_call", "llm_call"]
    assert server.get("/api/v1/operations/nothing").status_code == 404


def test_a_cursor_is_of_its_own_question(server: TestClient) -> None:
    cursor = server.get("/api/v1/runs", params={"limit": 1}).json()["meta"]["next_cursor"]
    for question in ("sessions?limit=1", "runs?limit=1&where=agent=coding"):
        answer = server.get(f"/api/v1/{question}&cursor={cursor}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "cursor")


def test_a_run_with_a_clock_that_is_ahead_is_on_one_page(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with agentgauge.open(tmp_path) as gauge:
        for minutes in (-3, 2):
            gauge.task("work", run="ahead", at=now + timedelta(minutes=minutes))
        gauge.task("work", run="other", at=now - timedelta(minutes=1))
    with TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as server:
        assert [row["name"] for row in pages(server, "/api/v1/runs", limit=1)] == ["other", "ahead"]
        assert pages(server, "/api/v1/runs", since="9999-01-01") == []


@pytest.mark.parametrize("name", ["x", "x/steps", "a/b", "50%", "a?b#c", " ünï ", "=1+1"])
def test_a_name_is_asked_for_as_it_was_recorded(tmp_path: Path, name: str) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for run in ("x", name):
            gauge.task("work", run=run)
    path = f"/api/v1/runs/{quote(name, safe='')}"
    with TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as server:
        assert server.get(path).json()["name"] == name
        assert {step["run"] for step in pages(server, f"{path}/steps")} == {name}


def test_what_has_expired_is_said_where_it_is_missing(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with agentgauge.open(tmp_path) as gauge:
        gauge.task("work", run="old", at=now - timedelta(hours=3))
    Meter(get_settings(tmp_path, {})).lake.expire(datetime.now(UTC))
    with agentgauge.open(tmp_path) as gauge:
        gauge.task("work", run="new")
    with TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as server:
        paths = ("runs", "events", "operations", "runs/new/steps")
        said = {server.get(f"/api/v1/{path}").json()["meta"]["missing_before"] for path in paths}
        said.add(server.get("/api/v1/runs/new").json()["missing_before"])
        assert len(said) == 1
        assert said.pop() <= plain_time(now)
        assert server.get("/api/v1/runs?since=1h").json()["meta"]["missing_before"] is None
        assert "before which events have expired" in server.get("/api/v1/runs/old").json()["error"]["message"]


@pytest.mark.parametrize("path", ["runs", "events", "operations"])
@pytest.mark.parametrize(
    "key",
    [[], [1], [None, None, None], [10**30, "s", 1], [253402300799999999, "s", 2**70], [253402300799999999, None, "x"]],
)
def test_a_cursor_that_was_made_up_is_no_fault_of_the_server(server: TestClient, path: str, key: list[object]) -> None:
    answer = _forged(server, path, key)
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize("cost", ["much", "NaN", "Infinity", "1e26", "1e400"])
def test_a_cursor_of_an_amount_that_nothing_costs_is_refused(server: TestClient, cost: str) -> None:
    answer = _forged(server, "runs", [cost, None, "x"], order="dearest")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "cursor")


def test_a_cursor_of_an_amount_that_nothing_cost_yet_is_taken(server: TestClient) -> None:
    assert _forged(server, "runs", ["99999999999999999999999999", None, "x"], order="dearest").status_code == 200


def _forged(server: TestClient, path: str, key: list[object], **asked: str) -> Response:
    given: dict[str, str | int] = {"limit": 1, **asked}
    cursor = server.get(f"/api/v1/{path}", params=given).json()["meta"]["next_cursor"]
    forged = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=="))
    forged[2] = key
    text = base64.urlsafe_b64encode(msgspec.json.encode(forged)).decode().rstrip("=")
    return server.get(f"/api/v1/{path}", params={**given, "cursor": text})
