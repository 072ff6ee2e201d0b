"""Results of agent SDKs, made by running them with models of their own for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import agents
import claude_agent_sdk
import pydantic_ai
import pytest
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RequestUsage

from agentgauge import Usage, usage

agents.set_tracing_disabled(True)


def read(result: object) -> usage.Reported:
    reported = usage.read(result)
    assert reported is not None
    return reported


def answering(model: str, provider: str, *counters: RequestUsage) -> FunctionModel:
    """A model that calls the tool `look` until its last answer, and states these counters."""
    left = list(counters)

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        counted = left.pop(0)
        part = ToolCallPart("look") if left else TextPart("done")
        return ModelResponse([part], usage=counted, provider_response_id=f"r{len(left)}")

    named = FunctionModel(answer, model_name=model)
    named._system = provider  # a FunctionModel's provider is its own name
    return named


def test_a_pydantic_ai_run_states_all_its_requests() -> None:
    model = answering(
        "claude-sonnet-4-5",
        "anthropic",
        RequestUsage(
            input_tokens=1000,
            output_tokens=50,
            cache_write_tokens=600,
            cache_write_1h_tokens=200,
            cache_read_tokens=300,
        ),
        RequestUsage(input_tokens=1100, output_tokens=70, cache_read_tokens=900, output_reasoning_tokens=40),
    )
    agent = pydantic_ai.Agent(model)

    @agent.tool_plain
    def look() -> str:
        return "nothing"

    result = asyncio.run(agent.run("hi"))
    reported = read(result)
    assert reported.usage == Usage(2100, 120, 1200, 400, 200, 40)
    assert (reported.model, reported.requests, reported.tool_calls) == ("claude-sonnet-4-5", 2, 1)
    assert (reported.response_id, reported.session_id) == ("r0", result.conversation_id)
    assert reported.shares == ()
    assert reported.cost_usd is None


def test_a_pydantic_ai_response_is_one_request() -> None:
    result = asyncio.run(pydantic_ai.Agent(TestModel()).run("hi"))
    reported = read(result.response)
    assert reported.usage == read(result).usage == Usage(51, 4)
    assert (reported.model, reported.provider, reported.requests) == ("test", "test", 1)
    assert read(result.usage).usage == Usage(51, 4)


def test_a_streamed_pydantic_ai_run_states_its_usage_when_it_has_ended() -> None:
    async def stream() -> usage.Reported:
        async with pydantic_ai.Agent(TestModel()).run_stream("hi") as streamed:
            async for _ in streamed.stream_text():
                pass
            return read(streamed)

    reported = asyncio.run(stream())
    assert reported.usage == Usage(51, 4)
    assert (reported.model, reported.requests) == ("test", 1)


def test_an_earlier_conversation_is_not_counted_again() -> None:
    agent = pydantic_ai.Agent(TestModel())

    async def twice() -> tuple[Any, Any]:
        earlier = await agent.run("hi")
        return earlier, await agent.run("and then?", message_history=earlier.all_messages())

    earlier, later = asyncio.run(twice())
    assert read(later).usage == Usage(later.usage.input_tokens, later.usage.output_tokens)
    assert (read(later).requests, read(later).shares) == (1, ())
    assert read(earlier).requests == 1


def test_what_a_pydantic_ai_run_paid_for_other_agents_is_a_share_without_a_model() -> None:
    inner = pydantic_ai.Agent(answering("gpt-5-mini", "openai", RequestUsage(input_tokens=40, output_tokens=4)))
    outer = pydantic_ai.Agent(
        answering(
            "claude-opus-4-8",
            "anthropic",
            RequestUsage(input_tokens=10, output_tokens=1),
            RequestUsage(input_tokens=20, output_tokens=2),
        )
    )

    @outer.tool
    async def look(context: pydantic_ai.RunContext[None]) -> str:
        return (await inner.run("look", usage=context.usage)).output

    reported = read(asyncio.run(outer.run("hi")))
    assert reported.usage == Usage(70, 7)
    assert (reported.model, reported.requests) == ("claude-opus-4-8", 3)
    assert [(share.model, share.usage, share.requests) for share in reported.shares] == [
        ("claude-opus-4-8", Usage(30, 3), 2),
        (None, Usage(40, 4), 1),
    ]


def test_models_that_take_turns_in_a_pydantic_ai_run_have_a_share_each() -> None:
    @dataclass
    class Result:
        """What a run with two models looks like, as far as it is read."""

        usage: RequestUsage
        messages: list[ModelResponse]

        def new_messages(self) -> list[ModelResponse]:
            return self.messages

    responses = [
        ModelResponse([], usage=RequestUsage(input_tokens=5, output_tokens=1), model_name="a", provider_name="x"),
        ModelResponse([], usage=RequestUsage(input_tokens=7, output_tokens=2), model_name="b", provider_name="y"),
    ]
    reported = read(Result(RequestUsage(input_tokens=12, output_tokens=3), responses))
    assert [(share.model, share.provider, share.usage) for share in reported.shares] == [
        ("a", "x", Usage(5, 1)),
        ("b", "y", Usage(7, 2)),
    ]
    assert (reported.model, reported.usage) == ("b", Usage(12, 3))


def test_the_usage_method_of_older_pydantic_ai_results() -> None:
    counters = SimpleNamespace(requests=2, request_tokens=100, response_tokens=20, details={"reasoning_tokens": 5})
    result = SimpleNamespace(usage=lambda: counters, new_messages=list, all_messages=list)
    reported = read(result)
    assert (reported.usage, reported.requests) == (Usage(100, 20, reasoning_tokens=5), 2)


class ScriptedModel(agents.Model):
    """Gives these outputs, one a turn, and states the same counters for each."""

    model = "gpt-5-nano"

    def __init__(self, *outputs: Any) -> None:
        self._outputs = list(outputs)

    async def get_response(self, *_: Any, **__: Any) -> agents.ModelResponse:
        counted = agents.Usage(
            requests=1,
            input_tokens=100,
            input_tokens_details=InputTokensDetails(cached_tokens=80, cache_write_tokens=5),
            output_tokens=30,
            output_tokens_details=OutputTokensDetails(reasoning_tokens=20),
            total_tokens=130,
        )
        return agents.ModelResponse(
            output=[self._outputs.pop(0)], usage=counted, response_id=f"resp_{len(self._outputs)}"
        )

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def said(text: str) -> ResponseOutputMessage:
    part = ResponseOutputText(annotations=[], text=text, type="output_text")
    return ResponseOutputMessage(id="m", content=[part], role="assistant", status="completed", type="message")


def called(tool: str) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(arguments="{}", call_id="c1", name=tool, type="function_call")


@agents.function_tool
def look() -> str:
    """Look."""
    return "nothing"


def test_a_run_of_the_openai_agents_sdk() -> None:
    agent = agents.Agent(name="scout", model=ScriptedModel(called("look"), said("done")), tools=[look])
    reported = read(asyncio.run(agents.Runner.run(agent, "hi")))
    assert reported.usage == Usage(200, 60, 160, 10, 0, 40)
    assert (reported.requests, reported.tool_calls, reported.agent) == (2, 1, "scout")
    assert (reported.model, reported.provider, reported.response_id) == ("gpt-5-nano", "openai", "resp_0")


def test_a_run_that_was_handed_over_names_a_model_only_where_both_agents_have_it() -> None:
    other = ScriptedModel(said("done"))
    other.model = "gpt-5"
    second = agents.Agent(name="second", model=other)
    first = agents.Agent(name="first", model=ScriptedModel(called("transfer_to_second")), handoffs=[second])
    reported = read(asyncio.run(agents.Runner.run(first, "hi")))
    assert (reported.model, reported.agent, reported.usage.input_tokens) == (None, "second", 200)


def test_an_agent_that_ran_as_a_tool_is_a_share_without_a_model() -> None:
    helper = agents.Agent(name="helper", model=ScriptedModel(said("found")))
    tool = helper.as_tool("ask_helper", "Ask.")
    call = called("ask_helper").model_copy(update={"arguments": '{"input": "look"}'})
    agent = agents.Agent(name="scout", model=ScriptedModel(call, said("done")), tools=[tool])
    reported = read(asyncio.run(agents.Runner.run(agent, "hi")))
    assert (reported.usage.input_tokens, reported.requests) == (300, 3)
    assert [(share.model, share.usage.input_tokens, share.requests) for share in reported.shares] == [
        ("gpt-5-nano", 200, 2),
        (None, 100, 1),
    ]


def test_an_agent_without_a_model_runs_on_its_sdks_default() -> None:
    """The run's own model stands in for the default one, which needs a network: what is read is what the agent says."""
    agent = agents.Agent(name="plain")
    config = agents.RunConfig(model=ScriptedModel(said("done")))
    reported = read(asyncio.run(agents.Runner.run(agent, "hi", run_config=config)))
    assert reported.model == agents.models.get_default_model()


