"""The one question of this room: what does this result say that was used?

A result is known by the fields that it has, whatever class it is of, so that no SDK is imported, an SDK's next version
is read as its last, and so are raw JSON, subclasses and stand-ins. Costs a few microseconds; nothing is dumped or
validated on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agentgauge.usage.agent_runs import read_claude_agent, read_openai_agents, read_pydantic_ai
from agentgauge.usage.bodies import read_body
from agentgauge.usage.fields import has
from agentgauge.usage.langchain import read_llm_result, read_message, read_messages, read_state
from agentgauge.usage.reported import Reported

_SHAPES: tuple[tuple[tuple[str, ...], Callable[[object], Reported | None]], ...] = (
    (("usage", "new_messages"), read_pydantic_ai),
    (("context_wrapper", "raw_responses"), read_openai_agents),
    (("total_cost_usd", "session_id"), read_claude_agent),
    (("response_metadata", "type"), read_message),
    (("generations",), read_llm_result),
    (("messages",), read_state),
    (("parent_tool_use_id",), lambda _: None),  # a message inside a Claude Agent SDK run: its result has the whole
)
"""A result that has all the names of a line is read by its function; what matches none is an answer of an API."""


def read(result: object) -> Reported | None:
    """What `result` says that was used, or None where its shape is unknown. Never raises.

    Takes what pydantic-ai, the OpenAI Agents SDK, the Claude Agent SDK, LangChain, LiteLLM and the clients of OpenAI,
    Anthropic, Google, AWS Bedrock, Cohere and others return, and the decoded JSON of their APIs.
    """
    try:
        if isinstance(result, list | tuple):
            return read_messages(list(result))
        if result is None or isinstance(result, str | bytes | int | float):
            return None
        for names, reader in _SHAPES:
            if all(has(result, name) for name in names):
                return reader(result)
        return read_body(dict(result) if isinstance(result, Mapping) else result)
    except Exception:  # noqa: BLE001 - code of somebody's class ran; what it kept from us is unknown
        return None
