"""LiteLLM's answers, those of its own mock among them."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or importing it asks the network
litellm = pytest.importorskip("litellm")

from agentgauge import Usage, usage  # noqa: E402 - after the variable that LiteLLM reads at its import

pytestmark = pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning")  # of pydantic, at LiteLLM


def read(result: object) -> usage.Reported:
    reported = usage.read(result)
    assert reported is not None
    return reported


def test_a_completion_states_provider_cost_and_time() -> None:
    answer = litellm.completion(
        model="anthropic/claude-sonnet-4-5", messages=[{"role": "user", "content": "hi"}], mock_response="hello"
    )
    reported = read(answer)
    assert reported.usage == Usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    assert (reported.model, reported.provider) == (answer.model, "anthropic")
    assert reported.cost_usd == Decimal(repr(answer._hidden_params["response_cost"]))
    assert reported.cost_usd > 0
    assert reported.duration_ms == answer._hidden_params["_response_ms"]
    assert (reported.tool_calls, reported.response_id) == (0, answer.id)


def test_anthropics_cache_in_litellms_words() -> None:
    counters = litellm.Usage(
        prompt_tokens=10_074,
        completion_tokens=20,
        total_tokens=10_094,
        cache_creation_input_tokens=74,
        cache_read_input_tokens=9_000,
        prompt_tokens_details={
            "cached_tokens": 9_000,
            "cache_creation_tokens": 74,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 24},
        },
        completion_tokens_details={"reasoning_tokens": 12},
    )
    answer = litellm.ModelResponse(model="claude-sonnet-4-5", usage=counters)
    reported = read(answer)
    assert reported.usage == Usage(10_074, 20, 9_000, 50, 24, 12)
    assert (reported.cost_usd, reported.provider) == (None, "anthropic")
    assert read(answer.model_dump()).usage == reported.usage


def test_embeddings_have_provider_and_cost_too() -> None:
    answer = litellm.EmbeddingResponse(
        model="text-embedding-3-small", usage=litellm.Usage(prompt_tokens=4, total_tokens=4)
    )
    answer._hidden_params = {"custom_llm_provider": "azure", "response_cost": 8e-08}
    reported = read(answer)
    assert (reported.usage, reported.provider, reported.cost_usd) == (Usage(4), "azure", Decimal("8E-8"))


def test_responses_through_litellm() -> None:
    answer = litellm.responses(model="openai/gpt-5", input="hi", mock_response="hello")
    reported = read(answer)
    assert reported.usage.input_tokens == answer.usage.input_tokens > 0
    assert reported.provider == "openai"
