"""pydantic-ai behind document 003's provider, with pydantic-ai's own models for tests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RequestUsage

import agentgauge
from agentgauge.integrations.providers import AgentProvider, PydanticAIProvider
from agentgauge.sessions import AgentResult, MetricsCollector
from tests.loops import a_loop


@pytest.fixture(autouse=True)
def _own_loop() -> Iterator[None]:
    with a_loop():
        yield


def ask(provider: AgentProvider) -> AgentResult:
    return provider.invoke(prompt="Explain authentication flow", agent_name="interview")


def test_an_invocation_returns_the_answer_and_what_it_used() -> None:
    result = ask(PydanticAIProvider(TestModel(custom_output_text="It is a flow.")))
    assert result.output == "It is a flow."
    assert (result.usage.input_tokens, result.usage.output_tokens) == (53, 5)
    assert (result.model, result.provider, result.agent_name) == ("test", "test", "interview")
    assert result.requests == 1
    assert result.duration_ms is not None
    assert result.duration_ms > 0
    assert result.usage.cost_usd is None


def test_the_agent_has_the_name_and_the_options_that_were_given() -> None:
    seen: list[str | None] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append(info.instructions)
        counted = RequestUsage(input_tokens=900, output_tokens=30, cache_read_tokens=800, cache_write_tokens=50)
        return ModelResponse([TextPart("yes")], usage=counted, provider_response_id="r-1")

    result = ask(PydanticAIProvider(FunctionModel(answer, model_name="scripted"), instructions="Be short."))
    assert seen == ["Be short."]
    assert (result.usage.cache_read_tokens, result.usage.cache_write_5m_tokens) == (800, 50)
    assert (result.model, result.response_id) == ("scripted", "r-1")


def test_tools_that_the_agent_calls_are_part_of_one_invocation() -> None:
    def look() -> str:
        return "nothing"

    result = ask(PydanticAIProvider(TestModel(), tools=[look]))
    assert result.requests == 2


def test_an_agent_that_another_one_asked_is_not_priced_as_the_other_ones_model(tmp_path: Path) -> None:
    """Which model the asked one ran on the result does not say."""

    async def ask_another(ctx: RunContext[None]) -> str:
        asked = Agent(TestModel(call_tools=[], custom_output_text="yes"))
        return (await asked.run("Is it so?", usage=ctx.usage)).output

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        counted = RequestUsage(input_tokens=1_000_000)
        part = TextPart("yes") if len(messages) > 2 else ToolCallPart("ask_another", {})
        return ModelResponse([part], usage=counted)

    result = ask(PydanticAIProvider(FunctionModel(answer, model_name="gpt-4o"), tools=[ask_another]))
    assert sorted(str(share.model) for share in result.shares) == ["None", "gpt-4o"]
    with agentgauge.open(tmp_path) as gauge:
        collector = MetricsCollector(gauge=gauge)
        collector.record_from_result(result, "interview", "ask")
        summary = collector.get_summary()
    assert (summary.total_tokens, summary.total_cost) == (result.usage.total_tokens, 5.0)
    assert summary.unpriced_calls == 1


def test_what_fails_raises_its_own_exception() -> None:
    failure = ConnectionError("no route")

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise failure

    with pytest.raises(ConnectionError) as raised:
        ask(PydanticAIProvider(FunctionModel(answer)))
    assert raised.value is failure


def test_an_invocation_inside_a_running_loop_has_a_thread_of_its_own() -> None:
    provider = PydanticAIProvider(TestModel())

    def in_a_thread() -> AgentResult:
        with a_loop():
            return ask(provider)

    async def inside() -> list[AgentResult]:
        results = [ask(provider), ask(provider)]
        return [*results, await asyncio.to_thread(in_a_thread)]

    assert [result.usage.input_tokens for result in asyncio.run(inside())] == [53, 53, 53]


def test_a_failure_inside_a_running_loop_is_the_same() -> None:
    def fails() -> str:
        raise ModelRetry("again")

    async def inside() -> None:
        ask(PydanticAIProvider(TestModel(), tools=[fails]))

    with pytest.raises(Exception, match="exceeded max retries"):
        asyncio.run(inside())


@pytest.mark.parametrize(
    ("given", "known_as"),
    [
        ("claude-sonnet-4-5", "anthropic:claude-sonnet-4-5"),
        ("gpt-5-mini", "openai:gpt-5-mini"),
        ("o3", "openai:o3"),
        ("gemini-2.5-pro", "google:gemini-2.5-pro"),
        ("grok-4", "xai:grok-4"),
        ("mistral-large-latest", "mistral:mistral-large-latest"),
        ("deepseek-chat", "deepseek:deepseek-chat"),
        ("command-r7b-12-2024", "cohere:command-r7b-12-2024"),
        ("bedrock:anthropic.claude-opus-4-8", "bedrock:anthropic.claude-opus-4-8"),
        ("test", "test"),
    ],
)
def test_a_model_is_known_by_its_makers_names_for_models(given: str, known_as: str) -> None:
    assert PydanticAIProvider(given).model == known_as


def test_a_name_that_pydantic_ai_does_not_know_is_its_own_error() -> None:
    with pytest.raises(UserError, match="Unknown model"):
        ask(PydanticAIProvider("our-own-model"))


def test_without_pydantic_ai_it_says_what_to_install() -> None:
    program = (
        "import sys, importlib.util as util; find = util.find_spec;"
        "util.find_spec = lambda name, *rest: None if name == 'pydantic_ai' else find(name, *rest);"
        "from agentgauge.integrations.providers import PydanticAIProvider;"
        "PydanticAIProvider('claude-sonnet-4-5')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ImportError: PydanticAIProvider needs pydantic-ai" in ended.stderr
    assert "pip install 'pydantic-ai-slim[anthropic]'" in ended.stderr


def test_pydantic_ai_is_imported_by_the_first_invocation_only() -> None:
    program = (
        "import sys; from agentgauge.integrations.providers import PydanticAIProvider;"
        "PydanticAIProvider('claude-sonnet-4-5'); print('pydantic_ai' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
