"""`/api/v1/notifications`: what channels were told, how they do, and a test message; for administrators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agentgauge.api.app import create_app
from agentgauge.service.notifying.dispatching import send_due
from agentgauge.service.security.keys import issue
from agentgauge.settings.notifying import get_notifying_settings
from agentgauge.settings.server import ServerSettings, get_server_settings
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.database import state_of
from agentgauge.state.keys import KeyBook
from tests.servers.ports import free_port
from tests.service.notifying.receivers import Posted, http_receiver

NOW = datetime.now(UTC)


@pytest.fixture
def received() -> Iterator[Posted]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def settings(tmp_path: Path, received: Posted) -> ServerSettings:
    (tmp_path / "alerts.toml").write_text(
        f'[[channel]]\nname = "hook"\nurl = "{received.url}"\n'
        f'[[channel]]\nname = "deaf"\nurl = "json://localhost:{free_port()}/T0ps3cret"\nmin_severity = "critical"\n'
    )
    return get_server_settings(tmp_path, {})


@pytest.fixture
def server(settings: ServerSettings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client


def notify(settings: ServerSettings, *conditions: str) -> None:
    """Have alerts of these conditions told."""
    home = settings.recording.home
    channels, state = get_notifying_settings(home, {}), state_of(home)
    send_due(channels, state, lambda: NOW)
    for condition in conditions:
        AlertBook(state).detect(
            Detected(condition=condition, type="no_data", severity="critical", metric="events", message="silence"), NOW
        )
    send_due(channels, state, lambda: NOW)


def test_what_channels_were_told_is_listed_page_after_page(server: TestClient, settings: ServerSettings) -> None:
    notify(settings, "a", "b")
    page = server.get("/api/v1/notifications", params={"limit": 3}).json()
    rest = server.get("/api/v1/notifications", params={"limit": 3, "cursor": page["meta"]["next_cursor"]}).json()
    rows = page["data"] + rest["data"]
    assert (page["count"], rest["count"], rest["meta"]["next_cursor"]) == (3, 1, None)
    assert {(row["channel"], row["alert_id"], row["step"], row["state"], row["attempts"]) for row in rows} == {
        ("hook", 1, "opened", "sent", 1), ("hook", 2, "opened", "sent", 1),
        ("deaf", 1, "opened", "pending", 1), ("deaf", 2, "opened", "pending", 1),
    }  # fmt: skip
    assert all("Connection refused" in row["error"] for row in rows if row["channel"] == "deaf")


def test_how_each_channel_does_is_said_without_its_url(
    server: TestClient, settings: ServerSettings, received: Posted
) -> None:
    notify(settings, "a")
    answer = server.get("/api/v1/notifications")
    hook, deaf = answer.json()["meta"]["channels"]
    assert (hook["url"], hook["sent"], hook["pending"]) == (f"json://localhost:{received.port}/***", 1, 0)
    assert (deaf["severities"], deaf["pending"], deaf["failures"]) == (["critical"], 1, 1)
    assert "T0ps3cret" not in answer.text
    (problem,) = server.get("/api/v1/system").json()["home"]["problems"]
    assert "channel deaf" in problem
    assert "was not told of 1 step of alerts since" in problem
    metrics = server.get("/metrics").text
    assert 'agentgauge_notifications_sent_total{channel="hook"} 1.0' in metrics
    assert 'agentgauge_notifications_pending{channel="deaf"} 1.0' in metrics


def test_a_test_message_is_delivered_or_it_is_said_why_not_and_kept_in_the_audit(
    server: TestClient, received: Posted
) -> None:
    tried = server.post("/api/v1/notifications/test", json={}).json()
    assert not tried["success"]
    assert [(one["channel"], one["delivered"]) for one in tried["data"]] == [("hook", True), ("deaf", False)]
    assert "Connection refused" in tried["data"][1]["problem"]
    assert server.post("/api/v1/notifications/test", json={"channel": "hook"}).json()["success"]
    assert [body["title"] for body in received.bodies] == ["agentgauge: a test message"] * 2
    acts = server.get("/api/v1/audit").json()["data"]
    assert [(act["act"], act["subject"]) for act in acts] == [
        ("notification.tested", "hook"), ("notification.tested", "all channels"),
    ]  # fmt: skip


def test_a_channel_that_there_is_not_is_answered_with_those_that_there_are(server: TestClient) -> None:
    answer = server.post("/api/v1/notifications/test", json={"channel": "hok"})
    assert answer.status_code == 404
    assert "did you mean hook? There are hook, deaf" in answer.json()["error"]["message"]


def test_without_channels_a_test_is_refused_with_how_to_set_one(tmp_path: Path) -> None:
    with TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as server:
        answer = server.post("/api/v1/notifications/test", json={})
        assert server.get("/api/v1/notifications").json()["meta"]["channels"] == []
    assert answer.status_code == 409
    assert "set AGENTGAUGE_NOTIFY to a URL" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/test")], ids=["list", "test"])
def test_who_may_only_read_is_told_of_no_channel(
    settings: ServerSettings, server: TestClient, method: str, path: str
) -> None:
    book = KeyBook(state_of(settings.recording.home))
    key = issue(book, "reader", ["read"], actor="test", now=NOW).token.text
    body = {} if method == "POST" else None
    headers = {"Authorization": f"Bearer {key}"}
    assert server.request(method, f"/api/v1/notifications{path}", json=body, headers=headers).status_code == 403
