"""Invoking a model for an agent, with what it used measured on the way: document 003's `PydanticAIProvider`.

pydantic-ai is asked for when a provider is made and imported when it is first invoked. What a failing invocation
raises is pydantic-ai's own exception.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib.util
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from agentgauge import usage
from agentgauge.events import Usage
from agentgauge.sessions.models import NOT_APPLICABLE, AgentResult, TokenUsage
from agentgauge.usage import Reported
from agentgauge.usage.vendors import vendor_of

if TYPE_CHECKING:
    from pydantic_ai import Agent
    from pydantic_ai.models import Model

_PREFIXES = {"x-ai": "xai"}
"""Where pydantic-ai's word for a maker of models is not genai-prices'."""


class AgentProvider(Protocol):
    """What can be asked for an agent's answer."""

    def invoke(self, prompt: str, agent_name: str) -> AgentResult:
        """The answer to `prompt`, with what it used. Raises what went wrong."""
        ...


class PydanticAIProvider:
    """Runs a pydantic-ai agent for each invocation.

    `model` is a name, `claude-sonnet-4-5` or pydantic-ai's `anthropic:claude-sonnet-4-5`, or a pydantic-ai `Model`. A
    name without a provider is completed where it begins as the models of one maker do. `options` go to every
    `pydantic_ai.Agent` that is made: `instructions`, `tools`, `output_type`, `model_settings`, ...

    Raises `ImportError` where pydantic-ai is not installed.
    """

    def __init__(self, model: str | Model, **options: Any) -> None:
        if importlib.util.find_spec("pydantic_ai") is None:
            raise ImportError(
                "PydanticAIProvider needs pydantic-ai, which is not installed: "
                "pip install 'pydantic-ai-slim[anthropic]', or another provider's name between the brackets"
            )
        self.model = _qualified(model) if isinstance(model, str) else model
        self._options = options

    def invoke(self, prompt: str, agent_name: str) -> AgentResult:
        """Run an agent of that name on `prompt`. `duration_ms` is the time of the run, tools included.

        Called where an event loop is running, it runs the agent in a thread of its own and the loop waits: from a
        coroutine, `await asyncio.to_thread(provider.invoke, ...)` leaves the loop free.
        """
        from pydantic_ai import Agent

        agent = Agent(self.model, name=agent_name, **self._options)
        begun = time.perf_counter()
        result = _run(agent, prompt)
        duration_ms = (time.perf_counter() - begun) * 1000
        reported = usage.read(result) or Reported(usage=Usage())  # the answer is worth more than its count
        return AgentResult(
            output=result.output,
            usage=TokenUsage.of(reported.usage),
            model=reported.model or NOT_APPLICABLE,
            provider=reported.provider or NOT_APPLICABLE,
            duration_ms=duration_ms,
            agent_name=agent_name,
            requests=reported.requests,
            response_id=reported.response_id,
            shares=reported.shares,
        )


def _qualified(model: str) -> str:
    vendor = None if ":" in model else vendor_of(model)
    return model if vendor is None else f"{_PREFIXES.get(vendor, vendor)}:{model}"


def _run(agent: Agent[Any, Any], prompt: str) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return agent.run_sync(prompt)
    with ThreadPoolExecutor(1) as thread:  # a running loop cannot run another; the scope goes along
        return thread.submit(contextvars.copy_context().run, asyncio.run, agent.run(prompt)).result()
