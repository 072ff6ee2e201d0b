"""An agent of pydantic-ai, instrumented by its own means, with its own test model."""

from __future__ import annotations

from importlib.util import find_spec

from tests.components import require
from tests.integrations.otlp.sent import read


def test_a_run_is_a_task_with_its_calls_and_tools() -> None:
    require(
        find_spec("opentelemetry.sdk") is not None and find_spec("opentelemetry.exporter") is not None,
        "opentelemetry-sdk and its OTLP exporter, of the group bench",
    )
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from pydantic_ai import Agent
    from pydantic_ai.models.instrumented import InstrumentationSettings
    from pydantic_ai.models.test import TestModel

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    agent = Agent(TestModel(), name="coder")
    agent.instrument = InstrumentationSettings(tracer_provider=provider)

    @agent.tool_plain
    def search(term: str) -> str:
        return f"SECRET {term}"

    used = agent.run_sync("a SECRET question").usage
    events = read(encode_spans(exporter.get_finished_spans()).SerializeToString())
    by_kind = {kind: [event for event in events if event.kind == kind] for kind in ("task", "llm_call", "tool_call")}
    (task,), (tool,), calls = by_kind["task"], by_kind["tool_call"], by_kind["llm_call"]
    assert (task.agent, tool.name, len(calls)) == ("coder", "search", 2)
    assert sum(call.input_tokens for call in calls) == used.input_tokens
    assert sum(call.output_tokens for call in calls) == used.output_tokens
    assert {call.parent_id for call in calls} == {task.span_id}
    assert "SECRET" not in str(events)