def result_message(**fields: Any) -> Any:
    """A `ResultMessage`; newer versions have fields that the installed one does not."""
    known = {
        "subtype": "success",
        "duration_ms": 4200,
        "duration_api_ms": 4000,
        "is_error": False,
        "num_turns": 3,
        "session_id": "s-1",
        "total_cost_usd": 0.0421,
        "usage": {
            "input_tokens": 12,
            "cache_creation_input_tokens": 500,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 500},
            "cache_read_input_tokens": 20_000,
            "output_tokens": 700,
            "service_tier": "standard",
            "server_tool_use": {"web_search_requests": 1},
        },
    }
    newer = {name: fields.pop(name) for name in ("model_usage", "uuid") if name in fields}
    message = claude_agent_sdk.ResultMessage(**{**known, **fields})
    message.__dict__.update(newer)
    return message


def test_the_result_message_of_the_claude_agent_sdk() -> None:
    reported = read(result_message())
    assert reported.usage == Usage(20_512, 700, 20_000, 0, 500)
    assert (reported.cost_usd, reported.provider, reported.model) == (Decimal("0.0421"), "anthropic", None)
    assert (reported.duration_ms, reported.session_id, reported.requests) == (4200.0, "s-1", 3)
    assert (reported.web_searches, reported.is_error, reported.error_type) == (1, False, None)


