"""Recording with keys of projects: each into its own, and none in the way of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

EVENT: dict[str, Any] = {
    "kind": "task", "name": "turn", "outcome": "success", "source_id": "run-17/step-3", "time": "2026-11-21T12:00:00Z",
}  # fmt: skip
SPAN: dict[str, Any] = {
    "traceId": f"{1:032x}", "spanId": f"{1:016x}", "name": "chat m",
    "startTimeUnixNano": "1795291200000000000", "endTimeUnixNano": "1795291201000000000",
    "attributes": [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
    ],
}  # fmt: skip
SENT = {
    "events": ("/api/v1/events", [EVENT]),
    "spans": ("/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}),
}


@pytest.mark.parametrize("kind", SENT)
def test_what_two_projects_call_alike_is_kept_for_both(
    kind: str, server: TestClient, key_of: Callable[..., str]
) -> None:
    """Whoever guesses an id of another project neither replaces what it recorded nor keeps it out."""
    path, body = SENT[kind]
    keys = {project: {"X-API-Key": key_of("ingest", "read", projects=[project])} for project in ("alpha", "zulu")}
    for headers in (*keys.values(), *keys.values()):
        assert server.post(path, json=body, headers=headers).status_code == 200
    for project, headers in keys.items():
        seen = server.get("/api/v1/events", headers={**headers, "Cache-Control": "no-cache"}).json()["data"]
        assert [event["project"] for event in seen] == [project], "once, however often it was sent"


@pytest.mark.parametrize("project", ["zulu", ""])
def test_a_key_of_several_projects_has_to_name_one_of_them(
    project: str, server: TestClient, key_of: Callable[..., str]
) -> None:
    headers = {"X-API-Key": key_of("ingest", "read", projects=["alpha", "beta"])}
    said = server.post("/api/v1/events", json=[{**EVENT, "project": project or None}], headers=headers)
    assert said.json()["accepted"] == 0
    assert server.get("/api/v1/events", headers={**headers, "Cache-Control": "no-cache"}).json()["data"] == []


def test_a_key_that_may_only_record_asks_nothing(server: TestClient, key_of: Callable[..., str]) -> None:
    headers = {"X-API-Key": key_of("ingest")}
    assert server.post("/api/v1/events", json=[EVENT], headers=headers).json()["accepted"] == 1
    assert server.get("/api/v1/events", headers=headers).status_code == 403


def test_a_key_that_may_only_ask_records_nothing(server: TestClient, key_of: Callable[..., str]) -> None:
    headers = {"X-API-Key": key_of("read")}
    for path, body in SENT.values():
        assert server.post(path, json=body, headers=headers).status_code == 403
    assert server.get("/api/v1/events", headers=headers).json()["data"] == []
