"""The one question of this room: what does this result say that was used?

A result is known by the fields that it has, whatever class it is of, so that no SDK is imported, an SDK's next version
is read as its last, and so are raw JSON, subclasses and stand-ins. What fields a class declares is looked at once per
class. Costs a few microseconds; nothing is dumped or validated on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from agentgauge.interruption import is_interruption
from agentgauge.usage.agent_runs import read_claude_agent, read_openai_agents, read_pydantic_ai
from agentgauge.usage.bodies import read_body
from agentgauge.usage.langchain import read_llm_result, read_message, read_messages, read_state
from agentgauge.usage.litellm import read_litellm
from agentgauge.usage.reported import Reported

Reader = Callable[[object], Reported | None]
_CLASSES_KEPT = 512
_known: dict[type, Reader | None] = {}
_DECLARATIONS = ("__dataclass_fields__", "__pydantic_fields__", "__private_attributes__", "__struct_fields__")


def read(result: object) -> Reported | None:
    """What `result` says that was used, or None where its shape is unknown. Never raises.

    Takes what pydantic-ai, the OpenAI Agents SDK, the Claude Agent SDK, LangChain, LiteLLM and the clients of OpenAI,
    Anthropic, Google, AWS Bedrock, Cohere and others return, and the decoded JSON of their APIs.
    """
    try:
        if isinstance(result, list | tuple):
            return read_messages(list(result))
        return _reader_of(result)(result)
    except Exception as error:  # code of somebody's class ran; what it kept from us is unknown
        if is_interruption(error):
            raise
        return None


def _nothing(_: object) -> None:
    return None


_SHAPES: tuple[tuple[str, str, Reader], ...] = (
    ("usage", "new_messages", read_pydantic_ai),
    ("context_wrapper", "raw_responses", read_openai_agents),
    ("session_id", "total_cost_usd", read_claude_agent),
    ("response_metadata", "tool_calls", read_message),
    ("generations", "llm_output", read_llm_result),
    ("content", "parent_tool_use_id", _nothing),  # a message inside a Claude Agent SDK run, whose result has the whole
    ("_hidden_params", "_hidden_params", read_litellm),
)
"""What has both names of a line is read by its function; what matches none is an answer of an API, if anything."""


def _reader_of(result: object) -> Reader:
    if isinstance(result, Mapping):
        return read_state if "messages" in result and "usage" not in result else _by_names(result)
    reader = _by_class(type(result))
    if reader is None:
        own = getattr(result, "__dict__", ())
        reader = _by_names({*dir(type(result)), *own})
    return reader


def _by_names(names: Collection[str]) -> Reader:
    for one, other, reader in _SHAPES:
        if one in names and other in names:
            return reader
    return read_body


def _by_class(of: type) -> Reader | None:
    """None where the class declares no fields: each object may have others."""
    if of not in _known:
        declared = [getattr(of, name, ()) for name in _DECLARATIONS]
        if len(_known) >= _CLASSES_KEPT:
            _known.clear()
        _known[of] = _by_names(set(dir(of)).union(*declared)) if any(declared) else None
    return _known.get(of)