def test_a_result_message_without_usage_still_states_its_cost() -> None:
    reported = read(result_message(usage=None, is_error=True, subtype="error_max_turns"))
    assert (reported.usage, reported.cost_usd) == (Usage(), Decimal("0.0421"))
    assert (reported.is_error, reported.error_type) == (True, "error_max_turns")


MODEL_USAGE = {
    "claude-opus-4-8": {
        "inputTokens": 12,
        "outputTokens": 900,
        "cacheReadInputTokens": 20_000,
        "cacheCreationInputTokens": 500,
        "webSearchRequests": 1,
        "costUSD": 0.04,
        "contextWindow": 200_000,
    },
    "claude-haiku-4-5": {
        "inputTokens": 300,
        "outputTokens": 20,
        "cacheReadInputTokens": 0,
        "cacheCreationInputTokens": 0,
        "webSearchRequests": 0,
        "costUSD": 0.0021,
        "contextWindow": 200_000,
    },
}


@pytest.mark.parametrize(
    "made",
    [
        lambda: result_message(model_usage=MODEL_USAGE, uuid="u-1"),
        lambda: {
            **vars(result_message()),
            "type": "result",
            "modelUsage": MODEL_USAGE,
            "uuid": "u-1",
        },
    ],
    ids=["ResultMessage", "JSON output"],
)
def test_newer_results_of_claude_code_say_what_each_model_used_and_cost(made: Callable[[], object]) -> None:
    reported = read(made())
    assert reported.usage == Usage(20_812, 920, 20_000, 500)
    assert (reported.cost_usd, reported.model, reported.response_id) == (Decimal("0.0421"), "claude-opus-4-8", "u-1")
    assert [(share.model, share.usage.input_tokens, share.cost_usd, share.requests) for share in reported.shares] == [
        ("claude-opus-4-8", 20_512, Decimal("0.04"), 2),
        ("claude-haiku-4-5", 300, Decimal("0.0021"), 1),
    ]
    assert reported.web_searches == 1


def test_models_without_counters_leave_the_result_as_it_is() -> None:
    reported = read(result_message(model_usage={"claude-opus-4-8": {}}))
    assert (reported.usage.output_tokens, reported.cost_usd) == (700, Decimal("0.0421"))


def test_costs_by_model_add_up_where_no_total_is_stated() -> None:
    assert read(result_message(model_usage=MODEL_USAGE, total_cost_usd=None)).cost_usd == Decimal("0.0421")


def test_messages_inside_a_claude_agent_run_are_left_to_its_result() -> None:
    message = claude_agent_sdk.AssistantMessage(content=[], model="claude-opus-4-8")
    assert usage.read(message) is None
    message.__dict__["usage"] = {"input_tokens": 3, "cache_read_input_tokens": 0, "output_tokens": 1}
    assert usage.read(message) is None
