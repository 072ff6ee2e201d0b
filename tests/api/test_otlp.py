"""OTLP over HTTP, as exporters send it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import zstandard
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agentgauge.api.app import create_app
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.service.security.principal import Principal
from agentgauge.settings import resolve_home
from agentgauge.settings.server import get_server_settings
from tests.components import require
from tests.integrations.otlp.sent import SAMPLES, as_json, chat, span, traces
from tests.servers.serving import served

PROTOBUF, JSON = {"Content-Type": "application/x-protobuf"}, {"Content-Type": "application/json"}
AGENT = {"gen_ai__operation__name": "invoke_agent", "gen_ai__agent__name": "coder"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(get_server_settings(home))) as client:
        yield client


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with Lake(resolve_home(home), PriceBook.load()).snapshot() as snapshot:
        return snapshot.connection.execute(sql).fetchall()


def _has_exporter() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # of a package around it
        return False


def test_spans_are_durable_when_they_are_acknowledged(client: TestClient, home: Path) -> None:
    body = traces(chat(2, 1), span(1, **AGENT), service__name="shop").SerializeToString()
    answer = client.post("/v1/traces", content=body, headers=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert rows(home, "SELECT kind, project, agent, input_tokens FROM events ORDER BY kind") == [
        ("llm_call", "shop", "coder", 100),
        ("task", "shop", "coder", 0),
    ]


def test_an_agent_is_charged_with_calls_that_do_not_name_it(client: TestClient) -> None:
    start = time.time_ns() - 10**9
    call = chat(2, 1, start=start, gen_ai__request__model="gpt-4o", gen_ai__usage__input_tokens=1234)
    body = traces(call, span(1, start=start, **AGENT)).SerializeToString()
    assert client.post("/v1/traces", content=body, headers=PROTOBUF).status_code == 200
    data = client.get("/api/v1/metrics/aggregate/by-agent/coder").json()["data"]
    assert (data["performance"]["total_tokens"], data["cost"]["total_usd"]) == (1244, 0.003185)


def test_an_operation_has_the_calls_that_came_before_its_agent(client: TestClient) -> None:
    start = time.time_ns() - 10**9
    for made in (chat(2, 1, start=start), span(1, start=start, **AGENT)):
        client.post("/v1/traces", content=traces(made).SerializeToString(), headers=PROTOBUF)
    (operation,) = client.get("/api/v1/operations").json()["data"]
    assert (operation["agent"], operation["tokens"]) == ("coder", 110)
    asked = client.post("/api/v1/sql", json={"sql": "SELECT agent_name, tokens FROM agent_metrics"})
    assert asked.json()["rows"] == [["coder", 110]]
    data = client.get("/api/v1/metrics/aggregate/by-agent/coder").json()["data"]
    assert data["performance"]["total_tokens"] == 0  # as docs/opentelemetry.md says, under 'Whose a call is'


def test_json_is_answered_in_json(client: TestClient, home: Path) -> None:
    answer = client.post("/v1/traces", content=as_json(traces(chat(1))), headers=JSON)
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, "application/json", {})
    assert rows(home, "SELECT output_tokens FROM events") == [(10,)]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_compressed(client: TestClient, home: Path, encoding: str) -> None:
    body = traces(chat(1)).SerializeToString()
    packed = gzip.compress(body) if encoding == "gzip" else zstandard.compress(body)
    answer = client.post("/v1/traces", content=packed, headers={**PROTOBUF, "Content-Encoding": encoding})
    assert answer.status_code == 200
    assert rows(home, "SELECT count(*) FROM events") == [(1,)]


def test_a_request_that_is_sent_again_is_stored_once(client: TestClient, home: Path) -> None:
    for name in ("pydantic_ai_openai", "openai_v2", "litellm"):
        for _ in range(3):
            body = (SAMPLES / f"{name}.traces.pb").read_bytes()
            assert client.post("/v1/traces", content=body, headers=PROTOBUF).status_code == 200
            client.app.state.runtime.meter.lake.compact()  # type: ignore[attr-defined]
    assert rows(home, "SELECT count(*), sum(input_tokens), sum(output_tokens) FROM events") == [(5, 4900, 650)]


def test_a_key_of_one_project_replaces_no_span_of_another(client: TestClient, home: Path) -> None:
    runtime = client.app.state.runtime  # type: ignore[attr-defined]
    for project, tokens in (("shop", 100), ("other", 999), ("shop", 100)):
        key = Principal("key", frozenset({"ingest"}), frozenset({project}))
        body = traces(chat(1, gen_ai__usage__input_tokens=tokens)).SerializeToString()
        sent = runtime.otlp.spans(body, is_json=False, most=10, projects=key.projects)
        assert runtime.receiver.receive(sent, key).accepted == 1
        runtime.meter.lake.compact()
    assert rows(home, "SELECT project, input_tokens FROM events ORDER BY 1") == [("other", 999), ("shop", 100)]


def test_spans_that_are_rejected_are_counted_and_the_others_kept(client: TestClient, home: Path) -> None:
    request = traces(chat(0), chat(0), chat(1))
    answer = client.post("/v1/traces", content=request.SerializeToString(), headers=PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 2)
    assert "2 x invalid id" in partial.error_message
    said = client.post("/v1/traces", content=as_json(request), headers=JSON).json()["partialSuccess"]
    assert said == {"rejectedSpans": "2", "errorMessage": partial.error_message}
    assert rows(home, "SELECT count(*) FROM events") == [(1,)]


def test_metrics_are_measurements(client: TestClient, home: Path) -> None:
    body = (SAMPLES / "openai_v2.metrics.pb").read_bytes()
    for _ in range(2):
        answer = client.post("/v1/metrics", content=body, headers=PROTOBUF)
        assert ExportMetricsServiceResponse.FromString(answer.content) == ExportMetricsServiceResponse()
    request = ExportMetricsServiceRequest.FromString(body)
    assert client.post("/v1/metrics", content=as_json(request), headers=JSON).json() == {}
    assert rows(home, "SELECT kind, count(*), sum(tokens) FROM events GROUP BY kind") == [("measurement", 3, 0)]


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics"])
def test_what_is_no_request_is_answered_with_a_status(client: TestClient, path: str) -> None:
    binary = client.post(path, content=b"\xff\xff", headers=PROTOBUF)
    assert (binary.status_code, binary.headers["content-type"]) == (400, "application/x-protobuf")
    assert binary.content.startswith(b"\x08\x03\x12")
    assert b"no protobuf message" in binary.content
    text = client.post(path, content=b"{", headers=JSON)
    assert (text.status_code, text.json()["code"]) == (400, 3)
    assert "no OTLP request in JSON" in text.json()["message"]


def test_what_the_server_does_not_take_is_said(client: TestClient) -> None:
    assert client.post("/v1/traces", content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
    packed = client.post("/v1/traces", content=b"x", headers={**PROTOBUF, "Content-Encoding": "br"})
    assert packed.status_code == 415
    damaged = client.post("/v1/traces", content=b"x", headers={**PROTOBUF, "Content-Encoding": "gzip"})
    assert damaged.status_code == 400


def test_a_body_that_is_too_large_is_refused(home: Path) -> None:
    settings = get_server_settings(home, {"AGENTGAUGE_INGEST_DECODED_MB": "1"})
    with TestClient(create_app(settings)) as client:
        body = gzip.compress(bytes(2 << 20))
        answer = client.post("/v1/traces", content=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (413, 3)


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics"])
@pytest.mark.parametrize("part", [b"\x0a\x00", b"\x0a\x02\x12\x00"], ids=["groups", "scopes"])
def test_more_groups_of_spans_or_points_than_may_be_of_these_are_refused(home: Path, path: str, part: bytes) -> None:
    with TestClient(create_app(get_server_settings(home, {"AGENTGAUGE_INGEST_EVENTS": "100"}))) as client:
        assert client.post(path, content=part * 100, headers=PROTOBUF).status_code == 200
        assert client.post(path, content=part * 101, headers=PROTOBUF).status_code == 413


def test_a_server_that_cannot_keep_more_says_when_to_come_back(home: Path) -> None:
    settings = get_server_settings(home, {"AGENTGAUGE_DISABLED": "1"})
    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/traces", content=as_json(traces(chat(1))), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (503, 14)
    assert int(answer.headers["Retry-After"]) > 0


def test_the_real_sdk_exports_to_a_real_server(home: Path) -> None:
    require(_has_exporter(), "opentelemetry-exporter-otlp-proto-http, of the group bench")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import Compression, OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import StatusCode

    with served(home) as server:
        provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
        exporter = OTLPSpanExporter(f"{server.url}/v1/traces", compression=Compression.Gzip)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("handle") as root:
            for number in range(3):
                with tracer.start_as_current_span("chat gpt-5-mini") as call:
                    call.set_attributes(
                        {
                            "gen_ai.operation.name": "chat",
                            "gen_ai.provider.name": "openai",
                            "gen_ai.request.model": "gpt-5-mini",
                            "gen_ai.usage.input_tokens": 100 + number,
                            "gen_ai.usage.output_tokens": 10,
                        }
                    )
            root.record_exception(TimeoutError("too late"))
            root.set_status(StatusCode.ERROR)
        assert provider.force_flush()
        provider.shutdown()
        server.kill()
    assert rows(home, "SELECT kind, count(*), sum(tokens), any_value(project) FROM events GROUP BY 1 ORDER BY 1") == [
        ("llm_call", 3, 333, "shop"),
        ("task", 1, 0, "shop"),
    ]
    assert rows(home, "SELECT outcome, error_type FROM events WHERE kind = 'task'") == [("timeout", "TimeoutError")]
    assert json.loads(rows(home, "SELECT attributes FROM events LIMIT 1")[0][0])["otel.scope.name"] == "test"
