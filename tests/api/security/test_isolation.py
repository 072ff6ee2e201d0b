"""A project's key never sees another project's data: over every route there is.

Two servers, one of a home with both projects and one of a home with the first alone, are asked the same by a key of the
first project. Whatever is asked, by the second project's names and ids too, the answers have to be equal: what the
second did shows in no figure, no name, no count, no suggestion and no status. That every route is asked is read from
the OpenAPI document: a route or a parameter that this module does not know how to ask with fails.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import httpx2
import msgspec
import pytest
from fastapi.testclient import TestClient

from agentgauge.api.app import create_app
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import ServerSettings, get_server_settings
from tests.api.security.two_projects import OURS, THEIRS, home_with

NOW = datetime.now(UTC).replace(second=0, microsecond=0)

NAMES = {
    "agent": "<>-agent-0", "agent_id": "<>-agent-0", "agent_name": "<>-agent-0", "role": "<>-role",
    "project": "<>", "user": "<>-user", "team": "<>-team", "model": "<>-model", "provider": "<>-provider",
    "feature": "<>-feature", "operation": "<>-operation", "operation_type": "<>-operation", "name": "<>-task",
    "session": "<>-session-0-0", "session_id": "<>-session-0-0", "run": "<>-run-0-0", "run_id": "<>-run-0-0",
    "issue": "<>-issue-0-0", "issue_id": "<>-issue-0-0", "ticket": "<>-ticket-0-0", "ticket_id": "<>-ticket-0-0",
    "work_item": "<>-ticket-0-0", "trace_id": "<>-trace-0-0", "span_id": "call-<>-0-0",
    "by": "attributes.<>_attribute", "where": "agent=<>-agent-0", "group": "attributes.<>_attribute",
    "component": "<>-component", "metric": "<>_measure", "metrics": "<>_measure", "subject": "budget <>",
    "filter": "agent=<>-agent-0", "attribute": "<>_attribute", "work_item_id": "<>-ticket-0-0",
    "operation_id": "span-<>-0-0", "arm": "<>-model", "reservation_id": "<>-reservation",
    "rule_name": "<>-rule",
}  # fmt: skip
"""Parameters that name something recorded, and what they name."""
IDS = re.compile(r"(?:.*_)?id")
"""Parameters of whole numbers that name a row: those of both projects are asked for."""
SAID = {
    "since": "7d",
    "until": "today",
    "tz": "UTC",
    "zone": "UTC",
    "timezone": "UTC",
    "then": "/",
    "prefix": "00000000",
    "journal": "0f" * 16,
    "segment": "5be0ad1c9f27-000003",
    "budget_since": "7d",
    "unit": "run",
    "window": "7d",
    "against": "7d",
    "columns": "name",
}
"""Texts that name nothing recorded."""
_OF_KEYS = re.compile(r"key [0-9a-f]{8}")
_OF_RECORDING = re.compile(r"\b[0-9a-f]{12}-[0-9]{6}\b|\b[-0-9]{10}T[0-9:]{8}\.[0-9]{6}Z")
VARYING = frozenset(
    {"as_of", "next_cursor", "created", "computed", "counted_at", "request", "request_id", "segment", "arrived"}
)
"""Keys of answers that say when they were made, or by whom they were asked."""

WRITES: dict[str, list[Any]] = {
    "POST /api/v1/events": [[{"kind": "task", "name": "a", "project": "<>"}]],
    "POST /v1/traces": [{"resourceSpans": []}],
    "POST /v1/metrics": [{"resourceMetrics": []}],
    "POST /api/v1/keys": [{"name": "more", "scopes": ["read"], "projects": ["<>"]}],
    "PUT /api/v1/journals/{journal}/{segment}": [[]],
    "POST /sign-out": [None],
    "POST /api/v1/budgets": [{}],
    "PUT /api/v1/budgets/{budget_id}": [{}],
    "PATCH /api/v1/budgets/{budget_id}": [{}],
    "POST /api/v1/alert-rules": [{"name": "<>-more", "type": "error_rate", "project": "<>"}],
    "PUT /api/v1/alert-rules/{rule_name}": [{"type": "error_rate", "project": "<>"}],
    "PATCH /api/v1/alert-rules/{rule_name}": [{"threshold": 3}],
    "POST /api/v1/budget-accounts": [
        {"scope": "agent", "name": "<>-agent-0"},
        {"scope": "agent", "name": "<>-agent-0", "project": "<>"},
        {"scope": "project", "name": "<>", "usd": "30"},
    ],
    "POST /api/v1/budget-accounts/renew": [{"holder": "<>-holder", "reservations": ["<>-reservation"], "ttl_s": 60}],
    "PUT /api/v1/budget-accounts/{budget_id}/reservations/{reservation_id}": [
        {"usd": "1", "at_least_usd": "1", "holder": "<>-holder", "ttl_s": 60}
    ],
    "POST /api/v1/budget-accounts/{budget_id}/reservations/{reservation_id}/settle": [{}],
    "POST /api/v1/budget-accounts/{budget_id}/charges": [{"charges": []}],
    "POST /api/v1/sql": [{"sql": "SELECT * FROM events"}],
    "POST /api/v1/cache/invalidate": [{"pattern": "*"}],
    "POST /api/v1/notifications/test": [{}],
}
"""Bodies of what is no question, with `<>` for the project. Without an entry a route is asked with none."""
NO_QUESTIONS = frozenset({"/api", "/healthz", "/readyz", "/sign-in", "/sign-in/callback"})
"""What is for anyone, and of no project."""


class Asking:
    """A server of a home, and a key of each project there."""

    def __init__(self, client: TestClient, keys: Mapping[str, str]) -> None:
        self._client = client
        self.keys = keys

    def answer(self, request: Request, *, key: str | None = "") -> httpx2.Response:
        """To a key, the first project's by default; to none where it is None."""
        headers = {} if key is None else {"Authorization": f"Bearer {key or self.keys[OURS]}"}
        return self._client.request(
            request.method, request.path, params=request.query, json=request.body, headers=headers
        )


class Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    query: dict[str, str]
    body: Any = None

    def about(self, project: str) -> Request:
        """The same with another project's names."""
        text = msgspec.json.encode(self).decode().replace("<>", project)
        return msgspec.json.decode(text, type=Request)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query} {self.body or ''}"


class _AtOneTime(Runtime):
    """Answers do not differ by when they were asked for."""

    def now(self) -> datetime:
        return NOW


def _asking(settings: ServerSettings, *projects: str) -> Iterator[Asking]:
    runtime = _AtOneTime(settings)
    keys = {
        project: issue(runtime.gate.keys, project, ["read", "ingest"], actor="test", now=NOW, projects=[project])
        for project in projects
    }
    with TestClient(create_app(settings, runtime)) as client:
        yield Asking(client, {project: issued.token.text for project, issued in keys.items()})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    yield from _asking(home_with(tmp_path_factory.mktemp("both"), OURS, THEIRS), OURS, THEIRS)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    yield from _asking(home_with(tmp_path_factory.mktemp("alone"), OURS), OURS)


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of the API: its method, its path and its OpenAPI description."""
    document = create_app(get_server_settings("/nowhere")).openapi()
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = [_resolved(document, parameter) for parameter in operation.get("parameters", [])]
            found.append((method.upper(), path, {**operation, "parameters": parameters}))
    return found


def _resolved(document: Mapping[str, Any], parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter with its schema in place of a reference to it, and without the null of what may be left out."""
    schema = dict(parameter.get("schema", {}))
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    first = kinds[0]
    if "$ref" in first:
        first = document["components"]["schemas"][first["$ref"].rpartition("/")[2]]
    return {**parameter, "schema": {**first, "enum": first.get("enum") or first.get("items", {}).get("enum")}}


def _choices(operation: str, parameter: Mapping[str, Any]) -> list[str]:
    """Values that a parameter is asked with, `<>` for a project."""
    name, schema = parameter["name"], parameter["schema"]
    if schema.get("const") is not None:
        return [str(schema["const"])]
    if schema["enum"]:
        return [str(choice) for choice in schema["enum"]][:6]
    if schema.get("type") in ("integer", "number"):
        return [str(n) for n in range(1, 6)] if IDS.fullmatch(name) else ["3"]
    if schema.get("type") == "boolean":
        return ["true"]
    if name == "metric_name":
        return ["execution_time", "cost", "quality_score", NAMES["metric"]]
    if name in NAMES:
        numbers = [str(n) for n in range(1, 6)] if name == "agent_id" else []
        return [NAMES[name], *numbers]
    if schema.get("format") in ("date-time", "date"):
        return ["2026-01-01T00:00:00Z" if name.startswith(("start", "since", "from")) else "2200-01-01T00:00:00Z"]
    if name == "cursor" or parameter["in"] == "header":
        return []
    assert name in SAID, f"{operation}: say in this module what to ask with for {name!r}"
    return [SAID[name]]


def _requests(method: str, path: str, operation: Mapping[str, Any]) -> list[Request]:
    """An operation asked with what it needs, and then with each thing that it may be asked with besides."""
    label = f"{method} {path}"
    needed: list[dict[str, str]] = [{}]
    more: list[tuple[str, str]] = []
    for parameter in operation["parameters"]:
        name, choices = parameter["name"], _choices(label, parameter)
        if parameter.get("required"):
            needed = [{**one, name: choice} for one in needed for choice in choices]
        else:
            more += [(name, choice) for choice in choices]
    assert method == "GET" or label in WRITES or "requestBody" not in operation, (
        f"say in WRITES what to send to {label}"
    )
    bodies = WRITES.get(label, [None])
    asked = [*needed, *({**needed[0], name: choice} for name, choice in more)]
    return [_request(method, path, values, body) for values in asked for body in bodies]


