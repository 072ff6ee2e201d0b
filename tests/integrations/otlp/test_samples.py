"""Spans of real instrumentations, to the token."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from agentgauge.events import Usage
from tests.integrations.otlp.sent import SAMPLES, read, sample

CACHED = Usage(2500, 50, 2000, 300, 100)


def test_pydantic_ai_is_one_task_with_one_call() -> None:
    call, task = sample("pydantic_ai_openai")
    assert (call.kind, task.kind) == ("llm_call", "task")
    assert call.usage == Usage(1200, 300, cache_read_tokens=1024, reasoning_tokens=192)
    assert (call.model, call.provider, str(call.cost_usd)) == ("gpt-5-mini-2025-08-07", "openai", "0.0006696")
    assert call.parent_id == task.span_id
    assert call.agent == task.agent == "coder"
    assert call.session == task.session == "01a1f86d-e118-75b6-a3c6-9c665d4da976"
    assert (task.name, task.operation, task.outcome) == ("invoke_agent coder", "invoke_agent coder", "success")
    assert task.duration_ms == 110.390396


def test_openai_v2_is_a_call_outside_any_task() -> None:
    (call,) = sample("openai_v2")
    assert (call.kind, call.usage, call.provider) == ("llm_call", Usage(1200, 300), None)
    assert call.attributes is not None
    assert call.attributes["gen_ai.system"] == "openai"  # of an older convention: kept, and not read


def test_litellm_is_one_call_with_the_cost_that_it_states() -> None:
    call, raw = sample("litellm")
    assert (call.kind, call.usage, str(call.cost_usd)) == ("llm_call", Usage(2500, 50), "0.003375")
    assert (raw.kind, raw.attributes) == ("step", None)


def test_a_call_that_two_conventions_describe_is_counted_once() -> None:
    inner, outer = sample("openinference_anthropic")
    assert (inner.kind, inner.usage, inner.tier) == ("llm_call", CACHED, "standard")
    assert (outer.kind, outer.usage) == ("step", Usage())


def test_a_call_of_a_convention_that_is_not_read_is_no_task() -> None:
    (call,) = sample("openinference_openai")
    assert (call.kind, call.attributes) == ("step", None)


@pytest.mark.parametrize("name", ["openai_v2", "pydantic_ai_openai"])
def test_metrics_count_neither_tokens_nor_money_nor_calls(name: str) -> None:
    request = ExportMetricsServiceRequest()
    request.ParseFromString((SAMPLES / f"{name}.metrics.pb").read_bytes())
    events = read(request)
    assert {event.kind for event in events} == {"measurement"}
    assert all(event.usage == Usage() and event.cost_usd is None for event in events)
    assert {event.value for event in events if event.name == "gen_ai.client.token.usage (cumulative)"} == {1200, 300}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.traces.pb")), ids=lambda path: path.name)
def test_nothing_that_was_said_is_kept(path: object) -> None:
    for event in sample(str(path).rpartition("/")[2].removesuffix(".traces.pb")):
        assert "Hello" not in str(event)
        assert '"hi"' not in str(event)
