"""Errors as HTTP answers: one form, whatever went wrong."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from fastapi import FastAPI, HTTPException, Query
from fastapi.testclient import TestClient
from pydantic import BaseModel

from agentgauge.api import errors
from agentgauge.errors import (
    AgentGaugeError,
    Ambiguous,
    EventRefused,
    JournalUnavailable,
    LakeBusy,
    NotFound,
    QueryError,
    SettingsError,
    StateError,
)
from tests.api.documented import asking

_RAISED: dict[str, Exception] = {
    "question": QueryError("no metric is called 'spped': did you mean speed?"),
    "missing": NotFound("no agent is called 'codr'", field="agent_id", allowed=["coder"]),
    "several": Ambiguous("agents of two projects are called 'coder'", allowed=["1", "7"]),
    "event": EventRefused("unknown kind", "'tusk'"),
    "state": StateError("/home/me/state.db cannot be used"),
    "lake": LakeBusy("another process compacts"),
    "journal": JournalUnavailable("no space on /home/me"),
    "settings": SettingsError("AGENTGAUGE_DATABASE_URL=postgresql://me:hunter2@db is no URL"),
    "fault": RuntimeError("the password is hunter2"),
    "teapot": HTTPException(418, "short and stout", {"X-Spout": "yes"}),
    "long": HTTPException(413, "a body has at most 10 bytes here"),
    "slower": HTTPException(429, headers={"Retry-After": "7"}),
}


class _Parameters(BaseModel, extra="forbid"):
    granularity: Literal["hour", "day"] = "day"
    limit: Annotated[int, Query(ge=1, le=10)] = 5


class _Body(BaseModel):
    total: float


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    errors.install(app)

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise _RAISED[name]

    @app.get("/asked")
    def asked(parameters: Annotated[_Parameters, Query()]) -> None: ...

    @app.post("/budgets")
    def post(budget: _Body) -> None: ...

    @app.get("/about")
    def of_field() -> None:
        with errors.about("metric_name", ["cost", "tokens"]):
            raise QueryError("no such metric")

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("question", 422, {"code": "invalid_question", "message": "no metric is called 'spped': did you mean speed?"}),
        (
            "missing",
            404,
            {"code": "not_found", "message": "no agent is called 'codr'", "field": "agent_id", "allowed": ["coder"]},
        ),
        (
            "several",
            409,
            {"code": "ambiguous", "message": "agents of two projects are called 'coder'", "allowed": ["1", "7"]},
        ),
        ("event", 422, {"code": "event_refused", "message": "unknown kind: 'tusk'"}),
        ("teapot", 418, {"code": "i'm_a_teapot", "message": "short and stout"}),
        ("long", 413, {"code": "content_too_large", "message": "a body has at most 10 bytes here"}),
        ("slower", 429, {"code": "too_many_requests", "message": "Too Many Requests"}),
    ],
)
def test_errors_of_the_caller_say_what_was_wrong(
    client: TestClient, name: str, status: int, error: dict[str, object]
) -> None:
    answer = client.get(f"/raise/{name}")
    assert answer.status_code == status
    assert answer.json() == {"success": False, "error": error}


def test_headers_of_an_error_are_kept(client: TestClient) -> None:
    assert client.get("/raise/slower").headers["retry-after"] == "7"
    assert client.get("/raise/teapot").headers["x-spout"] == "yes"


@pytest.mark.parametrize(
    ("name", "status"), [("state", 503), ("lake", 503), ("journal", 503), ("settings", 500), ("fault", 500)]
)
def test_errors_of_the_server_tell_the_log_and_not_the_caller(
    client: TestClient, name: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/raise/{name}")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == ("unavailable" if status == 503 else "internal")
    assert str(_RAISED[name]) not in answer.text
    assert "hunter2" not in answer.text
    assert "/home/me" not in answer.text
    if isinstance(_RAISED[name], AgentGaugeError):
        assert str(_RAISED[name]) in caplog.text
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("asked", "field", "said", "allowed"),
    [
        (
            "granularity=dya",
            "granularity",
            "granularity is one of hour, day, not 'dya': did you mean day?",
            ["hour", "day"],
        ),
        ("limit=0", "limit", "limit: input should be greater than or equal to 1, got '0'", [">= 1"]),
        ("limit=11", "limit", "limit: input should be less than or equal to 10, got '11'", ["<= 10"]),
        ("limt=3", "limt", "there is no parameter 'limt': did you mean limit?", ["granularity", "limit"]),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_can_be(
    client: TestClient, asked: str, field: str, said: str, allowed: list[str]
) -> None:
    answer = client.get(f"/asked?{asked}")
    assert answer.status_code == 422
    assert answer.json() == {
        "success": False,
        "error": {"code": "invalid_parameter", "message": said, "field": field, "allowed": allowed},
    }


def test_a_long_wrong_value_is_not_repeated_whole(client: TestClient) -> None:
    assert len(client.get("/asked", params={"limit": "9" * 5000}).text) < 400


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ('{"total": ', "body", "the body is no JSON"),
        ("{}", "total", "total is missing"),
        ('{"total": "much"}', "total", "valid number"),
    ],
)
def test_a_wrong_body_is_said_with_its_field(client: TestClient, body: str, field: str, said: str) -> None:
    answer = client.post("/budgets", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("stated", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_said_to_be_json_is_told_to_say_so(client: TestClient, stated: str | None) -> None:
    headers = {} if stated is None else {"content-type": stated}
    answer = client.post("/budgets", content='{"total": 5}', headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.json()["error"]["message"]
    assert "total" not in answer.text


def test_a_question_that_is_wrong_in_one_parameter_names_it(client: TestClient) -> None:
    error = client.get("/about").json()["error"]
    assert (error["field"], error["allowed"]) == ("metric_name", ["cost", "tokens"])


def test_an_address_that_nothing_is_at_has_the_form_of_all_errors(client: TestClient) -> None:
    answer = client.get("/summry")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert "/openapi.json" in answer.json()["error"]["message"]


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/asked")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["error"]["message"] == "DELETE is not for /asked: use GET"


def test_the_documentation_knows_every_code() -> None:
    said = set(re.findall(r"^    ([a-z_]+) +\d{3}  ", errors.__doc__ or "", re.MULTILINE))
    documented = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    _, _, table = documented.partition("| status | codes |")
    of_http = {"unauthorized", "forbidden", "method_not_allowed", "not_acceptable", "too_many_requests", "bad_request"}
    assert (
        set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", table.partition("\n\n")[0])) - {"field", "allowed"} == said | of_http
    )


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/v1/budget", ": did you mean /api/v1/budgets?"),
        ("/api/v1/metrics/percentile/cost", ": did you mean /api/v1/metrics/percentiles/cost?"),
        ("/api/v1/summary", ": did you mean /api/v1/metrics/summary?"),
        ("/api/v1/alerts", ": did you mean /api/v1/metrics/alerts?"),
        ("/zzz", "."),
    ],
)
def test_a_path_that_nothing_is_at_says_what_may_be_meant(tmp_path: Path, path: str, meant: str) -> None:
    with asking(tmp_path) as client:
        said = client.get(path).json()["error"]["message"]
    assert said == f"nothing is at {path}{meant} /api lists what there is, /openapi.json describes it for programs"
