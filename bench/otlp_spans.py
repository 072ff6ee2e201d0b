"""Requests of spans as instrumented agents send them: for `bench/otlp.py`.

A trace is an agent's invocation with model calls, tool calls and an HTTP request inside it. Attributes have the names,
the number and the length of those that pydantic-ai and OpenTelemetry's own instrumentations write, without messages.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

MODELS = (
    ("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07"),
    ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    ("gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro"),
)
TOOLS = ("read_file", "run_tests", "search", "edit")
CALLS = 4
"""Model calls of a trace; each is followed by a tool call, and one by an HTTP request."""

Attribute = str | int | float | list[str]


def requests(spans: int, per_request: int, seed: int = 7) -> Iterator[tuple[bytes, int]]:
    """Bodies with the number of spans in each, `spans` in all."""
    choose = random.Random(seed)
    left, now = spans, time.time_ns() - 60_000_000_000
    while left > 0:
        request, scope = _request()
        while len(scope.spans) < min(per_request, left):
            _add_trace(scope, choose, now)
            now += 1_000_000
        del scope.spans[min(per_request, left) :]
        left -= len(scope.spans)
        yield request.SerializeToString(), len(scope.spans)


def _request() -> tuple[ExportTraceServiceRequest, ScopeSpans]:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for name, value in (
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.version", "1.45.2"),
        ("service.name", "shop"),
        ("service.instance.id", "9bc5326e-0181-4cf8-8f6f-81ebe5c8d65b"),
    ):
        attribute = group.resource.attributes.add()
        attribute.key, attribute.value.string_value = name, value
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "pydantic-ai", "2.68.0"
    return request, scope


def _add_trace(scope: ScopeSpans, choose: random.Random, start: int) -> None:
    trace, agent = choose.randbytes(16), f"agent-{choose.randrange(40):02}"
    conversation = f"conv_{choose.getrandbits(96):x}"
    root = choose.randbytes(8)
    at = start
    for number in range(CALLS):
        at = _add(scope, choose, trace, root, at, "chat", _chat(choose, agent, conversation))
        if number == 0:
            http: dict[str, Attribute] = {"http.request.method": "POST", "server.address": "api.openai.com"}
            _add(scope, choose, trace, scope.spans[-1].span_id, at, "POST", http)
        tool = TOOLS[choose.randrange(len(TOOLS))]
        values: dict[str, Attribute] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.call.id": f"call_{choose.getrandbits(96):x}",
            "gen_ai.agent.name": agent,
            "gen_ai.conversation.id": conversation,
        }
        at = _add(scope, choose, trace, root, at, f"execute_tool {tool}", values)
    span = _span(scope, trace, root, start, at, f"invoke_agent {agent}")
    for name, value in {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": conversation,
        "gen_ai.aggregated_usage.input_tokens": 9_000,
        "gen_ai.aggregated_usage.output_tokens": 900,
    }.items():
        _set(span, name, value)


def _chat(choose: random.Random, agent: str, conversation: str) -> dict[str, Attribute]:
    provider, asked, answered = MODELS[choose.randrange(len(MODELS))]
    total = choose.randrange(200, 30_000)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": asked,
        "gen_ai.response.model": answered,
        "gen_ai.response.id": f"chatcmpl-{choose.getrandbits(96):x}",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.request.max_tokens": 4096,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.usage.input_tokens": total,
        "gen_ai.usage.output_tokens": choose.randrange(1, 2_000),
        "gen_ai.usage.cache_read.input_tokens": total // 2,
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": conversation,
        "server.address": "api.openai.com",
        "server.port": 443,
    }


def _add(
    scope: ScopeSpans,
    choose: random.Random,
    trace: bytes,
    parent: bytes,
    start: int,
    name: str,
    values: dict[str, Attribute],
) -> int:
    end = start + choose.randrange(10_000_000, 900_000_000)
    span = _span(scope, trace, choose.randbytes(8), start, end, name)
    span.parent_span_id = parent
    for key, value in values.items():
        _set(span, key, value)
    return end


def _span(scope: ScopeSpans, trace: bytes, span_id: bytes, start: int, end: int, name: str) -> Span:
    span = scope.spans.add()
    span.trace_id, span.span_id, span.name = trace, span_id, name
    span.start_time_unix_nano, span.end_time_unix_nano = start, end
    return span


def _set(span: Span, name: str, value: Attribute) -> None:
    attribute = span.attributes.add()
    attribute.key = name
    if isinstance(value, str):
        attribute.value.string_value = value
    elif isinstance(value, int):
        attribute.value.int_value = value
    elif isinstance(value, float):
        attribute.value.double_value = value
    else:
        for item in value:
            attribute.value.array_value.values.add().string_value = item
