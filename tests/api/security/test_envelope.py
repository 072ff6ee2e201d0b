"""What every answer carries, and what no answer and no log does."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from agentgauge.service.logs import JsonLines
from tests.api.security.conftest import ServerOf

KEY = "agk_0a1b2c3d_" + "5" * 48


def test_an_answer_says_to_browsers_what_it_is_not_for(server: TestClient) -> None:
    for path in ("/api/v1/me", "/no/such/path", "/raises"):
        headers = server.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-cache"
        assert "Strict-Transport-Security" not in headers
        assert "Access-Control-Allow-Origin" not in headers
        assert "server" not in headers


def test_over_tls_browsers_are_told_to_stay_with_it(server_of: ServerOf) -> None:
    assert server_of("https://localhost").get("/api/v1/me").headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("caller-1.2_3", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("two words", False),
        ('"><script>', False),
    ],
)
def test_a_request_keeps_an_id_that_is_one(given: str, kept: bool, server: TestClient) -> None:
    said = server.get("/api/v1/me", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (said == given) is kept
    assert len(said) >= 12 or kept


def test_an_unforeseen_error_tells_its_caller_the_request_id_and_nothing_else(
    server: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = server.get(
        f"/raises?secret={KEY}", headers={"X-API-Key": KEY, "Cookie": "agentgauge_session=c00kie", "X-Request-ID": "r1"}
    )
    assert said.status_code == 500
    assert said.json() == {
        "success": False,
        "error": {"code": "internal", "message": "a fault of the server: its log says more, at r1"},
    }
    assert said.headers["X-Request-ID"] == "r1"
    failure = next(record for record in caplog.records if record.name == "agentgauge.api")
    assert failure.getMessage() == "GET /raises failed, request r1"
    brief, whole = (JsonLines(with_traces=traces).format(failure) for traces in (False, True))
    assert "RuntimeError" in brief
    assert "the cause" not in brief
    assert "RuntimeError: the cause, with agk_0a1b2c3d_... in it" in whole
    lines = [JsonLines(with_traces=True).format(one) for one in caplog.records if not one.name.startswith("http")]
    everything = "\n".join(lines)
    assert "5" * 48 not in everything
    assert "c00kie" not in everything


def test_a_large_body_is_refused_unless_it_is_sent_to_be_kept(server: TestClient) -> None:
    large = b'{"name": "' + b"a" * (1 << 20) + b'"}'
    refused = server.post("/api/v1/keys", content=large)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "content_too_large")
    in_parts = server.post("/api/v1/keys", content=iter([large[: 1 << 19], large[1 << 19 :]]))
    assert in_parts.status_code == 413
    assert "nosniff" in in_parts.headers["X-Content-Type-Options"]
    assert server.post("/api/v1/events", content=large).status_code != 413


def test_pages_of_named_origins_may_ask_with_a_key_and_no_others(
    server_of: ServerOf, key_of: Callable[..., str]
) -> None:
    server, headers = server_of(AGENTGAUGE_CORS_ORIGINS="https://dash.example.org"), {"X-API-Key": key_of("read")}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    named = server.options("/api/v1/me", headers={"Origin": "https://dash.example.org", **asked})
    other = server.options("/api/v1/me", headers={"Origin": "https://evil.example.org", **asked})
    assert named.headers["Access-Control-Allow-Origin"] == "https://dash.example.org"
    assert "Access-Control-Allow-Credentials" not in named.headers
    assert other.status_code == 400
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Access-Control-Allow-Origin" in server.get(
        "/api/v1/me", headers={"Origin": "https://dash.example.org", **headers}
    ).headers  # fmt: skip


def test_pages_of_named_origins_may_ask_for_fresh_answers_and_see_how_old_one_is(
    server_of: ServerOf, key_of: Callable[..., str]
) -> None:
    server, origin = server_of(AGENTGAUGE_CORS_ORIGINS="https://dash.example.org"), "https://dash.example.org"
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "cache-control, x-api-key"}
    assert server.options("/api/v1/overview", headers={"Origin": origin, **asked}).status_code == 200
    shown = server.get(
        "/api/v1/overview", headers={"Origin": origin, "X-API-Key": key_of("read")}
    ).headers["Access-Control-Expose-Headers"]  # fmt: skip
    assert {"Agentgauge-As-Of", "X-Cache", "ETag"} <= set(shown.split(", "))


def test_cross_origin_questions_are_off_by_default(server: TestClient) -> None:
    asked = {"Origin": "https://dash.example.org", "Access-Control-Request-Method": "GET"}
    assert server.options("/api/v1/me", headers=asked).status_code == 405
