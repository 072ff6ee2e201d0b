"""The audit: what was done that matters to others, by whom, and in which request."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agentgauge.api.app import create_app
from tests.api.security.two_projects import OURS, home_with

ACTS = [
    ("POST", "/api/v1/keys", {"name": "more", "scopes": ["read"]}, "key.created"),
    ("PUT", "/api/v1/metrics/alerts/1/acknowledge", None, "alert.acknowledged"),
    ("PUT", "/api/v1/metrics/alerts/1/resolve", None, "alert.resolved"),
    ("PUT", "/api/v1/metrics/recommendations/1/dismiss", None, "recommendation.dismissed"),
    ("POST", "/api/v1/sql", {"sql": "SELECT count(*) FROM events"}, "sql.run"),
    ("GET", "/api/v1/export", None, "events.exported"),
    ("POST", "/api/v1/cache/invalidate", {"pattern": "metrics:*"}, "cache.invalidated"),
]


@pytest.mark.parametrize(("method", "path", "body", "act"), ACTS, ids=[act for *_, act in ACTS])
def test_an_act_is_kept_with_who_did_it_and_in_which_request(
    method: str, path: str, body: object, act: str, tmp_path: Path
) -> None:
    with TestClient(create_app(home_with(tmp_path / "home", OURS)), base_url="http://localhost") as server:
        done = server.request(method, path, json=body, headers={"X-Request-ID": "this-one"})
        assert done.is_success, done.text
        found = server.app.state.runtime.audit.log.acts(limit=1)[0]  # type: ignore[attr-defined]
    assert (found.act, found.actor) == (act, "local")
    assert found.detail["request"] == "this-one"


def test_a_secret_in_a_statement_is_not_kept(tmp_path: Path) -> None:
    secret = "agk_0a1b2c3d_" + "5" * 48
    with TestClient(create_app(home_with(tmp_path / "home", OURS)), base_url="http://localhost") as server:
        server.post("/api/v1/sql", json={"sql": f"SELECT '{secret}'"})
        assert secret not in server.get("/api/v1/audit").text
        assert "agk_0a1b2c3d_..." in server.get("/api/v1/audit").text
