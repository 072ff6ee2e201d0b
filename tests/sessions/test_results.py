"""What is taken from a result, whoever it is of."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import agentgauge
from agentgauge.sessions import AgentResult, MetricsCollector, TokenUsage, stream_summary
from tests.recorder.reading import events


def test_an_object_with_the_fields_of_a_result_is_one(gauge: agentgauge.Gauge, home: Path) -> None:
    used = SimpleNamespace(input_tokens=5, output_tokens=7, cost_usd=0.25)
    theirs = SimpleNamespace(output="x", usage=used, model="gpt-4o", provider="openai", duration_ms=12)
    MetricsCollector(gauge=gauge).record_from_result(theirs, "review", "check")
    task, call = events(home)
    assert (task.duration_ms, call.input_tokens, call.output_tokens, call.cost_usd) == (12, 5, 7, Decimal("0.25"))


def _counters_of_anthropic() -> object:
    from anthropic.types import Usage

    return Usage(input_tokens=40, output_tokens=50, cache_read_input_tokens=60, cache_creation_input_tokens=0)


def _counters_of_openai() -> object:
    from openai.types.responses import ResponseUsage

    counted = {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
    details = {"cached_tokens": 60, "cache_write_tokens": 0}
    return ResponseUsage.model_validate(
        {**counted, "input_tokens_details": details, "output_tokens_details": {"reasoning_tokens": 0}}
    )


def _counters_of_pydantic_ai() -> object:
    from pydantic_ai.usage import RunUsage

    return RunUsage(input_tokens=100, output_tokens=50, cache_read_tokens=60)


@pytest.mark.parametrize("counters", [_counters_of_anthropic, _counters_of_openai, _counters_of_pydantic_ai])
def test_a_result_may_hold_the_counters_of_an_sdk(gauge: agentgauge.Gauge, counters: Callable[[], object]) -> None:
    theirs = SimpleNamespace(usage=counters(), model="claude-sonnet-4-5", provider="anthropic", duration_ms=12)
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(theirs, "review", "check")
    (shown,) = collector.get_events()
    assert shown.usage == TokenUsage(input_tokens=100, output_tokens=50, cache_read_tokens=60)
    assert collector.get_summary() == stream_summary(gauge=gauge)


def test_a_result_may_hold_its_counts_in_a_dict(gauge: agentgauge.Gauge) -> None:
    used = {"input_tokens": 5, "output_tokens": 7, "cost_usd": 0.25}
    theirs = SimpleNamespace(usage=used, model="gpt-4o", provider="openai", duration_ms=12)
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(theirs, "review", "check")
    assert collector.get_events()[0].usage == TokenUsage(input_tokens=5, output_tokens=7, cost_usd=0.25)


def test_numbers_of_other_libraries_are_numbers(gauge: agentgauge.Gauge) -> None:
    used = SimpleNamespace(input_tokens=np.int64(5), output_tokens=np.int32(7), cost_usd=np.float64(0.5))
    theirs = SimpleNamespace(usage=used, model="gpt-4o", provider="openai", duration_ms=np.float32(12))
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(theirs, "review", "check")
    assert collector.get_summary() == stream_summary(gauge=gauge)
    assert (collector.get_summary().total_tokens, collector.get_summary().total_cost) == (12, 0.5)
    assert collector.get_events()[0].model_dump_json()


def _of_anthropic() -> object:
    from anthropic.types import Message, TextBlock, Usage

    used = Usage(input_tokens=40, output_tokens=50, cache_read_input_tokens=60, cache_creation_input_tokens=0)
    return Message(
        id="msg_1",
        content=[TextBlock(type="text", text="x")],
        model="claude-sonnet-4-5",
        role="assistant",
        type="message",
        usage=used,
    )


def _of_openai() -> object:
    from openai.types.chat import ChatCompletion

    return ChatCompletion.model_validate(
        {
            "id": "msg_1",
            "choices": [],
            "created": 0,
            "model": "gpt-4o",
            "object": "chat.completion",
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 60},
            },
        }
    )


@pytest.mark.parametrize("made", [_of_anthropic, _of_openai])
def test_a_providers_own_answer_is_taken_as_it_is(
    gauge: agentgauge.Gauge, home: Path, made: Callable[[], object]
) -> None:
    """Anthropic's input leaves out what was cached, OpenAI's does not."""
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(made(), "review", "check")
    _, call = events(home)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (100, 50, 60)
    assert call.attributes == {"response_id": "msg_1"}
    assert collector.get_summary() == stream_summary(gauge=gauge)
    assert collector.get_summary().unpriced_calls == 0


def _of_claude_agent(**shares: tuple[int, float]) -> dict[str, Any]:
    """By model what the session has used so far."""
    models = {model.replace("_", "-"): share for model, share in shares.items()}
    return {
        "type": "result",
        "subtype": "success",
        "duration_ms": 2500,
        "duration_api_ms": 2000,
        "is_error": False,
        "num_turns": 3,
        "session_id": "sdk-1",
        "total_cost_usd": sum(cost for _, cost in models.values()),
        "usage": {"input_tokens": 10, "output_tokens": 0},
        "modelUsage": {
            model: {"inputTokens": tokens, "outputTokens": 0, "costUSD": cost}
            for model, (tokens, cost) in models.items()
        },
    }


def test_a_result_of_several_models_has_a_call_of_each(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    theirs = _of_claude_agent(claude_sonnet_4_5=(1000, 0.5), claude_haiku_4_5=(10, 0.25))
    collector.record_from_result(theirs, "coding", "implement")
    task, *calls = events(home)
    assert (task.duration_ms, task.session) == (2500, None)
    assert task.attributes is not None
    assert task.attributes["conversation_id"] == "sdk-1"
    assert {call.model: (call.input_tokens, call.cost_usd) for call in calls} == {
        "claude-sonnet-4-5": (1000, Decimal("0.5")),
        "claude-haiku-4-5": (10, Decimal("0.25")),
    }
    assert {call.parent_id for call in calls} == {task.span_id}
    (shown,) = collector.get_events()
    assert (shown.model, shown.usage.input_tokens, shown.usage.cost_usd) == ("claude-sonnet-4-5", 1010, 0.75)
    assert collector.get_summary() == stream_summary(gauge=gauge)


def test_of_a_sessions_running_total_each_result_adds_its_own(gauge: agentgauge.Gauge) -> None:
    """Whichever collector it is given to; the same one again adds nothing."""
    first, second = MetricsCollector(gauge=gauge), MetricsCollector(gauge=gauge)
    turns = [_of_claude_agent(claude_sonnet_4_5=(100 * turn, 0.25 * turn)) for turn in (1, 2, 3)]
    first.record_from_result(turns[0], "coding", "implement")
    second.record_from_result(turns[1], "coding", "implement")
    for _ in range(2):
        first.record_from_result(turns[2], "coding", "implement")
    summary = stream_summary(gauge=gauge)
    assert (summary.total_events, summary.total_tokens, summary.total_cost) == (4, 300, 0.75)
    assert (first.get_summary().total_tokens, second.get_summary().total_tokens) == (200, 100)
    assert summary.unpriced_calls == 0


def test_a_result_of_no_model_that_used_nothing_is_a_task_alone(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(AgentResult(), "review", "check")
    (task,), (shown,) = events(home), collector.get_events()
    assert (task.kind, task.duration_ms) == ("task", None)
    assert (shown.model, shown.provider, shown.usage, shown.duration_ms) == ("n/a", "n/a", TokenUsage(), 0)


class _Broken:
    @property
    def usage(self) -> object:
        raise ValueError("no")

    model = provider = duration_ms = usage


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (object(), "unknown result"),
        (None, "unknown result"),
        ("text", "unknown result"),
        (SimpleNamespace(usage=None, model="m", provider="p", duration_ms=1), "unusable value"),
        (_Broken(), "unusable value"),
    ],
)
def test_a_result_that_cannot_be_read_is_counted(gauge: agentgauge.Gauge, home: Path, given: Any, reason: str) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(given, "review", "check")
    assert gauge.health().refused == {reason: 1}
    assert (events(home), collector.get_events()) == ([], [])