def _request(method: str, path: str, values: Mapping[str, str], body: Any) -> Request:
    query = dict(values)
    for placeholder in re.findall(r"{(\w+)(?::path)?}", path):
        path = re.sub(rf"{{{placeholder}(?::path)?}}", query.pop(placeholder).replace("\\", ""), path)
    return Request(method, path, query, body)


def _comparable(response: httpx2.Response) -> Any:
    """Its body, without what says when it was made and by which key it was asked for."""
    match response.headers.get("content-type", "").partition(";")[0]:
        case "application/vnd.apache.parquet":
            return _rows(response.content)
        case "application/x-ndjson":
            return [_without_varying(msgspec.json.decode(line)) for line in response.content.splitlines()]
        case "application/json":
            return _without_varying(msgspec.json.decode(_OF_KEYS.sub("key", response.text)))
        case _:
            return _OF_KEYS.sub("key", _OF_RECORDING.sub("", response.text))


def _rows(parquet: bytes) -> list[tuple[Any, ...]]:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(parquet)
        file.flush()
        return duckdb.sql(f"SELECT * EXCLUDE (segment, arrived) FROM read_parquet('{file.name}')").fetchall()


def _without_varying(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_varying(part) for name, part in value.items() if name not in VARYING}
        case list():
            return [_without_varying(part) for part in value]
        case _:
            return value


OPERATIONS = sorted(_operations(), key=lambda operation: operation[0] != "GET")
"""What records comes last: ids count through all projects, so that what it left would have others in the two homes."""


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
def test_no_answer_differs_by_what_another_project_did(
    method: str, path: str, operation: dict[str, Any], both: Asking, alone: Asking
) -> None:
    if path in NO_QUESTIONS:
        assert "security" not in operation
        return
    for request in _requests(method, path, operation):
        for project in (OURS, THEIRS):
            asked = request.about(project)
            if project == THEIRS and asked == request.about(OURS):
                continue  # it names nothing: the same would be asked again
            if project == OURS:
                both.answer(asked, key=both.keys[THEIRS])  # what is kept of the second's answer is not the first's
            said, expected = both.answer(asked), alone.answer(asked)
            assert said.status_code == expected.status_code, f"{asked}: {said.text} instead of {expected.text}"
            assert _comparable(said) == _comparable(expected), str(asked)
            if project != THEIRS:
                shown = f"{said.text} {said.headers}".lower()
                assert THEIRS not in shown, f"{asked} tells of the other project: {said.text}"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
def test_every_route_asks_who_it_is(method: str, path: str, operation: dict[str, Any], both: Asking) -> None:
    if path in NO_QUESTIONS:
        return
    assert "security" in operation or path == "/sign-out"
    for request in _requests(method, path, operation)[:1]:
        said = both.answer(request.about(OURS), key=None)
        assert said.status_code == 401 or path == "/sign-out", f"{request}: {said.status_code}"


@pytest.mark.parametrize("named", [f"{THEIRS}-agent-", f"{THEIRS}-agent-00", "zulo-agent-0", "Zulu-Agent-0"])
def test_no_suggestion_names_what_another_project_has(named: str, both: Asking) -> None:
    """Near-name suggestions are made from names that may be seen."""
    for method, path, operation in OPERATIONS:
        for parameter in operation["parameters"]:
            if method != "GET" or NAMES.get(parameter["name"], "").find("-agent-0") < 0:
                continue
            values = {p["name"]: _choices(path, p)[0] for p in operation["parameters"] if p.get("required")}
            text = NAMES[parameter["name"]].replace("<>-agent-0", named)
            said = both.answer(_request(method, path, {**values, parameter["name"]: text}, None).about(OURS))
            assert THEIRS not in said.text.replace(named, ""), f"{path}: {said.text}"


def test_a_key_of_the_other_project_does_see_it(both: Asking) -> None:
    """Else nothing above would show anything."""
    said = both.answer(Request("GET", "/api/v1/metrics/aggregate/by-role/zulu-role", {}), key=both.keys[THEIRS])
    assert said.status_code == 200
    assert "zulu-agent-0" in said.text


def test_a_key_records_into_no_other_project(both: Asking) -> None:
    event = {"kind": "task", "name": "planted", "project": THEIRS, "outcome": "success", "time": NOW.isoformat()}
    said = both.answer(Request("POST", "/api/v1/events", {}, [event]))
    assert "project is none that this key may record into" in said.text
    assert said.json()["accepted"] == 0
    assert THEIRS not in said.text
