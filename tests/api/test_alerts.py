"""Acting on alerts over HTTP: versions, taking back, and what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.alert_evidence import Evidence, Range, Span
from agentgauge.state.alerts import AlertBook, Detected
from tests.api.documented import BASE, asking

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FOUND = Detected(
    condition="c", rule="error_rate", type="error_rate", severity="warning", metric="error_rate", message="30 % failed",
    project="shop", agent_name="checkout", current_value=30.0, threshold_value=20.0,
)  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> AlertBook:
    return AlertBook(state_of(resolve_home(tmp_path)))


@pytest.fixture
def client(tmp_path: Path, book: AlertBook) -> Iterator[TestClient]:
    book.detect(FOUND, NOW - timedelta(hours=3))
    with asking(tmp_path, NOW) as client:
        yield client


def put(client: TestClient, act: str, status: int = 200, **how: Any) -> Response:
    answer = client.put(f"{BASE}/alerts/1/{act}", **how)
    assert answer.status_code == status, answer.text
    return answer


def test_the_last_act_is_taken_back_and_seen_at_once(client: TestClient) -> None:
    put(client, "acknowledge")
    resolved = put(client, "resolve").json()["data"]
    undone = put(client, "undo").json()["data"]
    assert (resolved["status"], undone["status"], undone["resolved_at"]) == ("resolved", "acknowledged", None)
    assert undone["acknowledged_at"] == "2026-03-04T12:00:00Z"
    assert client.get(f"{BASE}/alerts", params={"status": "acknowledged"}).json()["data"] == [undone]
    assert put(client, "undo").json()["data"]["status"] == "active"
    assert put(client, "undo", 409).json()["error"]["code"] == "conflict"


def test_an_act_that_was_meant_for_an_earlier_version_is_refused(client: TestClient, book: AlertBook) -> None:
    version = client.get(f"{BASE}/alerts").json()["data"][0]["meta"]["version"]
    book.detect(msgspec.structs.replace(FOUND, severity="critical"), NOW)
    for how in ({"params": {"version": version}}, {"headers": {"If-Match": f'"{version}"'}}):
        for act in ("acknowledge", "resolve", "undo"):
            assert put(client, act, 412, **how).json()["error"]["code"] == "outdated"
    tag = put(client, "acknowledge", params={"version": version + 1}).headers["ETag"]
    assert put(client, "resolve", headers={"If-Match": tag}).json()["data"]["meta"]["version"] == version + 3
    assert "no alert is" in put(client, "undo", 412, headers={"If-Match": "x"}).json()["error"]["message"]


def test_figures_that_are_renewed_are_in_nobodys_way(client: TestClient, book: AlertBook) -> None:
    book.detect(msgspec.structs.replace(FOUND, current_value=33.0), NOW)
    row = client.get(f"{BASE}/alerts").json()["data"][0]
    assert (row["current_value"], row["meta"]["version"], row["meta"]["rule"]) == (33.0, 1, "error_rate")
    put(client, "acknowledge", params={"version": 1})


def test_the_history_of_an_alert_says_who_did_what_when(client: TestClient, book: AlertBook) -> None:
    put(client, "acknowledge")
    book.detect(msgspec.structs.replace(FOUND, severity="critical", current_value=60.0), NOW + timedelta(hours=1))
    answer = client.get(f"{BASE}/alerts/1/history").json()
    assert [
        (step["version"], step["kind"], step["actor"], step["status"], step["severity"], step["current_value"])
        for step in answer["data"]
    ] == [
        (1, "opened", None, "active", "warning", 30.0),
        (2, "acknowledged", "local", "acknowledged", "warning", 30.0),
        (3, "escalated", None, "active", "critical", 60.0),
    ]
    assert answer["count"] == 3
    assert answer["data"][1]["time"] == "2026-03-04T12:00:00Z"
    assert client.get(f"{BASE}/alerts/9/history").status_code == 404


def test_what_an_alert_was_raised_from_is_beside_the_documented_keys(client: TestClient, book: AlertBook) -> None:
    assert client.get(f"{BASE}/alerts").json()["data"][0]["meta"]["evidence"] is None
    evidence = Evidence(
        window=Span(start=NOW - timedelta(hours=1), end=NOW), value=100 / 3, unit="percent", samples=60,
        expected=Range(high=20.0), interval=Range(low=22.7, high=45.9), filters={"project": None, "agent": "checkout"},
    )  # fmt: skip
    book.detect(msgspec.structs.replace(FOUND, severity="critical", evidence=evidence), NOW)
    given = client.get(f"{BASE}/alerts").json()["data"][0]
    assert given["meta"]["evidence"] == {
        "window": {"start": "2026-03-04T11:00:00Z", "end": "2026-03-04T12:00:00Z"},
        "value": 33.333333,
        "unit": "percent",
        "samples": 60,
        "expected": {"low": None, "high": 20.0},
        "interval": {"low": 22.7, "high": 45.9},
        "baseline": None,
        "filters": {"project": None, "agent": "checkout"},
        "budget_id": None,
        "budget": None,
    }
    steps = client.get(f"{BASE}/alerts/1/history").json()["data"]
    assert [step["evidence"] for step in steps] == [None, given["meta"]["evidence"]]


def test_open_alerts_are_counted_in_the_exposition(client: TestClient) -> None:
    put(client, "acknowledge")
    shown = client.get("/metrics").text
    assert 'agentgauge_alerts{severity="warning",status="acknowledged"} 1.0' in shown
    assert 'agentgauge_alerts{severity="warning",status="active"} 0.0' in shown
