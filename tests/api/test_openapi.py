"""The description of the API: complete, true, and the same for those who generated clients from it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from agentgauge.api import openapi
from agentgauge.api.app import create_app
from agentgauge.api.openapi import answer_of, errors
from agentgauge.events.plain import document
from agentgauge.settings.server import get_server_settings
from tests.api.documented import BASE, documented, without_meta

_OF_ACT = ["alert_id", "version", "If-Match"]
_OF_PERIOD = ["project", "start_date", "end_date"]
_PAGED = ["limit", "cursor"]
METRICS: dict[tuple[str, str], tuple[str, list[str]]] = {
    ("get", "/aggregate/timeseries"): ("metrics_timeseries", [*_OF_PERIOD, "granularity"]),
    ("get", "/aggregate/by-agent/{agent_id}"): ("metrics_by_agent", ["agent_id", *_OF_PERIOD]),
    ("get", "/aggregate/by-role/{role}"): ("metrics_by_role", ["role", *_OF_PERIOD]),
    ("get", "/trends/{metric_name}"): (
        "metrics_trends",
        ["metric_name", "project", "agent_id", "lookback_days", "better"],
    ),
    ("get", "/percentiles/{metric_name}"): ("metrics_percentiles", ["metric_name", *_OF_PERIOD, "agent_id", "per"]),
    ("get", "/outliers/{metric_name}"): (
        "metrics_outliers",
        ["metric_name", *_OF_PERIOD, "agent_id", "per", "z_threshold", *_PAGED],
    ),
    ("get", "/recommendations/cost"): ("metrics_cost_recommendations", ["project", *_PAGED]),
    ("put", "/recommendations/{recommendation_id}/accept"): ("metrics_accept_recommendation", ["recommendation_id"]),
    ("put", "/recommendations/{recommendation_id}/dismiss"): ("metrics_dismiss_recommendation", ["recommendation_id"]),
    ("get", "/insights/performance"): ("metrics_performance_insights", _OF_PERIOD),
    ("get", "/alerts"): ("metrics_alerts", ["project", "status", "severity", *_PAGED]),
    ("get", "/alerts/{alert_id}/history"): ("metrics_alert_history", ["alert_id"]),
    ("put", "/alerts/{alert_id}/acknowledge"): ("metrics_acknowledge_alert", _OF_ACT),
    ("put", "/alerts/{alert_id}/resolve"): ("metrics_resolve_alert", _OF_ACT),
    ("put", "/alerts/{alert_id}/undo"): ("metrics_undo_alert", _OF_ACT),
    ("get", "/summary"): ("metrics_summary", ["project"]),
}
"""Clients are generated from these names: a change breaks them."""
_EXAMPLES = {
    "/aggregate/timeseries": "timeseries",
    "/aggregate/by-agent/{agent_id}": "by_agent",
    "/aggregate/by-role/{role}": "by_role",
    "/trends/{metric_name}": "trends",
    "/percentiles/{metric_name}": "percentiles",
    "/outliers/{metric_name}": "outliers",
    "/recommendations/cost": "recommendations",
    "/insights/performance": "insights",
    "/alerts": "alerts",
    "/summary": "summary",
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    app = create_app(get_server_settings(tmp_path_factory.mktemp("home")))
    with TestClient(app, base_url="http://localhost") as client:
        return client.get("/openapi.json").json()


def _operations(described: Any) -> Iterator[tuple[str, str, Any]]:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def test_documented_endpoints_have_their_names_and_parameters(described: Any) -> None:
    found = {
        (method, path.removeprefix(BASE)): (
            operation["operationId"],
            [parameter["name"] for parameter in operation.get("parameters", [])],
        )
        for method, path, operation in _operations(described)
        if path.startswith(BASE)
    }
    assert found == METRICS


def test_everything_documented_says_what_it_is(described: Any) -> None:
    for method, path, operation in _operations(described):
        if path.startswith(BASE):
            assert operation["summary"], path
            assert operation["description"], path
            for parameter in operation.get("parameters", []):
                assert parameter["description"], (method, path, parameter["name"])
                has_example = "examples" in parameter["schema"] or "enum" in json.dumps(parameter["schema"])
                assert has_example or parameter["name"] == "cursor", (method, path, parameter["name"])


def test_every_tag_is_described(described: Any) -> None:
    tags = {tag for _, _, operation in _operations(described) for tag in operation["tags"]}
    assert sorted(tags) == sorted(tag["name"] for tag in described["tags"])


def test_names_of_operations_are_given_once(described: Any) -> None:
    names = [operation["operationId"] for _, _, operation in _operations(described)]
    assert sorted(names) == sorted(set(names))


def test_every_error_has_the_one_form(described: Any) -> None:
    for method, path, operation in _operations(described):
        if not path.startswith("/api/"):
            continue  # OTLP has a form of its own
        for status, response in operation["responses"].items():
            if int(status) >= 400 and "application/json" in response.get("content", {}):
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}, (method, path, status)
        assert {"401", "403", "422", "429", "500", "503"} <= operation["responses"].keys(), (method, path)


def test_no_reference_leads_nowhere(described: Any) -> None:
    text = json.dumps(described)
    named = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= described["components"]["schemas"].keys()
    assert '"x-' not in text
    assert "HTTPValidationError" not in text


def _validator(described: Any, schema: Any) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({**schema, "components": described["components"]})


def test_examples_are_the_documented_ones_and_fit_their_schemas(described: Any) -> None:
    for path, name in _EXAMPLES.items():
        content = described["paths"][BASE + path]["get"]["responses"]["200"]["content"]["application/json"]
        wanted = documented(name)
        if name == "recommendations":
            for row in wanted["data"]:
                row.setdefault("agent_role", None)
        assert without_meta(content["example"]) == wanted, name
        _validator(described, content["schema"]).validate(content["example"])


def test_every_example_fits_its_schema(described: Any) -> None:
    for method, path, operation in _operations(described):
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json", {})
            if "example" in content:
                errors_found = list(_validator(described, content["schema"]).iter_errors(content["example"]))
                assert not errors_found, (method, path, status)


def test_bounds_and_defaults_are_said(described: Any) -> None:
    parameters = described["paths"][f"{BASE}/outliers/{{metric_name}}"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert schemas["metric_name"]["enum"] == ["execution_time", "cost", "quality_score", "tokens"]
    assert schemas["z_threshold"]["default"] == 3.0
    assert schemas["z_threshold"]["exclusiveMinimum"] == 0
    assert (schemas["limit"]["default"], schemas["limit"]["minimum"], schemas["limit"]["maximum"]) == (50, 1, 1000)


class _Part(msgspec.Struct, frozen=True):
    cost_usd: Decimal | None
    mean: float
    at: datetime


class _Report(msgspec.Struct, frozen=True):
    parts: tuple[_Part, ...]
    by: dict[str, float]
    few: bool = False


class _Model(BaseModel):
    few: bool


def _app(*kinds: Any) -> FastAPI:
    app = FastAPI()
    for number, kind in enumerate(kinds):
        app.get(f"/{number}", responses={**answer_of(kind, "What was asked", {"few": None}), **errors(404)})(
            lambda: None
        )
    openapi.install(app)
    return app


def test_a_struct_is_described_as_it_is_written() -> None:
    described = _app(_Report).openapi()
    content = described["paths"]["/0"]["get"]["responses"]["200"]["content"]
    report = _Report((_Part(Decimal("1.50"), math.nan, datetime(2026, 1, 1, tzinfo=UTC)),), {"a": math.inf})
    validator = _validator(described, content["application/json"]["schema"])
    validator.validate(document(report))
    assert set(described["components"]["schemas"]) == {"Error", "_Report", "_Report._Part"}
    assert described["components"]["schemas"]["_Report"]["required"] == ["parts", "by", "few"]
    assert not validator.is_valid({"parts": [{"cost_usd": 1.5, "mean": 1, "at": ""}], "by": {}, "few": True})


def test_an_example_keeps_its_nulls() -> None:
    content = _app(_Model).openapi()["paths"]["/0"]["get"]["responses"]["200"]["content"]["application/json"]
    assert content["example"] == {"few": None}


def test_two_answers_of_one_name_are_refused() -> None:
    class _Model(BaseModel):
        many: bool

    with pytest.raises(ValueError, match="another answer is called _Model"):
        _app(_Model, globals()["_Model"]).openapi()


def test_it_needs_no_running_server(tmp_path: Path) -> None:
    assert create_app(get_server_settings(tmp_path)).openapi()["info"]["title"] == "agentgauge"


def test_whoever_opens_the_address_of_a_server_finds_all_there_is_to_ask(described: Any, tmp_path: Path) -> None:
    app = create_app(get_server_settings(tmp_path))
    with TestClient(app, base_url="http://localhost", root_path="/gauge") as client:
        lines = client.get("/api").text.splitlines()
    listed = {tuple(line.split()[:2]) for line in lines if line.startswith("  ")}
    assert listed == {(method.upper(), f"/gauge{path}") for method, path, _ in _operations(described)}
    assert any(line.startswith("/gauge/openapi.json") for line in lines)
