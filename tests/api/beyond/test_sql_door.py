"""SQL over HTTP is for those who may see everything, and says what is wrong with a statement."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.types import Message

from agentgauge.api.beyond.waiting import while_waited_for
from tests.api.beyond.conftest import KeyOf

SQL = "/api/v1/sql"


def test_a_question_in_sql_is_answered(server: TestClient) -> None:
    asked = {"sql": "SELECT project, sum(cost_usd) AS usd FROM events GROUP BY ALL ORDER BY ALL", "limit": 1}
    answer = server.post(SQL, json=asked)
    assert answer.json() == {"columns": ["project", "usd"], "rows": [["billing", "0.00009"]], "truncated": True}


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"sql": "SELECT * FROM evnts"}, "sql", "did you mean events"),
        ({"sql": "SELECT * FROM read_text('/etc/passwd')"}, "sql", "disabled by configuration"),
        ({"sql": "DELETE FROM events"}, "sql", "only statements that read"),
        ({"sql": "SELECT 1", "limit": 0}, "limit", "greater than"),
        ({"sql": "SELECT 1", "seconds": 3600}, "seconds", "less than"),
        ({"sql": "SELECT 1", "safe": False}, "safe", "no parameter"),
        ({"sql": ""}, "sql", "at least 1"),
    ],
)
def test_a_statement_that_is_not_run_says_why(server: TestClient, body: object, field: str, said: str) -> None:
    answer = server.post(SQL, json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("scope", ["read", "ingest"])
def test_others_are_refused(key_of: tuple[TestClient, KeyOf], scope: str) -> None:
    server, make = key_of
    assert server.post(SQL, json={"sql": "SELECT 1"}, headers=make(scope)).status_code == 403
    assert server.post(SQL, json={"sql": "SELECT 1"}, headers=make("admin")).status_code == 200


def test_no_more_statements_run_at_once_than_a_server_can(server: TestClient) -> None:
    turns = server.app.state.runtime.heavy  # type: ignore[attr-defined]
    with turns.turn(), turns.turn():
        assert server.post(SQL, json={"sql": "SELECT 1"}).status_code == 503


def test_it_is_kept_who_asked_and_what(key_of: tuple[TestClient, KeyOf]) -> None:
    server, make = key_of
    server.post(SQL, json={"sql": "SELECT 42"}, headers=make("admin"))
    app = server.app
    assert isinstance(app, FastAPI)
    newest = app.state.runtime.audit.log.acts(limit=1)[0]
    assert (newest.act, newest.detail["sql"]) == ("sql.run", "SELECT 42")
    assert newest.actor.startswith("key ")


def test_work_is_told_when_its_caller_has_gone() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    request = Request({"type": "http"}, gone)
    assert asyncio.run(while_waited_for(request, lambda given_up: given_up.wait(60)))
