"""Answers of APIs, as decoded JSON and as objects of no particular class."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest

from agentgauge import Usage, usage


def read(result: object) -> usage.Reported:
    reported = usage.read(result)
    assert reported is not None
    return reported


def chat(counters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "model": "gpt-5", "choices": [], "usage": counters, **fields}


def test_the_input_of_an_anthropic_message_includes_its_cache() -> None:
    reported = read(
        {
            "id": "msg_1",
            "type": "message",
            "model": "claude-sonnet-4-5-20250929",
            "content": [{"type": "text"}, {"type": "tool_use"}, {"type": "server_tool_use"}],
            "usage": {
                "input_tokens": 10,
                "cache_creation_input_tokens": 700,
                "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 200},
                "cache_read_input_tokens": 9000,
                "output_tokens": 50,
                "output_tokens_details": {"thinking_tokens": 30},
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
                "service_tier": "priority",
            },
        }
    )
    assert reported.usage == Usage(9710, 50, 9000, 500, 200, 30)
    assert (reported.model, reported.provider) == ("claude-sonnet-4-5-20250929", "anthropic")
    assert (reported.tier, reported.response_id, reported.tool_calls) == ("priority", "msg_1", 1)
    assert reported.web_searches == 2


def test_a_cache_write_of_no_stated_lifetime_is_for_five_minutes() -> None:
    older = {"input_tokens": 1, "cache_creation_input_tokens": 40, "cache_read_input_tokens": 0, "output_tokens": 1}
    assert read({"usage": older}).usage == Usage(41, 1, 0, 40)


def test_fast_mode_is_the_tier_that_is_billed() -> None:
    counters = {"input_tokens": 1, "cache_read_input_tokens": 0, "output_tokens": 1, "service_tier": "standard"}
    assert read({"usage": {**counters, "speed": "fast"}}).tier == "fast"


def test_an_advisor_of_another_model_is_a_share_of_its_own() -> None:
    own = {"input_tokens": 1128, "output_tokens": 110, "cache_read_input_tokens": 0, "type": "message"}
    advisor = {
        "input_tokens": 2518,
        "output_tokens": 22,
        "cache_read_input_tokens": 0,
        "type": "advisor_message",
        "model": "claude-opus-4-8",
    }
    compaction = {"input_tokens": 100, "output_tokens": 9, "cache_read_input_tokens": 0, "type": "compaction"}
    counters = {"input_tokens": 1128, "output_tokens": 110, "cache_read_input_tokens": 0}
    reported = read({"model": "claude-sonnet-5", "usage": {**counters, "iterations": [own, advisor, compaction]}})
    assert reported.usage == Usage(1128 + 2518 + 100, 110 + 22 + 9)
    assert [(share.model, share.usage.input_tokens, share.requests) for share in reported.shares] == [
        ("claude-sonnet-5", 1228, 2),
        ("claude-opus-4-8", 2518, 1),
    ]
    assert reported.requests == 3


def test_iterations_that_the_total_has_already_are_not_added() -> None:
    entry = {"input_tokens": 136, "output_tokens": 16, "cache_read_input_tokens": 0, "type": "message"}
    reported = read({"usage": {**entry, "iterations": [entry]}})
    assert (reported.usage, reported.shares) == (Usage(136, 16), ())


def test_reasoning_that_xai_counts_beside_the_completion_is_added() -> None:
    counters = {
        "prompt_tokens": 32,
        "completion_tokens": 9,
        "total_tokens": 135,
        "completion_tokens_details": {"reasoning_tokens": 94},
        "cost_in_usd_ticks": 232856000,
    }
    reported = read(chat(counters, model="grok-4"))
    assert reported.usage == Usage(32, 103, reasoning_tokens=94)
    assert (reported.provider, reported.cost_usd) == ("x-ai", Decimal("0.0232856"))


def test_reasoning_within_the_completion_is_not_added() -> None:
    counters = {
        "prompt_tokens": 687,
        "completion_tokens": 240,
        "total_tokens": 927,
        "completion_tokens_details": {"reasoning_tokens": 165},
    }
    assert read(chat(counters, model="x-ai/grok-4")).usage == Usage(687, 240, reasoning_tokens=165)


@pytest.mark.parametrize(
    "counters",
    [
        {"prompt_tokens_details": {"cached_tokens": 512}},
        {"prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 51},
        {"cached_tokens": 512},
    ],
    ids=["OpenAI", "DeepSeek", "Moonshot"],
)
def test_cached_tokens_of_chats_are_found_where_each_provider_states_them(counters: dict[str, Any]) -> None:
    assert read(chat({"prompt_tokens": 563, "completion_tokens": 5, **counters})).usage == Usage(563, 5, 512)


def test_parts_that_exceed_their_total_were_not_in_it() -> None:
    counters = {"prompt_tokens": 14, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 900}}
    assert read(chat(counters)).usage == Usage(914, 2, 900)
    thinking = {"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 317}}
    assert read(chat(thinking)).usage == Usage(5, 319, reasoning_tokens=317)


def test_openrouter_states_what_it_bills_and_with_an_own_key_the_provider_bills_the_rest() -> None:
    counters = {"prompt_tokens": 14, "completion_tokens": 4, "cost": 0.000102, "cost_details": {}}
    reported = read(chat(counters, model="anthropic/claude-4.5-sonnet"))
    assert (reported.provider, reported.cost_usd) == ("openrouter", Decimal("0.000102"))
    own_key = {**counters, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.002}}
    assert read(chat(own_key)).cost_usd == Decimal("0.002102")


def test_perplexity_states_its_cost_in_parts() -> None:
    counters = {"prompt_tokens": 1, "completion_tokens": 1, "cost": {"request_cost": 0.005, "total_cost": 0.006}}
    assert read(chat(counters, model="sonar")).cost_usd == Decimal("0.006")


def test_a_model_of_open_weights_does_not_tell_who_serves_it() -> None:
    counters = {"prompt_tokens": 1, "completion_tokens": 1}
    assert read(chat(counters, model="gpt-oss-120b")).provider is None
    assert read(chat(counters, model="meta-llama/llama-4-scout")).provider is None
    assert read(chat(counters, model="DeepSeek-R1")).provider is None
    of_groq = read(chat({**counters, "queue_time": 0.1, "total_time": 0.25}, model="gpt-oss-120b"))
    assert (of_groq.provider, of_groq.duration_ms) == ("groq", 250.0)


def test_a_failed_response_is_an_error_with_its_usage() -> None:
    reported = read(
        {
            "id": "resp_1",
            "model": "gpt-5",
            "status": "failed",
            "error": {"code": "server_error", "message": "..."},
            "output": [{"type": "function_call"}],
            "usage": {"input_tokens": 3, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 2}},
        }
    )
    assert (reported.is_error, reported.error_type, reported.tool_calls) == (True, "server_error", 1)
    assert reported.usage == Usage(3, 1, 2)


GEMINI = {
    "promptTokenCount": 17,
    "toolUsePromptTokenCount": 119,
    "candidatesTokenCount": 201,
    "thoughtsTokenCount": 213,
    "cachedContentTokenCount": 8,
    "totalTokenCount": 550,
    "trafficType": "ON_DEMAND_PRIORITY",
}


def test_gemini_counts_thoughts_and_tool_prompts_beside_its_totals() -> None:
    reported = read({"modelVersion": "gemini-2.5-pro", "responseId": "r1", "usageMetadata": GEMINI})
    assert reported.usage == Usage(136, 414, 8, reasoning_tokens=213)
    assert (reported.provider, reported.tier, reported.response_id) == ("google", "priority", "r1")


def test_gemini_objects_are_read_as_its_json() -> None:
    names = {
        "promptTokenCount": "prompt_token_count",
        "toolUsePromptTokenCount": "tool_use_prompt_token_count",
        "candidatesTokenCount": "candidates_token_count",
        "thoughtsTokenCount": "thoughts_token_count",
        "cachedContentTokenCount": "cached_content_token_count",
        "totalTokenCount": "total_token_count",
    }
    counters = SimpleNamespace(**{name: GEMINI[key] for key, name in names.items()})
    answer = SimpleNamespace(model_version="gemini-2.5-pro", response_id="r1", usage_metadata=counters)
    assert read(answer).usage == Usage(136, 414, 8, reasoning_tokens=213)


def test_bedrock_counts_its_cache_beside_the_input() -> None:
    reported = read(
        {
            "usage": {
                "inputTokens": 3,
                "outputTokens": 288,
                "cacheReadInputTokens": 50,
                "cacheWriteInputTokens": 2074,
                "cacheDetails": [{"inputTokens": 2000, "ttl": "1h"}, {"inputTokens": 74, "ttl": "5m"}],
            },
            "metrics": {"latencyMs": 1200},
            "serviceTier": {"type": "flex"},
            "ResponseMetadata": {"RequestId": "req-1"},
        }
    )
    assert reported.usage == Usage(2127, 288, 50, 74, 2000)
    assert (reported.provider, reported.model, reported.tier) == ("aws", None, "flex")
    assert (reported.duration_ms, reported.response_id) == (1200.0, "req-1")


def test_cohere_is_read_as_billed() -> None:
    counters = {
        "billed_units": {"input_tokens": 2406, "output_tokens": 2},
        "tokens": {"input_tokens": 2935, "output_tokens": 4},
        "cached_tokens": 2928,
    }
    assert read({"usage": counters}).usage == Usage(2406, 2)
    assert read({"meta": {"billed_units": {"input_tokens": 4}}}).usage == Usage(4)


def test_ollama_states_counters_and_nanoseconds_at_the_top() -> None:
    reported = read({"model": "llama3.2", "prompt_eval_count": 26, "eval_count": 298, "total_duration": 5_191_566_416})
    assert (reported.usage, reported.provider) == (Usage(26, 298), "ollama")
    assert reported.duration_ms == pytest.approx(5191.566416)


@pytest.mark.parametrize(
    ("stated", "tier"),
    [("default", "standard"), ("flex", "flex"), ("on_demand", "standard"), ("scale", None), ("", None)],
)
def test_service_tiers_are_named_in_the_events_words(stated: str, tier: str | None) -> None:
    counters = {"prompt_tokens": 1, "completion_tokens": 1}
    assert read(chat(counters, service_tier=stated)).tier == tier


def test_a_tier_may_be_an_enum() -> None:
    class Traffic(Enum):
        ON_DEMAND_FLEX = "ON_DEMAND_FLEX"

    counters = SimpleNamespace(prompt_token_count=1, candidates_token_count=1, traffic_type=Traffic.ON_DEMAND_FLEX)
    assert read(SimpleNamespace(usage_metadata=counters)).tier == "flex"


def test_a_block_of_counters_alone_is_read_too() -> None:
    assert read({"prompt_tokens": 5, "completion_tokens": 6}).usage == Usage(5, 6)
    assert read(Usage(10, 5, 3, 2, 1, 4)).usage == Usage(10, 5, 3, 2, 1, 4)


def test_an_answer_without_counters_is_not_known() -> None:
    assert usage.read({"error": {"message": "overloaded"}}) is None
    assert usage.read({"id": "x", "usage": None}) is None
    assert usage.read({"usage": {}}) is None
    assert usage.read({"details": "none", "message": "not found"}) is None
