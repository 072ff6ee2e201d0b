"""LangChain's messages and what contains them."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from agentgauge import Usage, usage


def read(result: object) -> usage.Reported:
    reported = usage.read(result)
    assert reported is not None
    return reported


def answer(tokens: int = 100, model: str = "gpt-5-2025-08-07", **fields: Any) -> AIMessage:
    counters = {"input_tokens": tokens, "output_tokens": 20, "total_tokens": tokens + 20}
    about = {"model_name": model, "model_provider": "openai", "service_tier": "default", "id": "chatcmpl-1"}
    return AIMessage("hi", usage_metadata=fields.pop("usage_metadata", counters), response_metadata=about, **fields)


def test_a_message_of_a_chat_model() -> None:
    counters = {
        "input_tokens": 1200,
        "output_tokens": 90,
        "total_tokens": 1290,
        "input_token_details": {
            "cache_read": 1000,
            "cache_creation": 0,
            "ephemeral_5m_input_tokens": 60,
            "ephemeral_1h_input_tokens": 40,
        },
        "output_token_details": {"reasoning": 64},
    }
    call = {"name": "look", "args": {}, "id": "c1"}
    reported = read(answer(usage_metadata=counters, tool_calls=[call], name="scout"))
    assert reported.usage == Usage(1200, 90, 1000, 60, 40, 64)
    assert (reported.model, reported.provider, reported.tier) == ("gpt-5-2025-08-07", "openai", "standard")
    assert (reported.response_id, reported.agent, reported.tool_calls) == ("chatcmpl-1", "scout", 1)


def test_parts_of_another_service_tier_are_parts_of_the_total() -> None:
    counters = {
        "input_tokens": 500,
        "output_tokens": 90,
        "total_tokens": 590,
        "input_token_details": {"priority": 400, "priority_cache_read": 100},
        "output_token_details": {"priority_reasoning": 64, "priority": 26},
    }
    assert read(answer(usage_metadata=counters)).usage == Usage(500, 90, 100, reasoning_tokens=64)


def test_a_message_without_usage_metadata_may_have_it_from_its_provider() -> None:
    about = {"model_name": "mistral-large-4", "token_usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    reported = read(AIMessage("hi", response_metadata=about))
    assert (reported.usage, reported.model, reported.provider) == (Usage(7, 3), "mistral-large-4", "mistral")
    assert usage.read(AIMessage("hi")) is None


def test_streamed_chunks_added_up_are_one_answer() -> None:
    chunks = [
        AIMessageChunk("h", usage_metadata={"input_tokens": 10, "output_tokens": 0, "total_tokens": 10}),
        AIMessageChunk("i", usage_metadata={"input_tokens": 0, "output_tokens": 2, "total_tokens": 2}),
    ]
    assert read(chunks[0] + chunks[1]).usage == Usage(10, 2)


def test_a_list_of_messages_is_all_its_answers() -> None:
    reported = read([HumanMessage("hi"), answer(100), ToolMessage("42", tool_call_id="c1"), answer(150)])
    assert reported.usage == Usage(250, 40)
    assert (reported.requests, reported.shares) == (2, ())
    assert usage.read([HumanMessage("hi")]) is None


def test_answers_of_several_models_have_a_share_each() -> None:
    reported = read([answer(100), answer(150, model="gpt-5-mini"), answer(30)])
    assert [(share.model, share.usage.input_tokens, share.requests) for share in reported.shares] == [
        ("gpt-5-2025-08-07", 130, 2),
        ("gpt-5-mini", 150, 1),
    ]


def test_the_state_of_an_agent_is_its_last_turn() -> None:
    state = {"messages": [HumanMessage("hi"), answer(100), HumanMessage("and?"), answer(150), answer(160)]}
    assert read(state).usage == Usage(310, 40)
    assert read({"messages": [answer(5)]}).usage == Usage(5, 20)


def test_an_llm_result_counts_each_prompt_once_whatever_its_candidates() -> None:
    model = FakeMessagesListChatModel(responses=[answer(100), answer(100)])
    assert read(model.generate([[HumanMessage("a")], [HumanMessage("b")]])).usage == Usage(200, 40)
    candidates = [ChatGeneration(message=answer(100)), ChatGeneration(message=answer(100))]
    assert read(LLMResult(generations=[candidates])).usage == Usage(100, 20)


def test_an_llm_result_without_messages_has_its_usage_from_the_provider() -> None:
    stated = {"token_usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, "model_name": "gpt-4o"}
    reported = read(LLMResult(generations=[[Generation(text="x")]], llm_output=stated))
    assert (reported.usage, reported.model, reported.provider) == (Usage(9, 4), "gpt-4o", "openai")
    assert usage.read(LLMResult(generations=[[Generation(text="x")]])) is None
